"""Rasterise the meshes of B people and interpolate what shading needs at every visible sample."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.generators.heads import raster
from pipeline.generators.heads.camera import Camera
from pipeline.generators.heads.vectors import unit


@dataclass(frozen=True)
class Surface:
    """One triangle mesh on each of B people.

    position, normal: float32 [B, V, 3], world, mm. attributes: float32 [B or 1, V, C], whatever
    its painter wants interpolated. faces: int64 [F, 3], counter-clockwise from outside. piece:
    int64 [F]. shown: bool [B, F], or None for all. closed: faces that look away are never seen.
    """

    position: Tensor
    normal: Tensor
    attributes: Tensor
    faces: Tensor
    piece: Tensor
    shown: Tensor | None = None
    closed: bool = True

    def corners(self, screen: Tensor, facing: bool) -> tuple[Tensor, Tensor, Tensor]:
        """Corners [3, 3 corners, T] of the faces shown, with the person and the face of each, [T].

        Args:
            screen: float32 [B, V, 3], the projected vertices.
            facing: leave out faces of a closed mesh that look away.
        """
        table = screen.permute(2, 0, 1).contiguous()
        seen = torch.ones(len(screen), len(self.faces), dtype=torch.bool, device=screen.device)
        if facing and self.closed:
            plane = table[:2].flatten(0, 1)
            (x0, y0), (x1, y1), (x2, y2) = (
                plane.index_select(1, corner).view(2, len(screen), -1) for corner in self.faces.t()
            )
            seen = (x1 - x0) * (y2 - y0) < (x2 - x0) * (y1 - y0)
        if self.shown is not None:
            seen = seen & self.shown
        person, face = torch.nonzero(seen, as_tuple=True)
        at = self.faces.t().index_select(1, face) + person * screen.shape[1]
        return table.flatten(1).index_select(1, at.flatten()).view(3, 3, -1), person, face


@dataclass(frozen=True)
class Samples:
    """N visible samples of a surface.

    cell: int64 [N], place in the buffer; person, piece: int64 [N]; position, normal: float32
    [N, 3], world; attributes: float32 [N, C]; all three are transposed views, which keeps columns
    contiguous. Normals of open surfaces face the camera.
    """

    cell: Tensor
    person: Tensor
    piece: Tensor
    position: Tensor
    normal: Tensor
    attributes: Tensor

    def where(self, chosen: Tensor) -> "Samples":
        """The chosen samples, by mask or index."""
        return Samples(*(_rows(getattr(self, name), chosen) for name in self.__dataclass_fields__))

    def joined(self, other: "Samples") -> "Samples":
        """These samples, then the other's; both have the same attributes."""
        return Samples(
            *(_cat(getattr(self, name), getattr(other, name)) for name in self.__dataclass_fields__)
        )

    def __len__(self) -> int:
        return len(self.cell)


def draw(buffer: Tensor, surfaces: Sequence[Surface], camera: Camera) -> list[Tensor]:
    """Draw the meshes into `buffer` [B * side * side]; returns their projected vertices.

    Faces are numbered through all meshes.
    """
    first, screens = 0, []
    for surface in surfaces:
        screen = camera.project(surface.position)
        corners, person, face = surface.corners(screen, facing=True)
        start = person * camera.side**2
        raster.triangles(buffer, corners, start, face + first, camera.side)
        screens.append(screen)
        first += len(surface.faces)
    return screens


def resolve(
    buffer: Tensor, surfaces: Sequence[Surface], screens: Sequence[Tensor], camera: Camera
) -> list[Samples]:
    """The visible samples of each surface."""
    cell = torch.nonzero(buffer != raster.EMPTY)[:, 0]
    number = raster.number(buffer[cell])
    first, found = 0, []
    for surface, screen in zip(surfaces, screens, strict=True):
        mine = (number >= first) & (number < first + len(surface.faces))
        found.append(interpolate(surface, screen, cell[mine], number[mine] - first, camera))
        first += len(surface.faces)
    return found


def interpolate(
    surface: Surface, screen: Tensor, cell: Tensor, face: Tensor, camera: Camera
) -> Samples:
    """What face [N] of a surface shows at cells [N]."""
    side = camera.side
    person, inner = cell // (side * side), cell % (side * side)
    px, py = (inner % side).float() + 0.5, (inner // side).float() + 0.5
    corner = surface.faces.t().index_select(1, face)
    at = corner + person * screen.shape[1]
    fixed = len(surface.attributes) == 1
    w = raster.weights(_table(screen[..., :2]), at, px, py)
    position = _mixed(_table(surface.position), at, w)
    normal = unit(_mixed(_table(surface.normal), at, w))
    attributes = _mixed(_table(surface.attributes), corner if fixed else at, w)
    if not surface.closed:
        eye = torch.tensor(camera.eye, device=cell.device)[:, None]
        away = ((position - eye) * normal).sum(0) > 0
        normal = torch.where(away, -normal, normal)
    return Samples(cell, person, surface.piece[face], position.t(), normal.t(), attributes.t())


def _rows(values: Tensor, chosen: Tensor) -> Tensor:
    return values[chosen] if values.dim() == 1 else values.t()[:, chosen].t()


def _cat(a: Tensor, b: Tensor) -> Tensor:
    """Rows of a, then of b; columns stay contiguous."""
    return torch.cat([a, b]) if a.dim() == 1 else torch.cat([a.t(), b.t()], 1).t()


def _table(values: Tensor) -> Tensor:
    """[B, V, C] as [C, B * V]."""
    return values.flatten(0, 1).t().contiguous()


def _mixed(table: Tensor, at: Tensor, w: Tensor) -> Tensor:
    """Rows of table [C, V] at corners [3, N], mixed by weights [3, N]: [C, N]."""
    out = table.index_select(1, at[0]) * w[0]
    out.addcmul_(table.index_select(1, at[1]), w[1])
    return out.addcmul_(table.index_select(1, at[2]), w[2])
