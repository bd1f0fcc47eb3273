"""Set up B people before the camera: skin, worn things and hair, as surfaces and strands."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from pipeline.generators.heads import hair
from pipeline.generators.heads import mesh as meshes
from pipeline.generators.heads.camera import Camera, camera
from pipeline.generators.heads.gbuffer import Surface
from pipeline.generators.heads.light import Lights, lights
from pipeline.generators.heads.mesh import Mesh, deform, incident, normals
from pipeline.generators.heads.template import EYE_RADIUS
from pipeline.generators.heads.worn import body, cloth, glasses, jewellery
from pipeline.generators.heads.worn.part import Part

BODY_GRID = ((96, 26, 48), (320, 44, 80), (1024, 64, 120))
"""Picture size up to which a body of (rows, columns) serves."""


@dataclass(frozen=True)
class Scene:
    """B people, lit and looked at.

    head: the mesh of the heads; vertices: float32 [B, V, 3], head space. skin, neck, clothes,
    frames, jewels, lenses: surfaces in the world. strands: the hair.
    """

    traits: Mapping[str, Tensor]
    camera: Camera
    lights: Lights
    head: Mesh
    vertices: Tensor
    skin: Surface
    neck: Surface
    clothes: Surface
    frames: Surface
    jewels: Surface
    lenses: Surface
    strands: hair.Posed

    def points(self, name: str) -> Tensor:
        """Carried points of the heads, head space: float32 [B, n, 3]."""
        return self.vertices[:, self.head.carried[name]]

    @property
    def solid(self) -> tuple[Surface, ...]:
        """What is opaque, numbered SKIN to JEWELS."""
        return self.skin, self.neck, self.clothes, self.frames, self.jewels


SKIN, NECK, CLOTHES, FRAMES, JEWELS = range(5)


def scene(t: Mapping[str, Tensor], size: int, side: int) -> Scene:
    """B people of traits t, [B] each, for pictures of `size` px drawn at side x side samples."""
    view = camera(t, side)
    head = _head(size, t["yaw"].device)
    vertices = deform(head, t)
    placed = view.world(vertices)
    used = int(head.faces.max()) + 1
    normal = normals(vertices, head.faces, head.around)
    attributes = torch.cat([head.rest, head.chart], 1)[None, :used]
    skin = Surface(placed[:, :used], view.directions(normal), attributes, head.faces, head.part)

    def carried(name: str) -> Tensor:
        return vertices[:, head.carried[name]]

    torso = body.body(*next((r, c) for most, r, c in BODY_GRID if size <= most))
    bare = body.vertices(t, torso)
    faces, follow, chart = _torso(torso.grid, bare.device)
    moved = _follow(view, bare, follow)
    neck = Surface(moved, _outward(moved, faces), chart, faces, torch.zeros_like(faces[:, 0]))
    worn = cloth.cloth(t, torso, bare)
    clothes = _worn(view, worn, cloth.follow(t, torso))
    eyes = carried("eyes") + torch.tensor([0.0, 0.0, EYE_RADIUS], device=bare.device)
    frame, lens = glasses.glasses(t, eyes, carried("bridge")[:, 0], carried("ear_tops"))
    jewels = jewellery.jewellery(t, carried("ear_lobes"), carried("nostril")[:, 0])
    strands = hair.pose(hair.grow(t, carried("roots"), normal[:, head.below], size), view)
    return Scene(
        t, view, lights(t), head, vertices, skin, neck, clothes,
        _worn(view, frame), _worn(view, jewels), _worn(view, lens), strands,
    )  # fmt: skip


@lru_cache(maxsize=8)
def _torso(grid: tuple[int, int], device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Faces, `follow` [1, V] and chart [1, V, 5] of a body of that grid."""
    own = body.body(*grid)
    rest = torch.from_numpy(own.rest).float()
    around = 70 * torch.atan2(rest[:, 0], rest[:, 2] + 85)
    chart = torch.cat([rest, around[:, None], rest[:, 1:2]], 1)[None]
    follow = torch.from_numpy(own.follow).float()[None]
    return torch.from_numpy(own.faces).to(device), follow.to(device), chart.to(device)


@lru_cache(maxsize=8)
def _head(size: int, device: torch.device) -> Mesh:
    return meshes.level(size).to(device)


def _follow(view: Camera, p: Tensor, follow: Tensor) -> Tensor:
    """Points [B, V, 3] in the world, turned with the head as far as `follow` [B or 1, V] says."""
    with_head, with_body = view.world(p), view.world(p, body=True)
    return with_body + (with_head - with_body) * follow[..., None]


def _outward(vertices: Tensor, faces: Tensor) -> Tensor:
    return normals(vertices, faces, incident(faces, vertices.shape[1]))


def _worn(view: Camera, part: Part, follow: Tensor | None = None) -> Surface:
    placed = view.world(part.vertices) if follow is None else _follow(view, part.vertices, follow)
    return Surface(
        placed, _outward(placed, part.faces), part.chart, part.faces, part.piece,
        part.shown[:, part.piece], closed=False,
    )  # fmt: skip
