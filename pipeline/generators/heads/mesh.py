"""Put head, ears and carried points into one mesh, and deform it into people."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from pipeline.generators.heads import ear
from pipeline.generators.heads.hair.roots import roots
from pipeline.generators.heads.landmarks import landmarks, nearest_front
from pipeline.generators.heads.shapes import SHAPES, amounts
from pipeline.generators.heads.shapes.average import average
from pipeline.generators.heads.template import EAR, EYE, template
from pipeline.generators.heads.vectors import unit

LEVELS = ((96, 58, 74, 14), (160, 104, 132, 24), (320, 140, 184, 30), (1024, 210, 280, 45))
"""Picture size up to which a mesh of (rows, columns, rings of an ear) serves."""

_EYE_SHAPES = ("skull_width", "face_width", "eye_spacing", "eye_depth", "child", "asymmetry")
"""What moves the eyeballs; all else moves only the lids."""


@dataclass(frozen=True)
class Mesh:
    """The template at one level of detail, with its basis of shapes.

    rest: float32 [V, 3]; chart: float32 [V, 2]; faces: int64 [F, 3]; part: int64 [F], as in
    `template`. form: float32 [V, 3], the average adult. basis: float32 [K, V * 3], of the shapes
    `names`. carried: name -> slice of the vertices that belong to no face: `eyes` (left of the
    picture first), `landmarks`, `roots` of hair, anchors of what is worn. below: int64, the vertex
    under each root.
    """

    rest: Tensor
    form: Tensor
    chart: Tensor
    faces: Tensor
    part: Tensor
    around: Tensor
    basis: Tensor
    below: Tensor
    names: tuple[str, ...]
    carried: Mapping[str, slice]

    def to(self, device: torch.device) -> "Mesh":
        """The same mesh on another device."""
        moved: dict[str, Any] = {
            name: value.to(device)
            for name, value in vars(self).items()
            if isinstance(value, Tensor)
        }
        return replace(self, **moved)


@lru_cache(maxsize=8)
def mesh(rows: int, columns: int, rings: int) -> Mesh:
    """The template of rows x columns vertices, ears of `rings` rings, and all carried points."""
    head = template(rows, columns)
    ear_rest, ear_faces = ear.ears(rings, 2 * rings)
    count = len(head.rest)
    groups: dict[str, np.ndarray] = {
        "eyes": EYE * [[-1, 1, 1], [1, 1, 1]],
        "landmarks": landmarks(),
        "ear_tops": _ear_point(14.0, -13.0),
        "ear_lobes": _ear_point(-27.0, -3.0),
        "bridge": nearest_front(np.array([[0.0, 4.0]])),
        "nostril": nearest_front(np.array([[15.0, -40.0]])),
        "roots": roots().rest,
    }
    rest = np.concatenate([head.rest, ear_rest, *groups.values()])
    carried, at = {}, count + len(ear_rest)
    for name, points in groups.items():
        carried[name] = slice(at, at + len(points))
        at += len(points)
    on_ear = np.zeros(len(rest), bool)
    on_ear[count : count + len(ear_rest)] = True
    for name in ("ear_tops", "ear_lobes"):
        on_ear[carried[name]] = True
    chart = np.stack([70 * np.arctan2(rest[:, 0], rest[:, 2] + 85), rest[:, 1]], 1)
    chart[:count] = head.chart
    faces = np.concatenate([head.faces, ear_faces + count])
    part = np.concatenate([head.part, np.full(len(ear_faces), EAR)])
    form = rest + _average(rest, on_ear, carried["eyes"])
    names, basis = _basis(rest, on_ear, carried["eyes"])
    _, below = cKDTree(head.rest).query(groups["roots"])
    return Mesh(
        torch.from_numpy(rest).float(), torch.from_numpy(form).float(),
        torch.from_numpy(chart).float(),
        torch.from_numpy(faces), torch.from_numpy(part),
        incident(torch.from_numpy(faces), count + len(ear_rest)),
        torch.from_numpy(basis).float().contiguous(), torch.from_numpy(below), names, carried,
    )  # fmt: skip


def _ear_point(up: float, back: float) -> np.ndarray:
    axes = [v / np.linalg.norm(v) for v in (ear.UP, ear.BACK, ear.OUT)]
    one = ear.CENTER + up * axes[0] + back * axes[1] + 2.0 * axes[2]
    return np.stack([one * [-1, 1, 1], one])


def _attached(rest: np.ndarray, on_ear: np.ndarray) -> np.ndarray:
    """Rest points with all of an ear where it is attached."""
    where = rest.copy()
    where[on_ear] = ear.ATTACH * np.stack(
        [np.sign(rest[on_ear, 0]), np.ones(on_ear.sum()), np.ones(on_ear.sum())], 1
    )
    return where


def _average(rest: np.ndarray, on_ear: np.ndarray, eyes: slice) -> np.ndarray:
    """From rest points [V, 3] to the average adult; the eyeballs stay."""
    out = average(_attached(rest, on_ear))
    out[eyes] = 0
    return np.asarray(out + ear.ear_average(rest) * on_ear[:, None])


def _basis(rest: np.ndarray, on_ear: np.ndarray, eyes: slice) -> tuple[tuple[str, ...], np.ndarray]:
    """Displacements of every shape; ears go along with the place where they are attached."""
    where = _attached(rest, on_ear)
    fields = {}
    for name, shape in SHAPES.items():
        field = shape(where)
        if name not in _EYE_SHAPES:
            field[eyes] = 0
        fields[name] = field
    for name, shape in (("ear_size", ear.ear_size), ("ear_stand", ear.ear_stand)):
        fields[name] = shape(rest) * on_ear[:, None]
    fields["mature"] += 0.4 * ear.ear_old(rest) * on_ear[:, None]
    fields["old"] += 0.9 * ear.ear_old(rest) * on_ear[:, None]
    fields["child"] -= 0.8 * ear.ear_size(rest) * on_ear[:, None]
    return tuple(fields), np.stack([f.ravel() for f in fields.values()])


def deform(base: Mesh, t: Mapping[str, Tensor]) -> Tensor:
    """Vertices of B people with traits t: float32 [B, V, 3], mm in head space."""
    amount = amounts(t) | {name: t[name] for name in ("ear_size", "ear_stand")}
    coefficients = torch.stack([amount[name] for name in base.names], 1)
    # One product a person: how a matrix product rounds depends on its shape.
    moved = torch.stack([row @ base.basis for row in coefficients])
    return moved.view(len(coefficients), -1, 3) + base.form


@lru_cache(maxsize=32)
def incident(faces: Tensor, count: int) -> Tensor:
    """For each of `count` vertices the faces around it: int64 [K, V], padded with len(faces)."""
    vertex, order = faces.flatten().sort(stable=True)
    many = torch.bincount(vertex, minlength=count)
    slot = torch.arange(len(vertex), device=faces.device) - (many.cumsum(0) - many)[vertex]
    around = torch.full((int(many.max()), count), len(faces), device=faces.device)
    around[slot, vertex] = order // 3
    return around


def normals(vertices: Tensor, faces: Tensor, around: Tensor) -> Tensor:
    """Unit normals [B, V, 3] of vertices [B, V, 3], weighted by area; `around` as of `incident`.

    Gathers instead of scattering: several times faster, and sums in a fixed order.
    """
    b = len(vertices)
    # Rows of a table: `index_select` is several times slower along a third axis.
    axes = vertices.transpose(1, 2).reshape(3 * b, -1)
    p, q, r = (axes.index_select(1, faces[:, k]).view(b, 3, -1) for k in range(3))
    e, g = q - p, r - p
    n = torch.zeros(b, 3, len(faces) + 1, device=vertices.device)
    for k in range(3):
        i, j = (k + 1) % 3, (k + 2) % 3
        torch.sub(e[:, i] * g[:, j], e[:, j] * g[:, i], out=n[:, k, :-1])
    total = n.flatten(0, 1).index_select(1, around.flatten()).view(b, 3, *around.shape).sum(2)
    return unit(total.transpose(0, 1)).permute(1, 2, 0)


def level(size: int) -> Mesh:
    """The mesh for pictures of `size` px."""
    for largest, *shape in LEVELS:
        if size <= largest:
            return mesh(*shape)
    return mesh(*LEVELS[-1][1:])
