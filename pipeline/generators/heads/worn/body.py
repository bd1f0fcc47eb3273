"""Model neck and shoulders: one grid from inside the head down to the chest, and its shapes.

Sizes are those of a stylised person: the neck is about 15 mm shorter than people's, so that a
portrait shows what is worn (Gordon et al., 2014, for the rest).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter, grey_dilation
from torch import Tensor

from pipeline.generators.heads.template import bell, smooth
from pipeline.generators.heads.worn.part import constant, grid_faces

Floats = NDArray[np.float64]

LOOPS = np.array([
    # front y, z;  half width;  side y, z;  back y, z;  power of the outline
    (-62.0, -66.0, 37.0, -56.0, -98.0, -50.0, -134.0, 2.0),
    (-96.0, -57.0, 43.5, -72.0, -98.0, -64.0, -138.0, 2.0),
    (-108.0, -50.0, 47.0, -90.0, -99.0, -80.0, -144.0, 2.0),
    (-121.0, -44.0, 49.5, -107.0, -102.0, -96.0, -151.0, 2.0),
    (-134.0, -45.0, 53.0, -120.0, -106.0, -109.0, -157.0, 2.0),
    (-146.0, -49.0, 61.0, -131.0, -110.0, -119.0, -163.0, 2.05),
    (-155.0, -50.0, 78.0, -140.0, -113.0, -127.0, -170.0, 2.1),
    (-164.0, -45.0, 104.0, -150.0, -116.0, -138.0, -177.0, 2.2),
    (-176.0, -38.0, 132.0, -161.0, -118.0, -153.0, -184.0, 2.3),
    (-192.0, -31.0, 156.0, -176.0, -119.0, -172.0, -190.0, 2.4),
    (-212.0, -25.0, 171.0, -198.0, -119.0, -196.0, -194.0, 2.4),
    (-236.0, -20.0, 178.0, -228.0, -118.0, -224.0, -195.0, 2.4),
    (-262.0, -15.0, 180.0, -260.0, -117.0, -258.0, -194.0, 2.4),
])  # fmt: skip
"""Loops around neck and trunk, from the hidden top to the chest."""

LAST = len(LOOPS) - 1.0
_FORM = PchipInterpolator(np.arange(len(LOOPS)), LOOPS)
SHAPES = ("neck", "masculine", "shoulders", "child", "fullness", "old", "face_length")


@dataclass(frozen=True)
class Body:
    """The neutral neck and shoulders.

    rest: float64 [V, 3], mm. faces: int64 [F, 3], counter-clockwise from outside. follow: float64
    [V], 1 = turns with the head, 0 with the shoulders. loop, angle: float64 [V], place on the
    grid, 0..LAST and -pi..pi with 0 in front. basis: float64 [len(SHAPES), V, 3]. grid: (rows,
    columns). drape: float64 [V, 3], from rest to a sheet laid over muscles and bones.
    """

    rest: Floats
    faces: NDArray[np.int64]
    follow: Floats
    loop: Floats
    angle: Floats
    basis: Floats
    drape: Floats
    grid: tuple[int, int]


def bare(s: Floats, angle: Floats) -> Floats:
    """The form without muscles at loops s and angles [N]: float64 [N, 3]."""
    fy, fz, w, sy, sz, by, bz, power = _FORM(s).T
    c, sn = np.cos(angle), np.sin(angle)
    reach = (np.abs(c) ** power + np.abs(sn) ** power) ** (-1 / power)
    front = c > 0
    z = sz + np.where(front, fz - sz, sz - bz) * c * reach
    y = sy + np.where(front, fy - sy, by - sy) * np.abs(c) ** 1.6
    return np.stack([w * sn * reach, y, z], -1)


def _cords(s: Floats, angle: Floats) -> Floats:
    """Ridge 0..1 of the muscles from behind the ears to the notch (sternocleidomastoid)."""
    line = np.interp(s, [0, 1.5, 3, 4.5, 6.0, 7], [1.75, 1.45, 1.02, 0.60, 0.16, 0.1])
    width = np.interp(s, [0, 3, 6], [0.26, 0.20, 0.11])
    strength = smooth(s, 0.2, 2.0) * (1 - smooth(s, 5.8, 6.4))
    return bell((np.abs(angle) - line) / width) * strength


def _relief(s: Floats, angle: Floats) -> Floats:
    """Height [N] of muscles and bones over the bare form, mm."""
    a = np.abs(angle)
    height = 2.6 * _cords(s, angle)
    groove = np.interp(s, [0, 1.5, 3, 4.5, 6.0, 7], [1.4, 1.1, 0.72, 0.36, 0.02, 0.0])
    height -= 1.2 * bell((a - groove) / 0.18) * smooth(s, 1, 3) * (1 - smooth(s, 5, 6))
    # Sternal notch, clavicles with their knobs, and the hollows above them.
    height -= 6.0 * bell(a / 0.15, (s - 6.0) / 0.55)
    bone = 6.75 + 0.55 * smooth(a, 0.1, 0.9) - 0.25 * smooth(a, 0.9, 1.4)
    height += 3.4 * bell((s - bone) / 0.34) * smooth(a, 0.08, 0.2) * (1 - smooth(a, 0.95, 1.35))
    height += 1.6 * bell((a - 0.24) / 0.10, (s - 6.7) / 0.4)
    height -= 5.0 * bell((a - 0.72) / 0.30, (s - 6.15) / 0.55)
    height -= 2.0 * bell((a - 0.7) / 0.4, (s - 7.9) / 0.5)
    # Trapezius: a rounded roll beside the neck; the spine's furrow behind.
    height += 2.5 * bell((a - 1.9) / 0.5, (s - 5.6) / 1.6)
    height -= 2.0 * bell((a - np.pi) / 0.22) * smooth(s, 1, 4)
    return np.asarray(height)


def _sheet(relief: Floats) -> Floats:
    """Height of cloth that spans the hollows of a relief [rows, columns], mm."""
    raised = grey_dilation(np.maximum(relief, 0), size=(5, 5), mode="wrap")
    return np.asarray(gaussian_filter(raised, 2.2, mode=("nearest", "wrap")))


def grid_normals(p: Floats, grid: tuple[int, int]) -> Floats:
    """Unit normals [V, 3] of a grid closed in its columns."""
    q = p.reshape(*grid, 3)
    n = np.cross(np.gradient(q, axis=0), np.roll(q, -1, 1) - np.roll(q, 1, 1))
    n /= np.linalg.norm(n, axis=-1, keepdims=True)
    return np.asarray(n.reshape(-1, 3))


def _basis(rest: Floats, normal: Floats, s: Floats, angle: Floats) -> Floats:
    """Displacements [len(SHAPES), V, 3] of each shape at coefficient 1."""
    a, c = np.abs(angle), np.cos(angle)
    axis = np.interp(s, np.arange(len(LOOPS)), (LOOPS[:, 1] + LOOPS[:, 6]) / 2)
    out = np.stack([rest[:, 0], 0 * s, rest[:, 2] - axis], -1)
    # Less behind the jaw, where a thick neck would flare like a cobra's hood.
    free = (0.4 + 0.6 * smooth(s, 0.5, 3.5)) * (1 - smooth(s, 4.0, 7.5))
    neck = out * free[:, None] * np.array([1.0, 0, 0.75])
    wide = rest * np.array([1.0, 0, 0]) * smooth(s, 5.0, 9.0)[:, None]
    up, ahead = np.array([0, 1.0, 0]), np.array([0, 0, 1.0])
    side = bell((a - 1.75) / 0.7)
    trapezius = (side * bell((s - 6.3) / 1.7))[:, None] * up
    slope = (side * smooth(s, 5.5, 10))[:, None] * up
    larynx = bell(a / 0.17, (s - 3.75) / 0.75) + 0.5 * bell(a / 0.12, (s - 3.35) / 0.3)
    throat = (bell(a / 0.8, (s - 2.3) / 1.5) * (c > 0))[:, None]
    bands = bell((a - 0.26) / 0.09) * bell((s - 3.0) / 2.2)
    muscle = _cords(s, angle)[:, None]
    cords = 1.9 * muscle + (1.8 * bands - 1.2 * bell(a / 0.15) * bell((s - 3) / 2))[:, None]
    # A child's head sits lower between its shoulders.
    lift = smooth(s, 1.5, 6.0)[:, None] * up
    return np.stack([
        0.035 * neck + 0.6 * trapezius,
        0.17 * neck + 0.20 * wide + 13 * trapezius - 3 * lift + 6.5 * larynx[:, None] * normal,
        0.045 * wide + 3.0 * slope,
        26 * lift - 0.41 * neck - 0.36 * wide - 4 * trapezius - 2.0 * muscle * normal,
        0.030 * neck + 2.6 * throat * (ahead - 0.5 * up) + 0.02 * wide
        - 0.2 * _relief(s, angle)[:, None] * normal,
        -0.03 * neck + cords * normal - 0.03 * wide - 5 * slope,
        # A long chin needs room over the collar.
        -4.5 * lift,
    ])  # fmt: skip


@lru_cache(maxsize=8)
def body(rows: int = 44, columns: int = 96) -> Body:
    """The body with a grid of rows x columns vertices; rows run down, columns to the right."""
    loops = np.linspace(0, LAST, rows)
    around = -np.pi + 2 * np.pi * np.arange(columns) / columns
    s, angle = (g.ravel() for g in np.meshgrid(loops, around, indexing="ij"))
    rest = bare(s, angle)
    relief, outward = _relief(s, angle), grid_normals(rest, (rows, columns))
    rest += relief[:, None] * outward
    larynx = bell(np.abs(angle) / 0.17, (s - 3.75) / 0.75)
    rest[:, 2] += 2.0 * larynx
    normal = grid_normals(rest, (rows, columns))
    return Body(
        rest=rest,
        faces=grid_faces(rows, columns, closed=True),
        follow=1 - smooth(s, 0.6, 4.8),
        loop=s,
        angle=angle,
        basis=_basis(rest, normal, s, angle),
        drape=(_sheet(relief.reshape(rows, columns)).ravel() - relief)[:, None] * outward,
        grid=(rows, columns),
    )


@lru_cache(maxsize=8)
def _constants(grid: tuple[int, int], device: torch.device) -> tuple[Tensor, Tensor]:
    own = body(*grid)
    like = torch.empty(0, device=device)
    return constant(own.rest, like), constant(own.basis, like).flatten(1)


def vertices(t: Mapping[str, Tensor], own: Body) -> Tensor:
    """Neck and shoulders of B people: float32 [B, V, 3]."""
    rest, basis = _constants(own.grid, t["neck"].device)
    grown = 1 - t["child"]
    weight = torch.stack([
        t["neck"] * (0.4 + 0.6 * grown),
        (t["m_bone"] - 0.45) * (0.15 + 0.85 * grown),
        t["shoulders"],
        t["child"],
        t["fullness"] * (0.6 + 0.4 * grown),
        (t["old"] - 0.15).clamp(min=0) * (1 - 0.25 * t["fullness"].clamp(0, 2.5)),
        t["face_length"].clamp(min=0) * grown,
    ], 1)  # fmt: skip
    # A weighted sum a person at a time: a batched product may round otherwise.
    moved = (weight[:, :, None] * basis[None]).sum(1)
    return rest[None] + moved.view(-1, *rest.shape)
