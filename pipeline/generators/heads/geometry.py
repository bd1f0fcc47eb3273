"""Build one person's head, neck and shoulders as a signed distance function."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from pipeline.generators.heads.anatomy import Anatomy
from pipeline.generators.heads.layout import Person
from pipeline.generators.heads.quadrics import Blobs, Field, smooth_max, smooth_min, turned

MAP_X, MAP_LOW, MAP_HIGH = 0.95, -1.4, 0.95
"""Extent of the frontal maps in head space: |x| and y."""

HEAD, BODY, NOSE, EAR, SOCKET, CONCHA = range(6)


@dataclass(frozen=True)
class Shape:
    """One person's solid surface; `relief` is float32 [1, 1, H, W], outward displacement."""

    field: Field
    relief: Tensor
    eye: tuple[float, float, float, float]
    body_turn: Tensor
    pivot: Tensor

    def distance(self, p: Tensor) -> Tensor:
        """Signed distance bound, float32 [N], to skin, clothes and eyes at p: float32 [3, N]."""
        return torch.minimum(self.skin(p), self.eyeball(p))

    def skin(self, p: Tensor) -> Tensor:
        """Distance to everything but the eyeballs."""
        x, y, z = p[0], p[1], p[2]
        d = self.field.distances(x, y, z)
        out = smooth_min(d[HEAD], d[BODY], 0.10)
        out = smooth_max(out, -d[SOCKET], 0.10)
        lids = self.eyeball(p) - 0.024
        out = smooth_min(out, lids, 0.07)
        out = smooth_min(out, d[NOSE], 0.075)
        ear = smooth_max(d[EAR], -d[CONCHA], 0.04)
        out = smooth_min(out, ear, 0.03)
        return out - sample_map(self.relief, x, y)[0] * facing(z)

    def eyeball(self, p: Tensor) -> Tensor:
        """Distance to the nearer eyeball."""
        ex, ey, ez, r = self.eye
        dx = p[0].abs() - ex
        return (dx * dx + (p[1] - ey).square() + (p[2] - ez).square()).sqrt_().sub_(r)


def facing(z: Tensor) -> Tensor:
    """Weight of the frontal maps: 1 on the face, 0 behind the ears."""
    return ((z - 0.05) * 2.2).clamp_(0, 1)


def sample_map(maps: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Read frontal maps [1, C, H, W] at head-space x, y [N]: float32 [C, N]."""
    grid = torch.stack([x / MAP_X, (y - MAP_LOW) * (2 / (MAP_HIGH - MAP_LOW)) - 1], -1)
    return grid_sample(maps, grid[None, None], padding_mode="border", align_corners=True)[0, :, 0]


def rotation(
    yaw: float, pitch: float, roll: float
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """World from head: yaw to the right of the picture, pitch up, roll clockwise; degrees."""
    a, b, c = np.radians([yaw, -pitch, -roll])
    ry = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    rx = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    rz = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return np.asarray(ry @ rx @ rz)


PIVOT = np.array([0.0, -0.55, -0.15])
"""The joint of head and neck, in both spaces."""


def head_blobs(a: Anatomy, g: Person, blobs: Blobs) -> None:
    """Add the bone and flesh of the head to the current group."""
    m, child, w = a.masculinity - 0.5, a.child, a.width
    full = 0.027 * g["fullness"] + 0.012 * child - 0.012 * a.old
    cheek = 0.02 * g["cheekbones"]
    jaw = a.jaw_w
    blobs.add((0, 0.28, -0.12), (0.715 * w, 0.80, 0.85))
    blobs.add((0, 0.40 + 0.02 * child, 0.20), (0.55 * w, 0.48, 0.545 - 0.02 * m + 0.02 * child))
    blobs.add((0, -0.28, 0.20), (0.595 * w + full, 0.68, 0.555))
    blobs.add((0.37 * w, -0.22 + 0.03 * a.smile, 0.42), (0.235 + cheek + full, 0.20, 0.25 + cheek))
    drop = a.chin_y + 1.10
    blobs.add((0.16 * jaw, -0.62 + 0.7 * drop, 0.22), (0.30 * jaw + full, 0.34, 0.48))
    blobs.add((0.365 * jaw + full, -0.60 + 0.6 * drop, 0.06), (0.15, 0.26, 0.26), turned(x=-18))
    chin = 0.17 * (1 + 0.10 * g["chin_width"] + 0.55 * m - 0.1 * child)
    blobs.add(
        (0.05 + 0.05 * (m + 0.5), a.chin_y + 0.16, 0.52 + 0.025 * g["chin_forward"] + 0.03 * m),
        (chin, 0.16, 0.20),
    )
    blobs.add((0, a.mouth_y + 0.02, 0.47), (0.27, 0.27, 0.29))
    blobs.add((0.30, -0.46, 0.43), (0.245 + full, 0.27, 0.245 + full + 0.02 * a.smile))
    ridge = 0.022 * g["brow_ridge"] + 0.085 * m - 0.03 * child
    blobs.add((0.27, 0.20, 0.55 + ridge), (0.25, 0.085, 0.17), turned(z=-6))


def build(person: Person, a: Anatomy, relief: Tensor) -> Shape:
    """Assemble the shape of one person; `relief` comes from `details.bake`."""
    g = person
    m, child = a.masculinity - 0.5, a.child
    blobs = Blobs()
    blobs.group("head", 0.055)
    head_blobs(a, g, blobs)

    # The body turns less than the head: its ellipsoids are placed through the body's own frame.
    head = rotation(g["yaw"], g["pitch"], g["roll"])
    body = rotation(0.4 * g["yaw"], 0.0, 0.0)
    turn = head.T @ body

    def place(c: tuple[float, float, float]) -> tuple[float, float, float]:
        q = turn @ (np.asarray(c) - PIVOT) + PIVOT
        return float(q[0]), float(q[1]), float(q[2])

    blobs.group("body", 0.09)
    neck = (0.36 + 0.015 * g["neck"] + 0.11 * m + 0.012 * g["fullness"]) * (1 - 0.16 * child)
    broad = (1 + 0.03 * g["neck"] + 0.22 * m) * (1 - 0.22 * child)
    blobs.add(place((0, -1.15, -0.22)), (neck, 0.95, neck * 1.08), turned(x=8) @ turn.T, False)
    blobs.add(place((0, -2.50, -0.28)), (1.08 * broad, 0.98, 0.56), turn.T, False)
    for side in (-1.0, 1.0):
        slope = turned(z=-side * 24)
        blobs.add(
            place((side * 0.42 * broad, -1.60, -0.32)),
            (0.56 * broad, 0.20, 0.27),
            slope @ turn.T,
            False,
        )
        blobs.add(place((side * 1.05 * broad, -2.20, -0.28)), (0.36, 0.52, 0.38), turn.T, False)

    blobs.group("nose", 0.03)
    top, tip_y = 0.06, a.nose_y + 0.055
    length = float(np.hypot(top - tip_y, a.nose_z - 0.78 - a.bridge))
    lean = float(np.degrees(np.arctan2(a.nose_z - 0.78 - a.bridge, top - tip_y)))
    blobs.add(
        (0, (top + tip_y) / 2, (0.70 + a.bridge + a.nose_z - 0.08) / 2),
        (0.082 + 0.015 * m, length * 0.62, 0.10),
        turned(x=-lean),
    )
    tip = 0.088 * (1 + 0.07 * g["nose_tip"] + 0.05 * g["nose_width"] + 0.12 * m)
    blobs.add((0, tip_y - 0.01, a.nose_z - 0.085), (tip * 1.05, tip * 0.92, tip))
    blobs.add((a.nose_w - 0.052, a.nose_y + 0.02, a.nose_z - 0.20), (0.058, 0.062, 0.085))

    blobs.group("ear", 0.02)
    stand = 4 * g["ears"]
    size = 1 + 0.06 * g["ears"] + 0.08 * a.old
    ex = 0.615 * a.width
    disc = turned(y=-24 - stand, x=-10)
    blobs.add((ex + 0.045, -0.12, -0.08), (0.055, 0.20 * size, 0.135 * size), disc)
    blobs.add((ex + 0.02, -0.27, -0.03), (0.045, 0.085 * size, 0.075), disc)
    blobs.group("socket", 0.03)
    blobs.add((a.eye_x - 0.01, 0.015, 0.90), (0.205, 0.115, 0.155 - 0.02 * m))
    blobs.group("concha", 0.02)
    blobs.add((ex + 0.095, -0.11, -0.01), (0.045, 0.115 * size, 0.070 * size), disc)
    return Shape(
        blobs.compile(),
        relief,
        (a.eye_x, 0.0, a.eye_z, a.eye_r),
        torch.from_numpy(turn).float(),
        torch.from_numpy(PIVOT).float(),
    )
