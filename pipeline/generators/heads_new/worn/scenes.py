"""Compose places far out of focus from soft discs and boxes: lamps, windows, leaves, shelves."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.generators.heads_new.worn.palette import choose, swatches
from pipeline.generators.heads_new.worn.part import pick

SHAPES = 22
LAMPS, WINDOW, LEAVES, SHELVES, EVENING = range(5)


@dataclass(frozen=True)
class Shapes:
    """Soft shapes of B scenes, drawn in order, in units of the picture's side.

    x, y: [B, K], middles, right and down from the picture's middle. wide, tall: [B, K], half
    sizes. soft: [B, K], share of the size that is edge. box: [B, K], 0 round, 1 a rectangle.
    color: [B, K, 3]. cover: [B, K], opacity. glow: [B, K], 1 adds light, 0 covers.
    """

    x: Tensor
    y: Tensor
    wide: Tensor
    tall: Tensor
    soft: Tensor
    box: Tensor
    color: Tensor
    cover: Tensor
    glow: Tensor


WARM = ("ffc98a", "ffb066", "ffe2b8", "ff9a5c", "fff0d8")
NIGHT = ("ffb469", "ff8f57", "8fb8ff", "ffd9a0", "ff6f61", "a6e0e8")
GREENS = ("4f6b3a", "6f8a4b", "39522f", "93a860", "58764f", "b8c27c", "2c4030")
BOOKS = ("7a4b3a", "39506b", "a98f6a", "5d6b57", "8a3f3c", "c9b894", "41414a", "6d7f8c")
PANES = ("e8f0f7", "f3f0e6", "dfe9ee")


def _draws(seed: Tensor, salt: float) -> Tensor:
    """Numbers 0..1 for each shape of each scene: [B, K]."""
    k = torch.arange(SHAPES, device=seed.device, dtype=seed.dtype)
    return pick(seed[:, None], salt + 1.37 * k[None])


def _hues(p: Tensor, codes: tuple[str, ...]) -> Tensor:
    return choose(p.flatten(), codes).view(*p.shape, 3)


def shapes(t: Mapping[str, Tensor], kind: Tensor) -> Shapes:
    """The shapes of B scenes of the kinds int64 [B]."""
    seed = t["backdrop_seed"]
    a, b, c, d, e = (_draws(seed, s) for s in (1.0, 41.0, 83.0, 127.0, 171.0))
    k = torch.arange(SHAPES, device=seed.device, dtype=seed.dtype)[None].expand_as(a)
    one, zero = torch.ones_like(a), torch.zeros_like(a)
    spread = (k + a) / SHAPES * 1.3 - 0.65

    def per(*options: Tensor) -> Tensor:
        """The option of each scene's kind."""
        stacked = torch.stack(options)
        return stacked[kind, torch.arange(len(kind), device=kind.device)]

    shelf = (k % 3 - 1) * 0.37 - 0.06
    radius = 0.028 + 0.062 * c * c
    leaf = 0.10 + 0.24 * c * (1 - k / (1.4 * SHAPES))
    pane_x = torch.where(k < 6, (k % 3 - 1) * 0.25 + 0.42 * (2 * a[:, :1] - 1), spread)
    pane_y = torch.where(k < 6, torch.floor(k / 3) * 0.40 - 0.36, 0.3 + 0.3 * b)
    pane = k < 6
    return Shapes(
        x=per(spread, pane_x, 1.3 * a - 0.65, spread, spread),
        y=per(0.9 * b - 0.62, pane_y, 1.1 * b - 0.6, shelf + 0.04 * b, 0.26 * (b - 0.5) - 0.12 + 0.2 * d),
        wide=per(radius, torch.where(pane, 0.115 + 0 * c, 0.05 + 0.12 * c), leaf, 0.050 + 0.045 * c, radius),
        tall=per(radius, torch.where(pane, 0.185 + 0 * c, 0.12 + 0.1 * d), leaf * (0.8 + 0.4 * d), 0.13 + 0.04 * d, radius),
        soft=per(0.42 * one, torch.where(pane, 0.45 * one, 0.9 * one), 0.85 + 0.25 * d, 0.85 * one, 0.38 * one),
        box=per(zero, torch.where(pane, one, zero), zero, one, zero),
        color=per(
            _hues(e, WARM), torch.where(pane[..., None], _hues(e, PANES), _hues(e, BOOKS)),
            _hues(e, GREENS) * (0.6 + 0.9 * d)[..., None], _hues(e, BOOKS), _hues(e, NIGHT),
        ),
        cover=per(0.12 + 0.38 * d * d, torch.where(pane, 0.9 * one, 0.30 * one), 0.50 + 0.3 * b, 0.55 * one, 0.15 + 0.45 * d * d),
        glow=per(one, zero, zero, zero, one),
    )  # fmt: skip


def ground(t: Mapping[str, Tensor], kind: Tensor, wall: Tensor) -> tuple[Tensor, Tensor]:
    """Colours at the top and the bottom behind the shapes: two of [B, 3]."""
    top = swatches(("3a2d26", "8d8a84", "9fb08a", "5c4d42", "1f2a44"), wall)[kind]
    low = swatches(("57412f", "5f5a54", "475638", "3d332d", "3b3140"), wall)[kind]
    share = torch.tensor([0.25, 0.55, 0.10, 0.30, 0.10], device=wall.device)[kind][:, None]
    return torch.lerp(top, wall, share), torch.lerp(low, 0.7 * wall, share)


def draw(own: Shapes, x: Tensor, y: Tensor, under: Tensor) -> Tensor:
    """Draw shapes over pictures [B, H, W, 3]; x [W] and y [H] in units of the side."""
    dx = (x[None, None] - own.x[..., None]) / own.wide[..., None]
    dy = (y[None, None] - own.y[..., None]) / own.tall[..., None]
    dx, dy = dx.square()[:, :, None, :], dy.square()[:, :, :, None]
    flat = own.box[..., None, None]
    reach = torch.lerp(dx + dy, torch.maximum(dx, dy), flat).clamp(max=9).sqrt()
    edge = ((1 - reach) / own.soft[..., None, None] + 0.5).clamp(0, 1)
    edge = edge * edge * (3 - 2 * edge)
    # Discs of defocused lamps are a little brighter at their rims.
    rim = 1 + 0.25 * own.glow[..., None, None] * (reach.clamp(max=1) ** 2 - 0.5)
    cover = edge * rim * own.cover[..., None, None]
    out = under
    for k in range(SHAPES):
        a, color = cover[:, k, :, :, None], own.color[:, None, None, k]
        stay = 1 - a * (1 - own.glow[:, k, None, None, None])
        out = out * stay + a * color
    return out
