"""Dress people: choose their clothes and lay them over neck and shoulders."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import normalize

from pipeline.generators.heads.worn import garments
from pipeline.generators.heads.worn.body import LAST, Body, body
from pipeline.generators.heads.worn.garments import (
    CLOSED,
    CREW,
    HOODIE,
    SHIRT,
    TURTLE,
    VEE,
    WIDE,
)  # fmt: skip
from pipeline.generators.heads.worn.part import Part, constant, grid_faces, pick, stack_faces

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Outfit:
    """What B people wear: kind of shell int64 [B]; collar, hood and jacket bool [B]."""

    shell: Tensor
    collar: Tensor
    hood: Tensor
    jacket: Tensor


@dataclass(frozen=True)
class _Table:
    """Where cloth vertices lie on the body's grid, for each of 6 kinds of shell.

    corner: int64 [6, V, 4] and share: float32 [6, V, 4], body vertices to mix. off, lift: [6, V].
    chart: [6, V, 6]. follow: [6, V]. drape: [body V, 3].
    """

    corner: Tensor
    share: Tensor
    off: Tensor
    lift: Tensor
    chart: Tensor
    follow: Tensor
    drape: Tensor
    faces: Tensor
    piece: Tensor


def outfit(t: Mapping[str, Tensor]) -> Outfit:
    """Choose the clothes of B people from their traits."""
    style, age, m = t["cloth_style"].long(), t["age"], t["m_style"]
    other = pick(t["cloth_hue"], 3.0)
    # Blazers are for adults, hoodies not for the old.
    jacket = (style == 5) & (age > 15)
    hood = ((style == 4) & (age < 66)) | ((style == 5) & ~jacket)
    crew = torch.zeros_like(style)
    wide = (style == 0) & (m < 0.45) & (other < 0.5) & (age > 15)
    under = torch.where(m > 0.5, SHIRT, torch.where(other < 0.35, WIDE, VEE))
    under = torch.where(other > 0.70, torch.where(other > 0.85, TURTLE, CREW), under)
    shell = torch.where(style == 1, crew + VEE, crew + CREW)
    shell = torch.where((style == 2) | ((style == 4) & ~hood), SHIRT, shell)
    shell = torch.where(style == 3, TURTLE, shell)
    shell = torch.where(wide, WIDE, shell)
    shell = torch.where(hood, HOODIE, shell)
    shell = torch.where(jacket, under, shell)
    return Outfit(shell=shell, collar=shell == SHIRT, hood=hood, jacket=jacket)


def _corners(own: Body, loop: Floats, angle: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Body vertices [V, 4] around places on its grid, and their bilinear shares."""
    rows, columns = own.grid
    i = np.clip(loop / LAST * (rows - 1), 0, rows - 1.001)
    j = (angle + np.pi) / (2 * np.pi) * columns
    i0, j0 = np.floor(i).astype(np.int64), np.floor(j).astype(np.int64)
    f, g = i - i0, j - j0
    left, right = j0 % columns, (j0 + 1) % columns
    corner = np.stack([i0 * columns + left, i0 * columns + right,
                       (i0 + 1) * columns + left, (i0 + 1) * columns + right], -1)  # fmt: skip
    share = np.stack([(1 - f) * (1 - g), (1 - f) * g, f * (1 - g), f * g], -1)
    return corner, share


@lru_cache(maxsize=8)
def _numbers(grid: tuple[int, int]) -> tuple[NDArray[np.float64], ...]:
    """The arrays of a table: loop, angle, off, lift [6, V] and along, across, ao [6, V]."""
    cut = garments.pieces(grid[1])
    kinds = []
    for kind in range(6):
        strips = [own[kind if len(own) > 1 else 0] for own in cut]
        kinds.append(
            [np.concatenate([vars(s)[name].ravel() for s in strips]) for name in vars(strips[0])]
        )
    return tuple(np.stack([k[i] for k in kinds]) for i in range(7))


@lru_cache(maxsize=8)
def _table(grid: tuple[int, int], device: torch.device) -> _Table:
    own = body(*grid)
    cut = garments.pieces(grid[1])
    loop, angle, off, lift, along, across, ao = _numbers(grid)
    corner, share = _corners(own, loop, angle)
    rest = (own.rest[corner] * share[..., None]).sum(-2)
    meshes = []
    for number, strips in enumerate(cut):
        rows, columns = strips[0].loop.shape
        meshes.append((grid_faces(rows, columns, CLOSED[number]), rows * columns, number))
    faces, piece = stack_faces(meshes)
    like = torch.empty(0, device=device)
    chart = np.concatenate([along[..., None], across[..., None], rest, ao[..., None]], -1)
    return _Table(
        torch.as_tensor(corner, device=device), constant(share, like), constant(off, like),
        constant(lift, like), constant(chart, like),
        constant((own.follow[corner] * share).sum(-1), like), constant(own.drape, like),
        torch.as_tensor(faces, device=device),
        torch.as_tensor(piece, device=device),
    )  # fmt: skip


def follow(t: Mapping[str, Tensor], own: Body) -> Tensor:
    """How far cloth vertices turn with the head, 0..1, as the skin under them: [B, V]."""
    table = _table(own.grid, t["cloth_hue"].device)
    return table.follow[outfit(t).shell]


def normals(p: Tensor, grid: tuple[int, int]) -> Tensor:
    """Unit normals [B, V, 3] of body vertices [B, V, 3]."""
    q = p.view(len(p), *grid, 3)
    # Over two cells to each side: cloth bends less sharply than what is under it.
    down = torch.cat([q[:, 2:], q[:, -1:], q[:, -1:]], 1) - torch.cat(
        [q[:, :1], q[:, :1], q[:, :-2]], 1
    )
    right = q.roll(-2, 2) - q.roll(2, 2)
    return normalize(torch.cross(down, right, dim=-1), dim=-1).view_as(p)


def _folds(t: Mapping[str, Tensor], chart: Tensor) -> Tensor:
    """Height of the cloth's folds [B, V], mm."""
    across, x, y, z = (chart[..., i] for i in (1, 2, 3, 4))
    phase = 6.3 * pick(t["cloth_value"], 5.0)[:, None]
    ax = x.abs()
    free = ((across - 30) / 50).clamp(0, 1)
    hang = (0.085 * ax + 0.16 * y + 0.05 * z + phase + 0.9 * (0.045 * x + phase).sin()).sin()
    pull = (0.19 * ax - 0.06 * y + 1.7 * phase + 0.7 * (0.06 * y - phase).sin()).sin()
    return free * (1.3 * hang + 0.7 * pull * hang.abs())


def cloth(t: Mapping[str, Tensor], own: Body, vertices: Tensor) -> Part:
    """The clothing of B people over their body vertices [B, V, 3]."""
    table = _table(own.grid, vertices.device)
    worn = outfit(t)
    sheet = vertices + table.drape
    corner, share = table.corner[worn.shell], table.share[worn.shell]
    count, cells = corner.shape[:2]
    both = torch.cat([sheet, normals(sheet, own.grid)], -1)
    index = corner.view(count, -1, 1).expand(-1, -1, 6)
    near = both.gather(1, index).view(count, cells, 4, 6)
    mixed = (near * share[..., None]).sum(2)
    at, normal = mixed[..., :3], mixed[..., 3:]
    chart = table.chart[worn.shell]
    off = table.off[worn.shell] + _folds(t, chart)
    place = at + normalize(normal, dim=-1) * off[..., None]
    place[..., 1] += table.lift[worn.shell]
    yes = torch.ones_like(worn.hood)
    shown = torch.stack([yes, worn.collar, worn.hood, worn.jacket, worn.jacket], 1)
    return Part(place, table.faces, table.piece, chart, shown)
