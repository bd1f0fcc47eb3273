"""Keep strands out of the head, ears, neck and shoulders of the template."""

from functools import lru_cache

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt, gaussian_filter
from torch import Tensor
from torch.nn.functional import grid_sample

from pipeline.generators.heads.face import step
from pipeline.generators.heads.template import surface

CENTER = (0.0, 20.0, -90.0)
"""The head's form is star-shaped about this point."""

_ROWS, _COLUMNS = 96, 160

AXES = (75.0, 88.0, 98.0)
"""Half axes of the cranium about (0, 30, -89)."""


@lru_cache(maxsize=4)
def _radii(device: torch.device) -> Tensor:
    """Distance of the surface from CENTER by height and direction: [1, 1, rows, columns]."""
    t, theta = (
        g.ravel()
        for g in np.meshgrid(
            np.linspace(0, 20, 260), np.linspace(-np.pi, np.pi, 360), indexing="ij"
        )
    )
    rel = surface(t, theta) - np.array(CENTER)
    r = np.linalg.norm(rel, axis=1)
    row = np.clip((rel[:, 1] / r + 1) / 2 * (_ROWS - 1), 0, _ROWS - 1).round().astype(int)
    column = (np.arctan2(rel[:, 0], rel[:, 2]) / np.pi + 1) / 2 * (_COLUMNS - 1)
    column = column.round().astype(int)
    grid = np.zeros((_ROWS, _COLUMNS))
    np.maximum.at(grid, (row, column), r)
    # Repeat the pattern to both sides, so that filling and blurring cross the seam.
    wide = np.tile(grid[:, :-1], (1, 3))
    near = distance_transform_edt(wide == 0, return_distances=False, return_indices=True)
    wide = gaussian_filter(wide[tuple(near)], 1.0, mode=("nearest", "wrap"))
    full = wide[:, _COLUMNS - 1 : 2 * _COLUMNS - 1]
    return torch.from_numpy(full).float()[None, None].to(device)


def radius(p: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Place points [3, B, S] against the head.

    Returns:
        unit direction from CENTER [3, B, S]; distance from it; the head's radius there, with ears.
    """
    rel = p - torch.tensor(CENTER, device=p.device)[:, None, None]
    r = rel.square().sum(0).sqrt().clamp(min=1e-3)
    u = rel / r
    at = torch.stack([torch.atan2(u[0], u[2]) / torch.pi, u[1]], -1)
    # Angles meet the middles of the first and last column.
    head = grid_sample(
        _radii(p.device), at.flatten(0, 1)[None, None], padding_mode="border", align_corners=True
    ).view(r.shape)
    x, y, z = p
    ear = 1 - (((y + 8) / 36).square() + ((z + 90) / 20).square())
    return u, r, head + 15 * ear.clamp(min=0).sqrt() * step(x.abs(), 40.0, 60.0)


def outward(p: Tensor) -> Tensor:
    """Unit directions [3, B, S] out of the hair's mass: the cranium's normal, level below it."""
    x, y, z = p
    high = (y - 20).clamp(min=0) / AXES[1] ** 2
    n = torch.stack([x / AXES[0] ** 2, high, (z + 89) / AXES[2] ** 2])
    return n / n.square().sum(0).sqrt().clamp(min=1e-6)


def neck(p: Tensor, height: Tensor) -> Tensor:
    """Push points [3, B, S] at least `height` mm off neck and shoulders: [3, B, S]."""
    x, y, z = p
    middle = -98 + 0.10 * (y + 60)
    low = step(-y, 55.0, 85.0)
    wide = 57 + height
    far = torch.hypot(x, z - middle).clamp(min=1.0)
    push = (wide / far - 1).clamp(min=0) * low
    x, z = x + push * x, z + push * (z - middle)
    # The slope from neck to shoulder, over which hair falls forwards or backwards.
    over = 1 - ((z + 100) / 50).square()
    slope = -138 - 0.32 * (x.abs() - 55).clamp(min=0) + 14 * over
    sunk = (slope + height - y) * (over > 0) * (x.abs() > 40) * low
    ahead = torch.where(z > -100, 1.0, -1.0)
    z = z + ahead * sunk.clamp(0, 14)
    return torch.stack([x, y, z])
