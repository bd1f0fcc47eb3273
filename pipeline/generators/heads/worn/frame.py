"""Build the geometry of glasses: rims, lenses, bridge, pads and temples on a fitted plane."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.generators.heads.worn.outline import POINTS, outlines
from pipeline.generators.heads.worn.part import constant, grid_faces, stack_faces
from pipeline.generators.heads.worn.tube import bezier, tube, tube_faces

RIM, HALF_RIM, BRIDGE, TOP_BAR, TEMPLE, PAD, HINGE = range(7)
"""Pieces of a frame; a half rim lies on the upper half of a rim."""

PIECES = 7

RINGS = 5
"""Rings of a lens from its middle outwards."""

SIDES = 8
_HALF, _BAR, _ARM, _TEMPLE, _PAD, _HINGE = POINTS // 2 + 3, 11, 12, 18, 7, 4
_CORNER = POINTS // 14
"""Outline point from which the temple springs."""


@dataclass(frozen=True)
class Fit:
    """The plane and outlines of B pairs of glasses, mm.

    curve: [B, POINTS, 2], outline of the lens at x > 0 about its middle. x: [B], that middle from
    the plane's. origin: [B, 3], middle of the plane. wide, thick: [B], half sizes of the frame's
    section in the plane and across it. bare: bool [B], the lower edge of the lens has no rim.
    """

    curve: Tensor
    x: Tensor
    origin: Tensor
    wide: Tensor
    thick: Tensor
    bare: Tensor

    def place(self, x: Tensor, y: Tensor) -> Tensor:
        """Points [B, P, 3] at x, y [B, P] on the curved, slightly tilted plane."""
        back = 0.0022 * x.square() + 4.0 * ((x.abs() - 8).clamp(min=0) / 62).square()
        return torch.stack([x, y, 0.12 * y - back], -1) + self.origin[:, None]


def fit(
    kind: Tensor, wide: Tensor, thick: Tensor, bare: Tensor, scale: Tensor, eyes: Tensor,
    bridge: Tensor,
) -> Fit:  # fmt: skip
    """Fit frames of B kinds to eyes [B, 2, 3] and the nose's root [B, 3]."""
    gap = 0.5 * (eyes[:, 1, 0] - eyes[:, 0, 0])
    size = (0.60 + 0.40 * gap / 31.5) * scale
    curve = constant(outlines(), eyes)[kind] * size[:, None, None]
    # The nasal edge keeps clear of the nose, so that large lenses move outwards.
    x = torch.maximum(gap + 0.8, 7.5 - curve[..., 0].amin(1))
    z = torch.maximum(eyes[:, :, 2].mean(1) + 13.5, bridge[:, 2] + 2.5)
    origin = torch.stack([eyes[:, :, 0].mean(1), eyes[:, :, 1].mean(1) - 2.2, z], -1)
    return Fit(curve, x, origin, wide, thick, bare)


def _axis(direction: tuple[float, float, float], path: Tensor) -> Tensor:
    return constant(direction, path).expand_as(path)


def _swept(path: Tensor, wide: Tensor, thick: Tensor, closed: bool) -> Tensor:
    """A rounded box along a path in the plane; half sizes [B] or [B, P] in it and across it."""
    across = thick[:, None].expand(path.shape[:2])
    along = wide if wide.dim() == 2 else wide[:, None].expand_as(across)
    return tube(path, _axis((0, 0, 1), path), across, along, SIDES, closed, power=0.75)


def _rim(own: Fit, sign: float) -> Tensor:
    """Outline of a lens in space, [B, POINTS, 3], counter-clockwise as seen from the front."""
    rim = own.place(sign * (own.x[:, None] + own.curve[..., 0]), own.curve[..., 1])
    return rim if sign > 0 else rim.flip(1)


def _bar(own: Fit, angle: float, arch: float) -> Tensor:
    """The path [B, P, 3] over the nose between the rims, from `angle` degrees of their outline."""
    index = int(POINTS * (0.5 - angle / 360))
    u = torch.linspace(-1, 1, _BAR, device=own.x.device)[None]
    end = own.x + own.curve[:, index, 0] + 0.4
    return own.place(u * end[:, None], own.curve[:, index, 1, None] + arch * (1 - u.square()))


def _temple(own: Fit, start: Tensor, ear: Tensor, sign: float) -> Tensor:
    """A temple from the hinge [B, 3] to the ear, and down behind it."""
    ear = ear + constant([sign * 2.0, 6.0, -6.0], ear)
    reach = (start - ear) * 0.35
    bow = constant([sign * 9.0, 0.0, 0.0], ear)
    straight = start - reach * constant([0.15, 0.7, 1.0], ear) + bow
    arm = bezier(start, straight, ear + reach + bow, ear, _ARM)
    hook = ear + constant([-sign * 7.0, -8.0, -8.0], ear)
    tip = ear + constant([-sign * 14.0, -24.0, -11.0], ear)
    bend = bezier(ear, ear - reach * 0.22, hook, tip, _TEMPLE - _ARM + 1)[:, 1:]
    path = torch.cat([arm, bend], 1)
    slim = torch.linspace(1.0, 0.72, _TEMPLE, device=ear.device)
    deep = slim * (0.85 * own.wide + 0.35)[:, None]
    flat = (0.55 * own.thick).clamp(min=0.65)[:, None].expand_as(deep)
    return tube(path, _axis((0, 1, 0), path), deep, flat, SIDES, closed=False, power=0.75)


def _pad(own: Fit, sign: float) -> Tensor:
    """A pad that rests on the side of the nose."""
    inner = own.x + own.curve[..., 0].amin(1) + 0.8
    low = 0.28 * own.curve[..., 1].amin(1)
    middle = own.place(sign * inner[:, None], low[:, None])
    steps = torch.linspace(-1, 1, _PAD, device=inner.device)
    lean = constant([sign * 1.6, -4.2, -1.6], inner)
    path = middle + constant([-sign * 1.2, 0, -5.0], inner) + steps[:, None] * lean
    swell = (1 - steps.abs() ** 3).clamp(min=0.05).sqrt().expand(path.shape[:2])
    return tube(path, _axis((0, 0, 1), path), 2.2 * swell, swell, SIDES, closed=False)


def frame_vertices(own: Fit, ears: Tensor) -> Tensor:
    """Vertices [B, V, 3] of frames in the order of `frame_topology`; ears [B, 2, 3]."""
    parts = []
    upper = torch.arange(-1, POINTS // 2 + 2, device=ears.device) % POINTS
    wide = torch.where(own.bare, 0.35, own.wide)
    thick = torch.where(own.bare, 0.6, own.thick)
    for side, sign in ((0, -1.0), (1, 1.0)):
        rim = _rim(own, sign)
        # Plastic rims are heavier along the brow.
        height = (rim[..., 1] - own.origin[:, None, 1]) / 20
        brow = wide[:, None] * (1 + 0.28 * height * (wide > 1.2)[:, None])
        parts.append(_swept(rim, brow, thick, closed=True))
        x, y = own.curve[:, upper].unbind(-1)
        top = own.place(sign * (own.x[:, None] + x), y)
        parts.append(_swept(top, 1.15 * own.wide, own.thick + 0.3, closed=False))
        corner = rim[:, _CORNER if side else POINTS - 1 - _CORNER]
        out = constant([sign * 3.2, 0.8, -2.5], ears)
        start = corner + out
        parts.append(_temple(own, start, ears[:, side], sign))
        parts.append(_pad(own, sign))
        joint = bezier(
            corner, corner + 0.6 * out, start, start + constant([0, 0, -2.0], ears), _HINGE
        )
        tall = (own.wide + 0.4)[:, None].expand(-1, _HINGE)
        parts.append(tube(joint, _axis((0, 1, 0), joint), tall, 0.9 * tall.clamp(max=1.4), SIDES,
                          closed=False, power=0.75))  # fmt: skip
    slim = 0.9 * own.wide + 0.15
    parts.append(_swept(_bar(own, 28.0, 2.6), slim, own.thick, closed=False))
    parts.append(_swept(_bar(own, 52.0, 1.0), slim, 0.9 * own.thick, closed=False))
    return torch.cat(parts, 1)


@lru_cache(maxsize=1)
def frame_topology() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Faces [F, 3] and pieces [F] of frames."""
    rings = ((POINTS, RIM), (_HALF, HALF_RIM), (_TEMPLE, TEMPLE), (_PAD, PAD), (_HINGE, HINGE))
    order = (*rings, *rings, (_BAR, BRIDGE), (_BAR, TOP_BAR))
    return stack_faces([
        (tube_faces(points, SIDES, piece == RIM), points * SIDES, piece) for points, piece in order
    ])  # fmt: skip


def lens_vertices(own: Fit) -> Tensor:
    """Vertices [B, 2 * RINGS * POINTS, 3] of slightly domed lenses."""
    scale = torch.linspace(0.02, 1.0, RINGS, device=own.x.device)[:, None]
    both = []
    for sign in (-1.0, 1.0):
        x = sign * (own.x[:, None, None] + own.curve[:, None, :, 0] * scale)
        y = own.curve[:, None, :, 1] * scale
        points = own.place(x.flatten(1), y.flatten(1)).view(-1, RINGS, POINTS, 3)
        points[..., 2] += 1.6 * (1 - scale.square())
        both.append((points if sign > 0 else points.flip(2)).flatten(1, 2))
    return torch.cat(both, 1)


@lru_cache(maxsize=1)
def lens_topology() -> NDArray[np.int64]:
    """Faces [F, 3] of both lenses."""
    one = grid_faces(RINGS, POINTS, closed=True)
    return np.concatenate([one, one + RINGS * POINTS])
