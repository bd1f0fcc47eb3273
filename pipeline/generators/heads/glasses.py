"""Draw glasses: rims on a curved plane before the eyes, bridge and temples."""

from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.generators.heads import colors
from pipeline.generators.heads.anatomy import Anatomy
from pipeline.generators.heads.layout import Person
from pipeline.generators.heads.march import Camera


@dataclass(frozen=True)
class Frame:
    """One pair of glasses; lengths in head units."""

    x: float
    y: float
    half_w: float
    half_h: float
    power: float
    rim: float
    plane: float
    color: Tensor
    shine: float
    ear_x: float


def fit(g: Person, a: Anatomy) -> Frame | None:
    """Fit the frame to the face; None for people without glasses."""
    if g["glasses"] < 0.5:
        return None
    size = 1 + 0.06 * g["frame_size"]
    square = 1 / (1 + 2.7183 ** (-1.6 * g["frame_shape"]))
    c = g["frame_color"]
    if c < 0.42:
        color, shine = torch.tensor([0.012, 0.011, 0.011]), 0.5
    elif c < 0.62:
        color, shine = torch.tensor([0.075, 0.032, 0.014]), 0.5
    elif c < 0.82:
        color, shine = torch.tensor([0.42, 0.38, 0.32]), 1.2
    else:
        color, shine = colors.hsv(c * 9.0, 0.65, 0.45), 0.6
    metal = 0.42 <= c - 0.2 < 0.62
    return Frame(
        x=a.eye_x * 1.04 + 0.01,
        y=-0.035,
        half_w=0.225 * size,
        half_h=(0.205 - 0.05 * square) * size,
        power=2.0 + 2.6 * square,
        rim=(0.016 if metal else 0.026) + 0.006 * (g["frame_size"] > 0.6),
        plane=max(0.90, 0.84 + a.bridge + 0.04),
        color=color,
        shine=shine,
        ear_x=0.66 * a.width,
    )


def rim_distance(f: Frame, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Distance to the middle of rim or bridge, and signed distance to the lens edge, [N]."""
    u = (x.abs() - f.x) / f.half_w
    v = (y - f.y) / f.half_h
    r = (u.abs() ** f.power + v.abs() ** f.power + 1e-9) ** (1 / f.power)
    lens = (r - 1) * min(f.half_w, f.half_h)
    gap = f.x - f.half_w
    bridge = (y - f.y - 0.055 + 0.25 * x.square() / max(gap, 0.02)).abs()
    bridge = torch.where(x.abs() < gap + 0.02, bridge, bridge + 9)
    return torch.minimum(lens.abs(), bridge), lens


def cover(f: Frame, camera: Camera, depth: Tensor, pixel: float) -> tuple[Tensor, Tensor, Tensor]:
    """How much of each ray the frame covers [R], the lens [R], and the frame's height profile [R].

    `depth` is the depth of the surface behind each ray [R]; temples hide behind it.
    """
    d, o = camera.direction, camera.origin
    z = torch.full_like(depth, f.plane)
    for _ in range(3):
        t = (z - o[2]) / d[2]
        x = o[0] + d[0] * t
        z = f.plane - 0.26 * x.square()
    y = o[1] + d[1] * t
    rim, lens = rim_distance(f, x, y)
    front = ((f.rim - rim) / pixel + 0.5).clamp(0, 1) * (t < depth)
    profile = 1 - (rim / f.rim).clamp(0, 1)
    glass = ((-lens) / pixel + 0.5).clamp(0, 1) * (t < depth)
    for side in (-1.0, 1.0):
        hinge_x = f.x + f.half_w
        a = torch.tensor([side * hinge_x, f.y + 0.05, f.plane - 0.26 * hinge_x**2])
        b = torch.tensor([side * f.ear_x, f.y + 0.09, -0.02])
        near, ts = segment(o, d, a, b)
        temple = ((f.rim * 0.85 - near) / pixel + 0.5).clamp(0, 1) * (ts < depth + 0.02)
        profile = torch.where(temple > front, 1 - (near / f.rim).clamp(0, 1), profile)
        front = torch.maximum(front, temple)
    return front, glass * (1 - front), profile


def segment(o: Tensor, d: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Smallest distance of rays o + t d (d [3, R]) to the segment a-b, and t there."""
    e = b - a
    w = o - a
    de, dw, ee, ew = e @ d, w @ d, float(e @ e), float(e @ w)
    s = ((ew - de * dw) / (ee - de * de).clamp(min=1e-6)).clamp(0, 1)
    t = s * de - dw
    gap = w[:, None] + d * t - e[:, None] * s
    return gap.norm(dim=0), t


def shade_below(f: Frame, p: Tensor, light: Tensor) -> Tensor:
    """Share of key light [N] that the frame leaves to face points p [3, N]."""
    t = (f.plane - 0.26 * p[0].square() - p[2]) / light[2].clamp(min=0.25)
    rim, _ = rim_distance(f, p[0] + light[0] * t, p[1] + light[1] * t)
    soft = 0.012 + 0.10 * t.clamp(0, 0.4)
    covered = ((f.rim + soft - rim) / (2 * soft)).clamp(0, 1) * (f.rim / (f.rim + 0.5 * soft))
    return 1 - 0.75 * covered * (t > 0)
