"""Shape bone and features: what makes one person unlike another."""

import numpy as np

from pipeline.generators.heads.shapes.brushes import Floats, Shape, field, lips, strokes, to_eye
from pipeline.generators.heads.template import MOUTH_Y, bell, front, smooth


def skull_width(p: Floats) -> Floats:
    return field(0.042 * p[:, 0] * (0.45 + 0.55 * smooth(p[:, 1], -40, 40)))


def skull_length(p: Floats) -> Floats:
    return field(dz=-5.0 * smooth(-p[:, 2], 60, 150))


def skull_height(p: Floats) -> Floats:
    return field(dy=4.5 * smooth(p[:, 1], 25, 110))


def forehead(p: Floats) -> Floats:
    return field(dz=-4.5 * smooth(p[:, 1], 25, 80) * front(p))


def face_length(p: Floats) -> Floats:
    return field(dy=0.045 * np.minimum(p[:, 1], 0) * smooth(p[:, 2], -120, -60))


def face_width(p: Floats) -> Floats:
    return field(0.036 * p[:, 0] * bell((p[:, 1] + 25) / 50))


def fullness(p: Floats) -> Floats:
    """Fat, spread so far over cheeks, jaw and throat that it shows in the outline as one curve."""
    out = field(0.064 * p[:, 0] * bell((p[:, 1] + 66) / 42) * smooth(p[:, 2], -125, -80))
    return out + strokes(
        ((40, -52), (25, 26), (0.6, 0, 3.0)),
        ((36, -92, -30), (22, 17, 32), (2.2, -1.0, 1.8)),
        ((0, -113, -32), (30, 15, 30), (0, -4.2, 1.2)),
        ((33, 8.5), (16, 5), (0, -0.5, 0.7)),
    )(p)


def jaw_width(p: Floats) -> Floats:
    return field(0.050 * p[:, 0] * smooth(-p[:, 1], 30, 80) * smooth(np.abs(p[:, 0]), 18, 45))


def chin_width(p: Floats) -> Floats:
    return field(0.085 * p[:, 0] * smooth(-p[:, 1], 82, 104))


def broader(p: Floats, at: float, reach: tuple[float, float]) -> Floats:
    """Points of the nose's middle around height `at`, moved out by their distance from it, mm."""
    return np.asarray(p[:, 0] * bell(p[:, 0] / reach[0], (p[:, 1] - at) / reach[1]) * front(p))


def nose_base(p: Floats) -> Floats:
    """Ball and wings wider in proportion, so that they stay joined; the nostrils follow by half."""
    return field(broader(p, -39, (25, 12)) * (0.5 + 0.5 * smooth(np.abs(p[:, 0]), 6, 13)))


def nose_width(p: Floats) -> Floats:
    return 0.145 * nose_base(p) + strokes(((0, -35), (9, 8), (0, 0, -0.4)))(p)


def nose_bridge_width(p: Floats) -> Floats:
    return field(0.13 * broader(p, -13, (14, 14)))


def nose_tip(p: Floats) -> Floats:
    """A bulb, as much forward as to the sides."""
    return field(0.10 * broader(p, -34.5, (10.5, 8))) + strokes(((0, -35), (8, 7), (0, 0, 1.2)))(p)


def eye_size(p: Floats) -> Floats:
    u, v, weight = to_eye(p)
    return field(0.060 * u * weight * np.sign(p[:, 0]), 0.085 * v * weight, 0.4 * weight)


def eye_tilt(p: Floats) -> Floats:
    u, _, weight = to_eye(p)
    return field(dy=0.085 * u * weight)


def lip_upper(p: Floats) -> Floats:
    return lips(p, upper=0.23, lower=0.0)


def lip_lower(p: Floats) -> Floats:
    return lips(p, upper=0.0, lower=0.21)


def mouth_width(p: Floats) -> Floats:
    weight = bell((np.abs(p[:, 0]) - 24) / 15, (p[:, 1] - MOUTH_Y) / 15) * front(p)
    return field(1.8 * weight * np.sign(p[:, 0]), 0, -0.5 * weight)


def asymmetry(p: Floats) -> Floats:
    x, y, face = p[:, 0], p[:, 1], front(p)
    nose = 0.45 * bell(x / 18, (y + 34) / 16)
    mouth = 0.25 * bell(x / 30, (y - MOUTH_Y) / 16)
    lean = 0.010 * x * bell((y - 15) / 22) + 0.006 * x * bell((y - MOUTH_Y) / 14)
    return field((nose + mouth) * face, lean * face, 0)


IDENTITY: dict[str, Shape] = {
    "skull_width": skull_width,
    "skull_length": skull_length,
    "skull_height": skull_height,
    "forehead": forehead,
    "face_length": face_length,
    "face_width": face_width,
    "jaw_width": jaw_width,
    "jaw_angle": strokes(((52, -74, -62), (20, 18, 30), (0.3, -3.6, 0))),
    "chin_width": chin_width,
    "chin_forward": strokes(
        ((0, -103), (19, 13), (0, -1.0, 2.8)), ((0, -87), (16, 6), (0, 0, -0.5))
    ),
    "chin_cleft": strokes(((0, -104), (2.8, 7), (0, 0, -1.0))),
    "cheekbones": strokes(
        ((51, -21, -25), (15, 11, 22), (2.4, 0.8, 2.2)), ((46, -50), (14, 14), (0, 0, -0.8))
    ),
    "fullness": fullness,
    "brow_ridge": strokes(
        ((22, 18), (23, 9.0), (0, -0.2, 1.7)),
    ),
    "nose_length": strokes(
        ((0, -40), (17, 14), (0, -3.6, 0.4)), ((0, -14), (9, 14), (0, -1.0, 0.4))
    ),
    "nose_width": nose_width,
    "nose_bridge": strokes(((0, -10), (8.5, 15), (0, 0, 3.1)), ((0, 4), (8, 8), (0, 0, 1.2))),
    "nose_bridge_width": nose_bridge_width,
    "nose_hump": strokes(((0, -14), (6.5, 7), (0, 0, 1.7))),
    "nose_tip": nose_tip,
    "nose_lift": strokes(((0, -36), (9.5, 10), (0, 3.1, 0.8)), ((12, -41), (6, 6), (0, 0.9, 0))),
    "eye_size": eye_size,
    "eye_spacing": strokes(((31.5, 1), (21, 18), (1.5, 0, 0)), ((12, 2), (6, 12), (0.5, 0, 0))),
    "eye_tilt": eye_tilt,
    "eye_depth": strokes(((31, 3), (21, 13), (0, 0, -1.8))),
    "lid": strokes(((33, 9.2), (15, 4.0), (0, -1.5, 1.4)), ((31.5, 5.8), (14, 3.6), (0, -0.35, 0))),
    "epicanthus": strokes(((17, 2), (5.5, 6), (0.8, -1.0, 1.6)), ((10, 2), (6, 8), (0, 0, 1.2))),
    "lip_upper": lip_upper,
    "lip_lower": lip_lower,
    "lip_forward": strokes(((0, -68), (21, 12), (0, 0, 1.9))),
    "mouth_width": mouth_width,
    "mouth_height": strokes(((0, -68), (28, 15), (0, 1.8, 0))),
    "asymmetry": asymmetry,
}
"""Displacements at one standard deviation of the trait of that name, mm."""
