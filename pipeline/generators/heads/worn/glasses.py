"""Choose and put on glasses: kinds, materials and colours of frames, fitted to the face."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from pipeline.generators.generator import SEGMENTS
from pipeline.generators.heads.worn import frame
from pipeline.generators.heads.worn.frame import PAD, PIECES, RIM
from pipeline.generators.heads.worn.material import Material
from pipeline.generators.heads.worn.outline import KINDS
from pipeline.generators.heads.worn.palette import choose, swatches
from pipeline.generators.heads.worn.part import Part, constant, pick

ROUND, OVAL, SQUARE, AVIATOR, CAT, HALF, PANTO = range(len(KINDS))
BLACK, TORTOISE, BROWN, COLORED, CLEAR, GOLD, SILVER, GUNMETAL = range(8)
_TINTS = ("0d0c0d", "3a1c0c", "4a2c1a", "808080", "b9a999", "e0b877", "d6d8dc", "4a4c52")
_BRIGHT = ("274a6b", "7a2634", "2f5a4c", "a85a4a", "5a3f66", "b9a07a", "35628f")


@dataclass(frozen=True)
class Style:
    """The frames of B people: kind and material int64 [B], half sizes of the section in mm [B]."""

    kind: Tensor
    material: Tensor
    wide: Tensor
    thick: Tensor


def style(t: Mapping[str, Tensor]) -> Style:
    """Choose the frames of B people."""
    shape, color, bold = t["frame_shape_p"], t["frame_color_p"], t["frame_size_p"]
    kind = (shape[:, None] > constant([0.16, 0.28, 0.52, 0.63, 0.76, 0.86], shape)).sum(1)
    # Cat eyes on feminine people, the same share of square frames on the others.
    kind = torch.where((kind == CAT) & (t["m_style"] > 0.5), SQUARE, kind)
    kind = torch.where((kind == AVIATOR) & (t["age"] < 16), PANTO, kind)
    wire = (kind == AVIATOR) | (kind == HALF)
    wire = wire | ((kind == ROUND) & (pick(t["frame_size"], 1.0) < 0.7))
    wire = wire | ((kind == OVAL) & (pick(t["frame_size"], 2.0) < 0.6))
    acetate = (color[:, None] > constant([0.34, 0.58, 0.70, 0.88], color)).sum(1)
    metal = GOLD + (color[:, None] > constant([0.36, 0.70], color)).sum(1)
    return Style(
        kind=kind,
        material=torch.where(wire, metal, acetate),
        wide=torch.where(wire, 0.95 + 0.25 * bold, 1.7 + 0.9 * bold),
        thick=torch.where(wire, 0.90 + 0.1 * bold, 1.3 + 0.4 * bold),
    )


@lru_cache(maxsize=8)
def _topology(device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Faces and pieces of the frames, and faces of the lenses."""
    arrays = (*frame.frame_topology(), frame.lens_topology())
    faces, piece, glass = (torch.as_tensor(v, device=device) for v in arrays)
    return faces, piece, glass


def glasses(
    t: Mapping[str, Tensor], eyes: Tensor, bridge: Tensor, ears: Tensor
) -> tuple[Part, Part]:
    """Frames and lenses of B people from anchors as the package describes."""
    wears = t["glasses"] > 0.5
    faces, piece, glass = _topology(eyes.device)
    if not bool(wears.any()):
        nobody = eyes.new_zeros(len(eyes), int(faces.max()) + 1, 3)
        lens = eyes.new_zeros(len(eyes), int(glass.max()) + 1, 3)
        hidden = wears[:, None].expand(-1, PIECES)
        return (Part(nobody, faces, piece, nobody, hidden),
                Part(lens, glass, torch.zeros_like(glass[:, 0]), lens, wears[:, None]))  # fmt: skip
    own = style(t)
    half = own.kind == HALF
    scale = 1 + 0.035 * t["frame_size"]
    fitted = frame.fit(own.kind, own.wide, own.thick, half, scale, eyes, bridge)
    vertices = frame.frame_vertices(fitted, ears)
    metal, twin = own.material >= GOLD, own.kind == AVIATOR
    shown = torch.stack([wears, half, wears, twin, wears, metal, wears], 1) & wears[:, None]
    rims = Part(vertices, faces, piece, vertices - eyes.mean(1, keepdim=True), shown)
    domes = frame.lens_vertices(fitted)
    return rims, Part(domes, glass, torch.zeros_like(glass[:, 0]), domes, wears[:, None])


def paint(t: Mapping[str, Tensor], piece: Tensor, chart: Tensor, b: Tensor) -> Material:
    """Material of samples of frames."""
    own = style(t)
    tint = swatches(_TINTS, chart)[own.material]
    bright = choose(pick(t["frame_color"], 9.0), _BRIGHT)
    tint = torch.where((own.material == COLORED)[:, None], bright, tint)
    albedo, material = tint[b], own.material[b]
    # Tortoiseshell: amber clouds in dark brown, through which light seems to come.
    x, y, z = chart.unbind(-1)
    cloud = (0.42 * x + 1.9 * (0.31 * y + 0.2 * z).sin()).sin()
    cloud = cloud + (0.50 * y - 0.23 * x + 0.37 * z + 1.3 * (0.27 * x).sin()).sin()
    share = ((cloud - 0.1) / 1.2).clamp(0, 1) * (material == TORTOISE)
    albedo = torch.lerp(albedo, swatches(("b06a28",), chart), 0.85 * share[:, None])
    # Pads, and the edges of lenses without a rim, are of clear plastic.
    clear = (piece == PAD) | ((piece == RIM) & (own.kind == HALF)[b])
    albedo = torch.where(clear[:, None], 0.45, albedo)
    metal = ((material >= GOLD) & ~clear).to(chart.dtype)
    return Material(
        albedo=albedo,
        specular=torch.ones_like(x),
        roughness=0.22 + 0.04 * metal,
        metal=metal,
        sheen=torch.zeros_like(x),
        segment=torch.full_like(b, SEGMENTS.index("glasses")),
    )
