"""Choose colours that go together: clothes, accents, and walls behind them."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.generators.heads.worn.part import constant, pick

Floats = NDArray[np.float64]

MASCULINE = (
    "23282f", "3a4350", "8f9398", "e6e3dc", "1d2b4a", "34507d", "6f93b8", "b7cbd8", "2f4a3c",
    "66735a", "1f5d66", "6b2433", "a5442f", "b98a3c", "a98258", "5a4236", "f0eee9", "2a64a8",
)  # fmt: skip
FEMININE = (
    "f1eee8", "2a2a31", "9c8fb0", "d99a8c", "e9c6bd", "b23a4e", "6e2138", "c96f45", "dba93f",
    "8fa58a", "2f7f76", "1d5a66", "a9c6dc", "4a73a8", "27355c", "5e3a5c", "cdbba0", "c65b78",
)  # fmt: skip
CHILD = (
    "e287a6", "d84f6b", "f3c7b3", "b48ad0", "8a63b8", "e8784f", "f2d04f", "f4f0e8", "7ec3c9",
    "e2574c", "f0a63a", "63a865", "b9d16b", "2f9c95", "4b9cd8", "3c7d4f", "5f6f7f", "3558a8",
    "24457c",
)  # fmt: skip
"""From pinks to blues: feminine children wear the first two thirds, masculine ones the last."""
UNDER = ("f4f3f0", "eef1f4", "c9d9e8", "dfe3e6", "2b2e35", "e9dfd2")
"""What is worn under a jacket."""
OVER = ("262a33", "1f2a44", "4a4d52", "5b4a3c", "7d7669", "394a42", "b6a78f", "5a2733")
"""Jackets."""


def to_linear(c: Floats) -> Floats:
    """sRGB 0..1 to linear light (IEC 61966-2-1)."""
    return np.asarray(np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4))


@lru_cache(maxsize=64)
def _swatches(codes: tuple[str, ...], device: torch.device) -> Tensor:
    values = np.array([[int(h[i : i + 2], 16) / 255 for i in (0, 2, 4)] for h in codes])
    return torch.as_tensor(to_linear(values), dtype=torch.float32, device=device)


def swatches(codes: tuple[str, ...], like: Tensor) -> Tensor:
    """Linear RGB [C, 3] of hexadecimal colours."""
    return _swatches(codes, like.device)


def choose(p: Tensor, codes: tuple[str, ...]) -> Tensor:
    """One of the colours for each p 0..1: [B, 3]."""
    return swatches(codes, p)[(p * len(codes)).long().clamp(0, len(codes) - 1)]


def luminance(c: Tensor) -> Tensor:
    """Luminance [...] of linear RGB [..., 3]."""
    return c @ constant([0.2126, 0.7152, 0.0722], c)


def fabric(t: Mapping[str, Tensor]) -> Tensor:
    """Main colour of the clothing, linear RGB [B, 3]."""
    p = t["cloth_hue_p"]
    adult = torch.where((t["m_style"] > 0.5)[:, None], choose(p, MASCULINE), choose(p, FEMININE))
    base = torch.where((t["age"] < 14)[:, None], choose((2 * p + t["m_style"]) / 3, CHILD), adult)
    base = base * (1 + 0.13 * t["cloth_value"])[:, None]
    # On deep skin very dark cloth would swallow the neck; on pale skin so would beige.
    least = 0.035 + 0.05 * ((t["tone"] - 5) / 4).clamp(0, 1)
    grey = luminance(base)
    base = base * (least / grey.clamp(min=1e-3)).clamp(min=1)[:, None]
    return base.clamp(0.012, 0.82)


def under(t: Mapping[str, Tensor]) -> Tensor:
    """Colour of what is worn under a jacket [B, 3]."""
    return choose(pick(t["cloth_hue"], 7.0), UNDER) * 0.92


def jacket(t: Mapping[str, Tensor]) -> Tensor:
    """Colour of the jacket [B, 3]."""
    return choose(pick(t["cloth_value"], 11.0), OVER).clamp(min=0.014)


def accent(base: Tensor) -> Tensor:
    """A second colour [..., 3] for stripes on `base`: cream on dark, deep on light."""
    light = swatches(("efe9dd",), base)
    deep = base * 0.22 + 0.02 * swatches(("27355c",), base)
    return torch.where((luminance(base) < 0.24)[..., None], light, deep)


WALLS = (
    "c9c5be", "b4bcc1", "8c959d", "59646e", "d6cab8", "b98f76", "9c5a45", "cfaea2", "8ea096",
    "526d68", "2c4a50", "7b94ab", "3b5270", "b3c3d3", "877c99", "56475f", "c9a75f", "ded8cd",
    "33373d", "693d3f",
)  # fmt: skip


def wall(t: Mapping[str, Tensor], cloth: Tensor, salt: float) -> Tensor:
    """Colour of a wall [B, 3] that sets off skin and `cloth` [B, 3]: the better of two draws."""
    # Distance counts only up to where nothing blends any more: what is behind people should say
    # little about how dark their skin is, or a scorer learns that instead.
    draws = torch.stack([choose(pick(t["backdrop"], salt + i), WALLS) for i in range(2)], 1)
    pale = ((10 - t["tone"]) / 9).clamp(0, 1)[:, None]
    skin = torch.lerp(swatches(("33251d",), pale), swatches(("e3bda4",), pale), pale**1.3)
    away_from_skin = (draws.sqrt() - skin.sqrt()[:, None]).norm(dim=-1)
    away_from_cloth = (draws.sqrt() - cloth.sqrt()[:, None]).norm(dim=-1)
    best = (away_from_skin.clamp(max=0.3) + away_from_cloth.clamp(max=0.3)).argmax(1)
    own = draws[torch.arange(len(best), device=best.device), best]
    return own * (0.70 + 0.55 * t["backdrop_value_p"])[:, None]
