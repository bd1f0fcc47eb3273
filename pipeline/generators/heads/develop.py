"""Develop samples into pictures: downsample, cut out, and count what each pixel shows."""

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from pipeline.generators.generator import SEGMENTS


def shrink(samples: Tensor, factor: int) -> Tensor:
    """Mean over squares of factor x factor samples: [B, C, S, S]."""
    return avg_pool2d(samples, factor) if factor > 1 else samples


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


def nearest(depth: Tensor, factor: int) -> Tensor:
    """The smallest depth of each pixel's samples, 0 where all are 0: [B, S, S]."""
    far = torch.where(depth > 0, depth, 1e9)[:, None]
    near = -torch.nn.functional.max_pool2d(-far, factor) if factor > 1 else far
    return torch.where(near < 1e8, near, 0.0)[:, 0]
