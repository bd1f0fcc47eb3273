"""Estimate ambient occlusion from the depth picture (after Bavoil and Sainz, 2008)."""

import math

import torch
from torch import Tensor
from torch.nn.functional import grid_sample, pad

DIRECTIONS = 8
REACHES = ((4.0, 0.45), (11.0, 0.50), (28.0, 0.55))
"""Distances of the taps, mm, and the weight of each."""


def occlusion(depth: Tensor, samples_per_mm: float) -> Tensor:
    """Share of the sky that is open, 0..1: float32 [B, M, M].

    Args:
        depth: float32 [B, M, M], mm from the camera; far away where there is nothing.
        samples_per_mm: of this picture.
    """
    m = depth.shape[-1]
    hidden = torch.zeros_like(depth)
    for reach, weight in REACHES:
        r = reach * samples_per_mm
        if r < 0.8:
            continue
        margin = math.ceil(r) + 1
        wide = pad(depth[:, None], (margin,) * 4, "replicate")[:, 0]
        found = torch.zeros_like(depth)
        for i in range(DIRECTIONS):
            angle = 2 * math.pi * (i + 0.5) / DIRECTIONS
            dx = margin + round(r * math.cos(angle))
            dy = margin + round(r * math.sin(angle))
            nearer = depth - wide[:, dy : dy + m, dx : dx + m]
            # Something far in front is another thing, not a fold.
            found += (nearer / reach - 0.12).clamp(0, 1.1) * (1 - nearer / (5 * reach)).clamp(0, 1)
        hidden = hidden + weight * (found / DIRECTIONS)
    return (1 - 1.15 * hidden).clamp(0.12, 1)


def read(picture: Tensor, cell: Tensor, side: int) -> Tensor:
    """Bilinear reads [N] of a smaller picture [B, M, M] at cells of a buffer of side x side."""
    b, m, _ = picture.shape
    inner = cell % (side * side)
    u = ((inner % side).float() + 0.5) * (2 / side) - 1
    person = cell // (side * side)
    rows = (((inner // side).float() + 0.5) * (m / side) - 0.5).clamp(0, m - 1) + person * m
    v = (2 * rows + 1) / (b * m) - 1
    grid = torch.stack([u, v], -1)[None, None]
    stacked = picture.reshape(1, 1, b * m, m)
    return grid_sample(stacked, grid, padding_mode="border", align_corners=False)[0, 0, 0]
