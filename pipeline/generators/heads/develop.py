"""Develop samples into pictures: downsample, soften hair, cut out, count what each pixel shows."""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate, max_pool2d

from pipeline.generators.generator import SEGMENTS
from pipeline.generators.heads.face import step

SOFT, SOFT_PX = 0.7, 220.0
"""How much of a hair's light falls on the pixels around it, at most; up to pictures so wide, beyond
which it falls with their size: there strands are wider than samples."""

GAPS = (0.20, 0.85)
"""Share of hair around a pixel from which gaps begin to close, and at which none is left."""


def shrink(samples: Tensor, factor: int) -> Tensor:
    """Mean over squares of factor x factor samples: [B, C, S, S]."""
    return avg_pool2d(samples, factor) if factor > 1 else samples


def soften(front: Tensor, hair: Tensor) -> Tensor:
    """Spread hair over its neighbour pixels, and close the gaps in its mass.

    A strand is thinner than a sample, which shows it whole or not at all: a large picture scaled
    down shows its cover instead.

    Args:
        front: [B, 4, S, S], the person's colour by cover, and cover.
        hair: [B, 1, S, S], share of each pixel that is hair.

    Returns:
        front, softened.
    """
    amount = min(SOFT, SOFT * SOFT_PX / front.shape[-1])
    # What is hair for the most part tells best what colour it has.
    wide = _spread(torch.cat([front, hair, front * hair.square()], 1))
    around = wide[:, 4:5]
    near = torch.maximum(2 * around, hair).clamp_(max=1)
    soft = torch.lerp(front, wide[:, :4], amount * near)
    closed = (step(around, *GAPS) - around) / (1 - around).clamp(min=0.05)
    mass = wide[:, 5:] / wide[:, 8:].clamp(min=1e-6)
    return torch.lerp(soft, mass, amount * closed.clamp_(0, 1))


def _spread(maps: Tensor) -> Tensor:
    """Mean over 3 x 3 pixels of [B, C, S, S], the edge repeated: sums are faster than pooling."""
    for axis in (2, 3):
        last = maps.shape[axis] - 1
        total = maps.clone()
        total.narrow(axis, 1, last).add_(maps.narrow(axis, 0, last))
        total.narrow(axis, 0, last).add_(maps.narrow(axis, 1, last))
        for end in (0, last):
            total.narrow(axis, end, 1).add_(maps.narrow(axis, end, 1))
        maps = total
    return maps.mul_(1 / 9)


def to_bytes(values: Tensor) -> Tensor:
    """0..1 to 0..255: uint8."""
    return (values.clamp(0, 1) * 255 + 0.5).to(torch.uint8)


def cutout(color: Tensor, cover: Tensor, factor: int) -> Tensor:
    """Straight colour of the person alone, carried on past the silhouette: [B, 3, S, S].

    Args:
        color: [B, 3, side, side], display values; anything where nobody is.
        cover: [B, 1, side, side], 1 where the person is.
        factor: samples to a pixel's side.
    """
    total, weight = shrink(color * cover, factor), shrink(cover, factor)
    levels = [(total, weight)]
    while levels[-1][0].shape[-1] > 1:
        size = (levels[-1][0].shape[-1] + 1) // 2
        total, weight = (interpolate(v, (size, size), mode="area") for v in levels[-1])
        levels.append((total, weight))
    fill = total / weight.clamp(min=1e-6)
    for total, weight in reversed(levels[:-1]):
        wide = interpolate(fill, total.shape[-2:], mode="bilinear")
        known = (weight * 4).clamp(max=1)
        fill = torch.where(weight > 0, total / weight.clamp(min=1e-6), wide)
        fill = wide + (fill - wide) * known
    total, weight = levels[0]
    return torch.where(weight > 1e-3, total / weight.clamp(min=1e-3), fill)


def majority(labels: Tensor, factor: int) -> Tensor:
    """The commonest class of each pixel's samples: int64 [B, side, side] to uint8 [B, S, S]."""
    best = torch.full_like(shrink(labels[:, None].float(), factor), -1.0)
    winner = torch.zeros_like(best, dtype=torch.uint8)
    for index in range(len(SEGMENTS)):
        share = shrink((labels == index).float()[:, None], factor)
        better = share > best
        winner = torch.where(
            better, torch.tensor(index, dtype=torch.uint8, device=labels.device), winner
        )
        best = torch.maximum(best, share)
    return winner[:, 0]


def overgrown(segments: Tensor, share: Tensor) -> Tensor:
    """`segments` [B, S, S], with hair where softened hair covers more than half of a bare pixel.

    share: [B, 1, S, S], how much of each pixel the person covers.
    """
    bare = (segments == SEGMENTS.index("background")) & (share[:, 0] > 0.5)
    return segments.masked_fill(bare, SEGMENTS.index("hair"))


def carried(depth: Tensor, share: Tensor) -> Tensor:
    """Depth [B, S, S] carried on to a neighbour pixel wherever `share` [B, 1, S, S] shows."""
    far = torch.where(depth > 0, depth, 1e9)[:, None]
    near = torch.where(far < 1e8, far, -max_pool2d(-far, 3, 1, 1))[:, 0]
    return torch.where((to_bytes(share)[:, 0] > 0) & (near < 1e8), near, 0.0)


def nearest(depth: Tensor, factor: int) -> Tensor:
    """The smallest depth of each pixel's samples, 0 where all are 0: [B, S, S]."""
    far = torch.where(depth > 0, depth, 1e9)[:, None]
    near = -max_pool2d(-far, factor) if factor > 1 else far
    return torch.where(near < 1e8, near, 0.0)[:, 0]
