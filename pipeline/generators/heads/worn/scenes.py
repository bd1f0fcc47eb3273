"""Compose places far out of focus from soft discs and boxes: lamps, windows, leaves, shelves."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.generators.heads.worn.palette import choose, swatches
from pipeline.generators.heads.worn.part import pick

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
    row = torch.arange(len(kind), device=kind.device)

    def per(*options: Tensor) -> Tensor:
        """The option of each scene's kind."""
        return torch.stack(options)[kind, row]

    spread = (k + a) / SHAPES * 1.3 - 0.65
    radius = 0.028 + 0.062 * c * c
    blur = (0.032 / radius).clamp(min=0.42)
    leaf = 0.10 + 0.24 * c * (1 - k / (1.4 * SHAPES))
    shelf = (k % 3 - 1) * 0.37 - 0.06 + 0.04 * b
    street = 0.26 * (b - 0.5) - 0.12 + 0.2 * d
    # A window of two rows of three panes, and what stands below it.
    pane = k < 6
    pane_x = torch.where(pane, (k % 3 - 1) * 0.25 + 0.42 * (2 * a[:, :1] - 1), spread)
    pane_y = torch.where(pane, torch.floor(k / 3) * 0.40 - 0.36, 0.3 + 0.3 * b)
    pane_wide = torch.where(pane, 0.115, 0.05 + 0.12 * c)
    pane_tall = torch.where(pane, 0.185, 0.12 + 0.1 * d)
    dim = 0.12 + 0.38 * d * d
    books, panes = _hues(e, BOOKS), _hues(e, PANES)
    return Shapes(
        x=per(spread, pane_x, 1.3 * a - 0.65, spread, spread),
        y=per(0.9 * b - 0.62, pane_y, 1.1 * b - 0.6, shelf, street),
        wide=per(radius, pane_wide, leaf, 0.050 + 0.045 * c, radius),
        tall=per(radius, pane_tall, leaf * (0.8 + 0.4 * d), 0.13 + 0.04 * d, radius),
        soft=per(blur, torch.where(pane, 0.45, 0.9 * one), 0.85 + 0.25 * d, 0.85 * one, blur),
        box=per(zero, pane.to(a.dtype), zero, one, zero),
        color=per(_hues(e, WARM), torch.where(pane[..., None], panes, books),
                  _hues(e, GREENS) * (0.6 + 0.9 * d)[..., None], books, _hues(e, NIGHT)),
        cover=per(dim, torch.where(pane, 0.9, 0.3 * one), 0.50 + 0.3 * b, 0.36 * one, 1.1 * dim),
        glow=per(one, zero, zero, zero, one),
    )  # fmt: skip


def ground(kind: Tensor, wall: Tensor) -> tuple[Tensor, Tensor]:
    """Colours at the top and the bottom behind the shapes: two of [B, 3]."""
    top = swatches(("3a2d26", "8d8a84", "9fb08a", "5c4d42", "1f2a44"), wall)[kind]
    low = swatches(("57412f", "5f5a54", "475638", "3d332d", "3b3140"), wall)[kind]
    share = torch.tensor([0.25, 0.55, 0.10, 0.30, 0.10], device=wall.device)[kind][:, None]
    return torch.lerp(top, wall, share), torch.lerp(low, 0.7 * wall, share)


def draw(own: Shapes, axis: Tensor, under: Tensor) -> Tensor:
    """Draw shapes over pictures [B, 3, S, S]; axis [S] in units of the side."""
    dx = ((axis - own.x[..., None]) / own.wide[..., None]).square()
    dy = ((axis - own.y[..., None]) / own.tall[..., None]).square()
    # Squared distances: near the edge they change twice as fast as distances.
    sharp = 0.5 / own.soft[..., None]
    flat = own.box[..., None]
    across, down = _edge((1 - dx) * sharp), _edge((1 - dy) * sharp)
    reach = dy[..., :, None] + dx[..., None, :]
    disc = _edge((1 - reach).mul_(sharp[..., None]))
    # Discs of defocused lamps are a little brighter at their rims.
    disc *= reach.clamp_(max=1).mul_(0.25).add_(0.85)
    out = under
    for k in range(SHAPES):
        box = down[:, k, :, None] * across[:, k, None, :]
        cover = torch.lerp(disc[:, k], box, flat[:, k, None]) * own.cover[:, k, None, None]
        color = own.color[:, k, :, None, None]
        stays = (1 - own.glow[:, k])[:, None, None, None]
        out = out + cover[:, None] * (color - stays * out)
    return out


def _edge(x: Tensor) -> Tensor:
    """Smooth step from 0 at -1/2 to 1 at 1/2, in place."""
    x = x.add_(0.5).clamp_(0, 1)
    return x * x * (3 - 2 * x)
