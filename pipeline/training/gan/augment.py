"""Augment what a discriminator sees, differentiably, each kind with probability p.

Kinds, order and strengths are those of adaptive discriminator augmentation (Karras et al. 2020b,
appendix B: flips, turns, shifts, scales; brightness, contrast, luma, hue, saturation). Pictures are
resampled bilinearly once, and continued beyond their edge as in a mirror. As long as p stays well
below 1 the generator cannot learn augmentations, since pictures without them must come out, too.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.training.gan.draws import Draws

_GREY = torch.full([3], 3**-0.5)
"""The axis of colours along which all channels are equal."""


def augmented(images: Tensor, p: float, source: Draws) -> Tensor:
    """Augment images, float32 [B, 3, R, R], -1..1; each draws its own.

    Args:
        p: probability of each kind, 0..1.
        source: the only source of chance.
    """
    if p == 0:
        return images
    chance = _Chance(len(images), p, source)
    turn = _geometry(chance, images.shape[-1])
    colours, lift = _colours(chance)
    grid = F.affine_grid(turn[:, :2].to(images.device), list(images.shape), align_corners=False)
    moved = F.grid_sample(
        images, grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )
    mixed = torch.einsum("bij,bjhw->bihw", colours.to(images.device), moved)
    return mixed + lift.to(images.device)[:, :, None, None]


def next_p(p: float, mean_sign: float, target: float, images: int, kimg: float) -> float:
    """Move p up where real pictures are told too surely, else down (Karras et al. 2020b, sec. 3.1).

    Args:
        mean_sign: mean sign of real pictures' scores, -1..1.
        images: seen since p last moved.
        kimg: p takes so many thousand pictures from 0 to 1.
    """
    way = 1 if mean_sign > target else -1
    return min(max(p + way * images / (1000 * kimg), 0.0), 1.0)


class _Chance:
    """Draws for B pictures: a value where a kind is chosen, what changes nothing elsewhere."""

    def __init__(self, count: int, p: float, source: Draws) -> None:
        self.count, self.p, self.source = count, p, source

    def normal(self, spread: float, p: float | None = None) -> Tensor:
        """Normal draws, or 0: float32 [B]."""
        return self._chosen(spread * self.source.normal(self.count), p)

    def uniform(self, reach: float, p: float | None = None) -> Tensor:
        """Even draws from -reach to reach, or 0: float32 [B]."""
        drawn = 2 * self.source.uniform(self.count) - 1
        return self._chosen(reach * drawn, p)

    def whole(self, count: int) -> Tensor:
        """Even draws of 0 … count - 1, or 0: float32 [B]."""
        drawn = self.source.whole(0, count, self.count)
        return self._chosen(drawn.float(), None)

    def _chosen(self, values: Tensor, p: float | None) -> Tensor:
        chosen = self.source.uniform(self.count) < (self.p if p is None else p)
        return torch.where(chosen, values, torch.zeros_like(values))


def _geometry(chance: _Chance, side: int) -> Tensor:
    """From points of the new picture, in -1..1, to points of the old one: float32 [B, 3, 3]."""
    nothing = torch.zeros(chance.count)
    # Two turns with this probability each make one with p.
    each = 1 - math.sqrt(1 - chance.p)
    flip = 1 - 2 * chance.whole(2)
    steps = [
        _scaling(flip, flip.abs()),
        _rotation(chance.whole(4) * (math.pi / 2)),
        # Shifts by whole pixels keep pictures sharp.
        _shift(*((chance.uniform(0.125) * side).round() * (2 / side) for _ in range(2))),
    ]
    size = chance.normal(0.2)
    steps += [_scaling(size.exp2(), size.exp2()), _rotation(chance.uniform(math.pi, each))]
    slim = chance.normal(0.2)
    steps += [_scaling(slim.exp2(), (-slim).exp2()), _rotation(chance.uniform(math.pi, each))]
    steps.append(_shift(chance.normal(0.25), chance.normal(0.25)))
    total = _shift(nothing, nothing)
    for step in steps:
        total = total @ step
    return total


def _shift(x: Tensor, y: Tensor) -> Tensor:
    """[B] each to [B, 3, 3]."""
    one, zero = torch.ones_like(x), torch.zeros_like(x)
    return _matrix([[one, zero, x], [zero, one, y], [zero, zero, one]])


def _scaling(x: Tensor, y: Tensor) -> Tensor:
    one, zero = torch.ones_like(x), torch.zeros_like(x)
    return _matrix([[x, zero, zero], [zero, y, zero], [zero, zero, one]])


def _rotation(angle: Tensor) -> Tensor:
    c, s = angle.cos(), angle.sin()
    one, zero = torch.ones_like(c), torch.zeros_like(c)
    return _matrix([[c, -s, zero], [s, c, zero], [zero, zero, one]])


def _matrix(rows: list[list[Tensor]]) -> Tensor:
    return torch.stack([torch.stack(row, -1) for row in rows], 1)


def _colours(chance: _Chance) -> tuple[Tensor, Tensor]:
    """What colours are multiplied by, float32 [B, 3, 3], and what is added, [B, 3]."""
    same = torch.eye(3)
    grey = torch.outer(_GREY, _GREY)
    lift = chance.normal(0.2)[:, None].expand(-1, 3)
    contrast = chance.normal(0.5).exp2()[:, None, None]
    flip = same - 2 * grey * chance.whole(2)[:, None, None]
    angle = chance.uniform(math.pi)[:, None, None]
    a, b, c = _GREY.tolist()
    cross = torch.tensor([[0, -c, b], [c, 0, -a], [-b, a, 0]])
    hue = same * angle.cos() + cross * angle.sin() + grey * (1 - angle.cos())  # Rodrigues, 1840
    saturation = grey + (same - grey) * chance.normal(1.0).exp2()[:, None, None]
    later = saturation @ hue @ flip * contrast
    return later, (later @ lift[:, :, None])[:, :, 0]
