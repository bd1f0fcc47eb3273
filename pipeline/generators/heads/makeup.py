"""Choose each person's make-up: lipstick, eye line and eye shadow."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.generators.heads.face import step
from pipeline.generators.heads.tone import Tones, linear

LIPSTICKS = torch.tensor(
    [
        (186, 104, 98), (176, 66, 74), (166, 28, 40), (140, 30, 62), (198, 84, 72), (112, 34, 52),
        (196, 96, 116),
    ]
)  # fmt: skip
"""sRGB: nude rose, rosewood, red, berry, coral, plum, pink."""

SHADOWS = torch.tensor(
    [(150, 104, 84), (120, 84, 78), (142, 92, 100), (96, 88, 98), (104, 72, 58), (128, 96, 120)]
)
"""sRGB: bronze, taupe, rose, smoke, chestnut, mauve."""


@dataclass(frozen=True)
class Palette:
    """Make-up of B people: colours [B, 3] linear, strengths [B] in 0..1."""

    lips: Tensor
    lip_cover: Tensor
    gloss: Tensor
    shadow: Tensor
    line: Tensor
    line_color: Tensor


def _pick(table: Tensor, p: Tensor) -> Tensor:
    rows = linear(table.float() / 255).to(p.device)
    return rows[(p * len(table)).long().clamp(0, len(table) - 1)]


def palette(t: Mapping[str, Tensor], c: Tones) -> Palette:
    """The make-up of B people with traits t and skin colours c."""
    amount, hue = t["makeup"], t["makeup_hue_p"]
    dim = (1 - 0.52 * c.dark)[:, None]
    lips = _pick(LIPSTICKS, hue)
    # Sheer lipstick takes the lips' own depth, a full one hardly.
    full = step(amount, 0.45, 1.0)
    deep = 0.85 * c.lips + lips * (0.10 + 0.18 * full)[:, None]
    shadow = _pick(SHADOWS, (hue * 3.7).frac())
    shadow = shadow * (0.35 + 0.65 * dim) * (0.35 + 0.65 * c.skin.mean(1, keepdim=True) / 0.6)
    # On deep skin cool powder looks lavender: there it takes the skin's own warmth.
    warm = c.skin / c.skin.mean(1, keepdim=True) * shadow.mean(1, keepdim=True)
    shadow = torch.lerp(shadow, warm, 0.7 * c.dark[:, None])
    brown = torch.tensor([0.030, 0.018, 0.013], device=hue.device)
    return Palette(
        lips=lips + (deep - lips) * c.dark[:, None],
        lip_cover=0.88 * step(amount, 0.12, 0.95),
        gloss=step(amount, 0.2, 1.0) * ((hue * 5.3).frac() > 0.4).to(amount.dtype),
        shadow=shadow,
        line=step(amount, 0.18, 1.0),
        line_color=brown * (1 - 0.6 * full)[:, None],
    )
