"""Put studs, hoops and drops on ear lobes, and studs or rings on a nostril."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.generators.generator import SEGMENTS
from pipeline.generators.heads.face import step
from pipeline.generators.heads.worn.material import Material
from pipeline.generators.heads.worn.palette import swatches
from pipeline.generators.heads.worn.part import (
    Part,
    constant,
    grid_faces,
    pick,
    stack_faces,
)
from pipeline.generators.heads.worn.tube import tube, tube_faces

STUD_LEFT, STUD_RIGHT, HOOP, HOOK, PEARL, NOSE_STUD, NOSE_RING = range(7)
"""Pieces; stud and nose stud sit on the skin, pearls hang from hooks."""

_BALL = (7, 10)
_HOOP_POINTS, _SECTION = 32, 6


@lru_cache(maxsize=1)
def _ball() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """A unit ball [V, 3] and its faces."""
    rows, columns = _BALL
    down = np.pi * (np.arange(rows) + 0.001) / (rows - 1 + 0.002)
    turn = 2 * np.pi * np.arange(columns) / columns
    d, a = (g.ravel() for g in np.meshgrid(down, turn, indexing="ij"))
    points = np.stack([np.sin(d) * np.sin(a), np.cos(d), np.sin(d) * np.cos(a)], 1)
    return points, grid_faces(rows, columns, closed=True)


@lru_cache(maxsize=1)
def _topology() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    points, ball = _ball()
    hoop = tube_faces(_HOOP_POINTS, _SECTION, True)
    meshes = []
    for stud in (STUD_LEFT, STUD_RIGHT):
        meshes += [
            (ball, len(points), stud), (hoop, _HOOP_POINTS * _SECTION, HOOP),
            (hoop, _HOOP_POINTS * _SECTION, HOOK), (ball, len(points), PEARL),
        ]  # fmt: skip
    meshes += [(ball, len(points), NOSE_STUD), (hoop, _HOOP_POINTS * _SECTION, NOSE_RING)]
    return stack_faces(meshes)


def _balls(middle: Tensor, size: Tensor) -> Tensor:
    """Ellipsoids [B, V, 3] about middle [B, 3] of half sizes [B, 3]."""
    return middle[:, None] + constant(_ball()[0], middle)[None] * size[:, None]


def _hoops(middle: Tensor, radius: Tensor, thick: Tensor, turn: float, tall: float = 1.0) -> Tensor:
    """Rings [B, V, 3] hanging about middle [B, 3], their plane turned from the side view, rad."""
    a = torch.arange(_HOOP_POINTS, device=middle.device) * (2 * torch.pi / _HOOP_POINTS)
    flat = constant([np.sin(turn), 0.0, np.cos(turn)], middle)
    up = constant([0.0, tall, 0.0], middle)
    unit = a.cos()[:, None] * flat + a.sin()[:, None] * up
    path = middle[:, None] + radius[:, None, None] * unit
    normal = torch.linalg.cross(flat, up / tall)
    width = thick[:, None].expand(-1, _HOOP_POINTS)
    return tube(path, normal.expand_as(path), width, width, _SECTION, closed=True)


def jewellery(t: Mapping[str, Tensor], lobes: Tensor, nostril: Tensor) -> Part:
    """The jewellery of B people from anchors as the package describes."""
    p, m = t["jewellery_p"], t["m_style"]
    child = 1 - t["adult"]
    # About two in three feminine adults wear some, and one in ten masculine ones.
    wears = p < (0.10 + 0.55 * step(0.62 - m, 0.0, 0.3)) * (1 - 0.45 * child)
    # Masculine people and children wear studs and small hoops.
    small = (m > 0.5) | (child > 0.5)
    kind = pick(t["jewellery"], 3.0)
    kind = torch.where(small, kind * 0.62, kind)
    stud, hoop, drop = kind < 0.46, (kind >= 0.46) & (kind < 0.78), kind >= 0.78
    single = (m > 0.5) & (pick(t["jewellery"], 7.0) < 0.35)
    young = 1 - step(t["age"], 42, 60)
    pierced = (
        pick(t["jewellery"], 11.0) < (0.02 + 0.05 * step(0.7 - m, 0, 0.4)) * t["adult"] * young
    )
    ring = pick(t["jewellery"], 13.0) < 0.4

    shown = torch.stack([
        wears & stud, wears & stud & ~single, wears & hoop, wears & drop, wears & drop,
        pierced & ~ring, pierced & ring,
    ], 1)  # fmt: skip
    faces, piece = _tensors(p.device)
    if bool(shown.any()):
        vertices = _vertices(t, small, lobes, nostril)
    else:
        vertices = lobes.new_zeros(len(lobes), int(faces.max()) + 1, 3)
    return Part(vertices, faces, piece, vertices, shown)


@lru_cache(maxsize=8)
def _tensors(device: torch.device) -> tuple[Tensor, Tensor]:
    faces, piece = (torch.as_tensor(v, device=device) for v in _topology())
    return faces, piece


def _vertices(t: Mapping[str, Tensor], small: Tensor, lobes: Tensor, nostril: Tensor) -> Tensor:
    """Vertices [B, V, 3] of all pieces; `small` [B] limits the size of hoops."""
    size = pick(t["jewellery"], 5.0)
    grown = torch.where(small, 6.0 + 3.0 * size, 7.0 + 13.0 * size * size)
    thin = 0.7 + 0.7 * pick(t["jewellery"], 17.0)
    parts = []
    for side, sign in ((0, -1.0), (1, 1.0)):
        lobe = lobes[:, side]
        out = constant([sign * 1.0, 0.0, 0.5], lobe)
        button = (1.5 + 1.6 * size)[:, None] * constant([1.0, 1.0, 1.0], lobe)
        parts.append(_balls(lobe + 1.6 * out, button))
        hang = torch.stack([0 * grown + sign * 1.2, -grown + 1.5, 0 * grown], -1)
        parts.append(_hoops(lobe + hang, grown, thin, 0.5 * sign))
        low = constant([sign * 1.0, -4.5, 0.8], lobe)
        parts.append(_hoops(lobe + low, 5.0 + 0 * grown, 0.45 + 0 * thin, 0.3 * sign, tall=1.2))
        bead = (2.3 + 1.6 * size)[:, None] * constant([1.0, 1.25, 1.0], lobe)
        parts.append(
            _balls(lobe + low + torch.stack([0 * size, -6.5 - 2.6 * size, 0 * size], -1), bead)
        )
    bead = (0.9 + 0.5 * size)[:, None].expand(-1, 3)
    parts.append(_balls(nostril + constant([0.4, 0.0, 0.5], nostril), bead))
    parts.append(
        _hoops(
            nostril + constant([-0.6, -2.2, -0.3], nostril), 3.6 + 0 * size, 0.45 + 0 * size, 1.1
        )
    )
    return torch.cat(parts, 1)


def paint(t: Mapping[str, Tensor], piece: Tensor, chart: Tensor, b: Tensor) -> Material:
    """Material of samples of jewellery: gold or silver, pearls, small gems."""
    metals = swatches(("f0c27a", "e6e7ea", "e8b49a"), chart)
    stones = swatches(("f3ece2", "2f8f83", "a8384a", "3b5fa8", "f2f4f7", "20242a"), chart)
    warm = pick(t["jewellery"], 19.0)
    metal_of = (warm > 0.48).long() + (warm > 0.90).long()
    stone_of = (pick(t["jewellery"], 23.0) * 5.99).long()
    # Half of the studs are plain metal balls.
    stone = (piece == PEARL) | ((piece <= STUD_RIGHT) & (pick(t["jewellery"], 29.0) < 0.5)[b])
    albedo = torch.where(stone[:, None], stones[stone_of[b]], metals[metal_of[b]])
    one = torch.ones_like(chart[:, 0])
    return Material(
        albedo=albedo,
        specular=torch.where(stone, 1.6 * one, one),
        roughness=torch.where(stone, 0.16 * one, 0.22 * one),
        metal=torch.where(stone, 0 * one, one),
        sheen=0 * one,
        segment=torch.full_like(b, SEGMENTS.index("jewellery")),
    )
