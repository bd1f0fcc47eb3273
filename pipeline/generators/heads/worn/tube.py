"""Sweep tubes along paths: rims, bridges, temples, hoops and hooks."""

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from pipeline.generators.heads.worn.part import grid_faces


@lru_cache(maxsize=64)
def tube_faces(points: int, sides: int, closed: bool) -> NDArray[np.int64]:
    """Faces [F, 3] of a tube of `points` rings of `sides` vertices; open ones get end caps."""
    faces = grid_faces(points + closed, sides, closed=True) % (points * sides)
    if closed:
        return faces
    fan = np.arange(1, sides - 1)
    first = np.stack([0 * fan, fan, fan + 1], 1)
    last = np.stack([0 * fan, fan + 1, fan], 1) + (points - 1) * sides
    return np.concatenate([faces, first, last])


def tube(
    path: Tensor, side: Tensor, wide: Tensor, thick: Tensor, sides: int, closed: bool,
    power: float = 1.0,
) -> Tensor:  # fmt: skip
    """Vertices [B, P * sides, 3] of tubes along paths [B, P, 3].

    side: [B, P, 3], roughly across the path; the section reaches `wide` mm along it and `thick` mm
    at right angles, half sizes [B, P]. power: below 1 the section is a rounded box.
    """
    if closed:
        ahead = path.roll(-1, 1) - path.roll(1, 1)
    else:
        ahead = torch.cat([path[:, 1:], path[:, -1:]], 1) - torch.cat(
            [path[:, :1], path[:, :-1]], 1
        )
    ahead = normalize(ahead, dim=-1)
    up = normalize(torch.cross(ahead, side, dim=-1), dim=-1)
    across = torch.cross(up, ahead, dim=-1)
    turn = torch.arange(sides, device=path.device, dtype=path.dtype) * (2 * torch.pi / sides)
    turn = turn + torch.pi / sides
    c, s = turn.cos(), turn.sin()
    c, s = c.sign() * c.abs() ** power, s.sign() * s.abs() ** power
    ring = across[:, :, None] * (wide[..., None] * c)[..., None]
    ring = ring + up[:, :, None] * (thick[..., None] * s)[..., None]
    return (path[:, :, None] + ring).flatten(1, 2)


def bezier(a: Tensor, b: Tensor, c: Tensor, d: Tensor, points: int) -> Tensor:
    """Points [B, points, 3] of cubic curves with control points [B, 3]."""
    u = torch.linspace(0, 1, points, device=a.device)[None, :, None]
    v = 1 - u
    a, b, c, d = (p[:, None] for p in (a, b, c, d))
    return v**3 * a + 3 * v * v * u * b + 3 * v * u * u * c + u**3 * d
