"""Put glasses on people: rims, bridge, pads and temples fitted to eyes, nose and ears."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.generators.generator import SEGMENTS
from pipeline.generators.heads_new.worn.material import Material
from pipeline.generators.heads_new.worn.outline import KINDS, POINTS, outlines
from pipeline.generators.heads_new.worn.palette import choose, swatches
from pipeline.generators.heads_new.worn.part import Part, constant, pick, stack_faces
from pipeline.generators.heads_new.worn.tube import bezier, tube, tube_faces

ROUND, OVAL, SQUARE, AVIATOR, CAT, HALF, PANTO = range(len(KINDS))
RIM, HALF_RIM, BRIDGE, TOP_BAR, TEMPLE, PAD, HINGE = range(7)
"""Pieces of a frame."""

RINGS = 5
"""Rings of a lens from its middle outwards."""

_BRIDGE_POINTS, _TEMPLE_POINTS, _PAD_POINTS = 11, 18, 7


@dataclass(frozen=True)
class Style:
    """The frames of B people: kind and material int64 [B], half widths of rims in mm [B]."""

    kind: Tensor
    material: Tensor
    wide: Tensor
    thick: Tensor


BLACK, TORTOISE, BROWN, COLORED, CLEAR, GOLD, SILVER, GUNMETAL = range(8)


def style(t: Mapping[str, Tensor]) -> Style:
    """Choose the frames of B people."""
    shape, color, m = t["frame_shape_p"], t["frame_color_p"], t["m_style"]
    edges = constant([0.16, 0.28, 0.52, 0.63, 0.76, 0.86], shape)
    kind = (shape[:, None] > edges).sum(1)
    # Cat eyes on feminine people, the same share of square frames on the others.
    kind = torch.where((kind == CAT) & (m > 0.5), torch.full_like(kind, SQUARE), kind)
    kind = torch.where((kind == AVIATOR) & (t["age"] < 16), torch.full_like(kind, PANTO), kind)
    wire = (kind == AVIATOR) | (kind == HALF)
    wire = wire | ((kind == ROUND) & (pick(t["frame_size"], 1.0) < 0.7))
    wire = wire | ((kind == OVAL) & (pick(t["frame_size"], 2.0) < 0.6))
    acetate = (color[:, None] > constant([0.34, 0.58, 0.70, 0.88], color)).sum(1)
    metal = GOLD + (color[:, None] > constant([0.36, 0.70], color)).sum(1)
    bold = t["frame_size_p"]
    return Style(
        kind=kind,
        material=torch.where(wire, metal, acetate),
        wide=torch.where(wire, 0.75 + 0.2 * bold, 1.7 + 0.9 * bold),
        thick=torch.where(wire, 0.75 + 0.1 * bold, 1.3 + 0.4 * bold),
    )


def _front(x: Tensor, y: Tensor, z: Tensor, tilt: float = 0.12, wrap: float = 0.0022) -> Tensor:
    """Points on the curved plane of the front: x, y in mm from its middle, z of the middle."""
    back = 4.0 * ((x.abs() - 8).clamp(min=0) / 62) ** 2 + wrap * x.square()
    return torch.stack([x, y - 0.01 * x.abs(), z - back + tilt * y], -1)


@lru_cache(maxsize=1)
def _topology() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    half = POINTS // 2 + 3
    meshes: list[tuple[NDArray[np.int64], int, int]] = []
    for _ in range(2):
        meshes.append((tube_faces(POINTS, 8, True), POINTS * 8, RIM))
        meshes.append((tube_faces(half, 8, False), half * 8, HALF_RIM))
        meshes.append((tube_faces(_TEMPLE_POINTS, 8, False), _TEMPLE_POINTS * 8, TEMPLE))
        meshes.append((tube_faces(_PAD_POINTS, 8, False), _PAD_POINTS * 8, PAD))
        meshes.append((tube_faces(4, 8, False), 32, HINGE))
    meshes.append((tube_faces(_BRIDGE_POINTS, 8, False), _BRIDGE_POINTS * 8, BRIDGE))
    meshes.append((tube_faces(_BRIDGE_POINTS, 8, False), _BRIDGE_POINTS * 8, TOP_BAR))
    return stack_faces(meshes)


@lru_cache(maxsize=1)
def _lens_faces() -> NDArray[np.int64]:
    i, j = (g.ravel() for g in np.meshgrid(np.arange(RINGS - 1), np.arange(POINTS), indexing="ij"))
    k = (j + 1) % POINTS
    a, b, c, d = i * POINTS + j, i * POINTS + k, (i + 1) * POINTS + j, (i + 1) * POINTS + k
    return np.concatenate([np.stack([a, c, b], 1), np.stack([b, c, d], 1)])


def glasses(t: Mapping[str, Tensor], eyes: Tensor, bridge: Tensor, ears: Tensor) -> tuple[Part, Part]:
    """Frames and lenses of B people from anchors as the package describes."""
    own = style(t)
    count, device = len(eyes), eyes.device
    gap = 0.5 * (eyes[:, 1, 0] - eyes[:, 0, 0])
    size = (0.60 + 0.40 * gap / 31.5) * (1 + 0.035 * t["frame_size"])
    curve = constant(outlines(), eyes)[own.kind] * size[:, None, None]
    # The nasal edge keeps clear of the nose, so that large lenses move outwards.
    nasal = -curve[..., 0].amin(1)
    middle_x = torch.maximum(gap + 0.8, nasal + 7.5)
    middle_y = eyes[:, :, 1].mean(1) - 2.2
    z = torch.maximum(eyes[:, :, 2].mean(1) + 13.5, bridge[:, 2] + 2.5)
    wide, thick = own.wide, own.thick
    half = own.kind == HALF
    # Below a half rim the bare edge of the lens is seen.
    edge_wide, edge_thick = torch.where(half, 0.35, wide), torch.where(half, 0.6, thick)

    def place(x: Tensor, y: Tensor) -> Tensor:
        shift = torch.stack([0.5 * (eyes[:, 0, 0] + eyes[:, 1, 0]), middle_y, 0 * z], -1)
        return _front(x, y, z[:, None]) + shift[:, None]

    def ring(path: Tensor, w: Tensor, h: Tensor, closed: bool, side: Tensor) -> Tensor:
        points = path.shape[1]
        across = side.expand_as(path)
        return tube(path, across, w[:, None].expand(-1, points), h[:, None].expand(-1, points), 8,
                    closed, power=0.75)  # fmt: skip

    ahead = constant([0.0, 0.0, 1.0], eyes)[None, None]
    upward = constant([0.0, 1.0, 0.0], eyes)[None, None]
    parts, lenses, charts = [], [], []
    upper = torch.arange(-1, POINTS // 2 + 2, device=device) % POINTS
    for side, sign in ((0, -1.0), (1, 1.0)):
        x, y = sign * (middle_x[:, None] + curve[..., 0]), curve[..., 1]
        rim = place(x, y)
        if side == 0:
            rim = rim.flip(1)
        parts.append(ring(rim, edge_thick, edge_wide, True, ahead))
        top = place(x[:, upper], y[:, upper])
        parts.append(ring(top, thick + 0.3, wide * 1.15, False, ahead))
        # The temple starts at the outer upper corner, runs to the ear and bends down behind it.
        corner = POINTS // 14
        hinge = rim[:, POINTS - 1 - corner] if side == 0 else rim[:, corner]
        out = constant([sign * 3.2, 0.8, -2.5], eyes)
        start = hinge + out
        ear = ears[:, side] + constant([sign * 3.5, 2.5, 4.0], eyes)
        reach = (start - ear) * 0.35
        swell = torch.stack([sign * (5.0 + 0 * z), 0 * z, 0 * z], -1)
        arm = bezier(start, start - reach * constant([0.15, 0.7, 1.0], eyes) + swell, ear + reach + 0.7 * swell, ear, 12)
        hook = ear + constant([-sign * 1.0, -9.0, -9.0], eyes)
        tip = ear + constant([-sign * 7.0, -24.0, -14.0], eyes)
        bend = bezier(ear, ear - reach * 0.22, hook, tip, _TEMPLE_POINTS - 11)[:, 1:]
        temple = torch.cat([arm, bend], 1)
        deep = torch.linspace(1.0, 0.72, _TEMPLE_POINTS, device=device)[None] * (0.85 * wide + 0.35)[:, None]
        flat = (0.55 * thick)[:, None].clamp(min=0.65).expand(-1, _TEMPLE_POINTS)
        parts.append(tube(temple, upward.expand_as(temple), deep, flat, 8, False, power=0.75))
        pad_at = torch.stack([sign * (middle_x - nasal - 0.8), -7.0 * size, 0 * z], -1)
        pad = place(pad_at[:, :1], pad_at[:, 1:2])[:, 0] + constant([-sign * 1.2, 0, -5.0], eyes)
        lean = constant([sign * 1.6, -4.2, -1.6], eyes)
        steps = torch.linspace(-1, 1, _PAD_POINTS, device=device)
        pads = pad[:, None] + steps[None, :, None] * lean
        swelling = (1 - steps.abs() ** 3).clamp(min=0.05).sqrt()[None].expand(count, -1)
        parts.append(tube(pads, ahead.expand_as(pads), 2.2 * swelling, 1.0 * swelling, 8, False))
        joint = bezier(hinge, hinge + 0.6 * out, start, start + constant([0, 0, -2.0], eyes), 4)
        tall = (1.0 * wide + 0.4)[:, None].expand(-1, 4)
        parts.append(tube(joint, upward.expand_as(joint), tall, 0.9 * tall.clamp(max=1.4), 8, False, power=0.75))
        scale = torch.linspace(0.02, 1.0, RINGS, device=device)[:, None]
        inner = place((sign * (middle_x[:, None, None] + curve[:, None, :, 0] * scale)).flatten(1),
                      (curve[:, None, :, 1] * scale).flatten(1))  # fmt: skip
        bulge = (1.6 * (1 - scale.square())).expand(RINGS, POINTS).flatten()
        inner = inner + bulge[None, :, None] * ahead
        if side == 0:
            inner = inner.view(count, RINGS, POINTS, 3).flip(2).flatten(1, 2)
        lenses.append(inner)

    def bar(height: float, arch: float, thickness: Tensor) -> Tensor:
        index = int(POINTS * (0.5 - height / 360))
        end_x = middle_x + curve[:, index, 0] + 0.4
        end_y = curve[:, index, 1]
        u = torch.linspace(-1, 1, _BRIDGE_POINTS, device=device)[None]
        path = place(u * end_x[:, None], end_y[:, None] + arch * (1 - u.square()))
        return ring(path, thickness, 0.9 * wide + 0.15, False, ahead)

    parts.append(bar(28.0, 2.6, thick))
    parts.append(bar(52.0, 1.0, 0.9 * thick))
    vertices = torch.cat(parts, 1)
    faces, piece = _topology()
    charts = vertices - eyes.mean(1, keepdim=True)
    wears = t["glasses"] > 0.5
    twin = own.kind == AVIATOR
    metal = own.material >= GOLD
    shown = torch.stack([wears, half, wears, twin, wears, metal, wears], 1) & wears[:, None]
    frame = Part(vertices, torch.as_tensor(faces, device=device),
                 torch.as_tensor(piece, device=device), charts, shown)  # fmt: skip
    one = torch.as_tensor(_lens_faces(), device=device)
    both = torch.cat([one, one + RINGS * POINTS])
    glass = torch.cat(lenses, 1)
    lens = Part(glass, both, torch.zeros_like(both[:, 0]), glass, wears[:, None])
    return frame, lens


def paint(t: Mapping[str, Tensor], piece: Tensor, chart: Tensor, b: Tensor) -> Material:
    """Material of samples of frames."""
    own = style(t)
    material = own.material[b]
    hue = pick(t["frame_color"], 9.0)
    bright = choose(hue, ("274a6b", "7a2634", "2f5a4c", "a85a4a", "5a3f66", "b9a07a", "35628f"))
    table = swatches(
        ("0d0c0d", "3a1c0c", "4a2c1a", "808080", "b9a999", "e0b877", "d6d8dc", "4a4c52"), hue
    )
    albedo = table[material]
    albedo = torch.where((material == COLORED)[:, None], bright[b], albedo)
    # Tortoiseshell: amber clouds in dark brown, through which light seems to come.
    x, y, z = chart.unbind(-1)
    cloud = (0.42 * x + 1.9 * (0.31 * y + 0.2 * z).sin()).sin() + (0.50 * y - 0.23 * x + 0.37 * z + 1.3 * (0.27 * x).sin()).sin()
    amber = swatches(("b06a28",), hue)
    share = ((cloud - 0.1) / 1.2).clamp(0, 1)[:, None] * (material == TORTOISE)[:, None]
    albedo = torch.lerp(albedo, amber, 0.85 * share)
        bare = (piece == PAD) | ((piece == RIM) & (own.kind == HALF)[b])
    albedo = torch.where(bare[:, None], 0.45 + 0 * albedo, albedo)
    metal = ((material >= GOLD) & ~bare).to(chart.dtype)
    return Material(
        albedo=albedo,
        specular=1.0 + 0 * x,
        roughness=torch.where(metal > 0, 0.26, 0.22),
        metal=metal,
        sheen=0 * x,
        segment=torch.full_like(b, SEGMENTS.index("glasses")),
    )
