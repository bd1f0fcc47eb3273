"""Deform the template into people: a basis of displacement fields and what each person takes of it.

Every shape is a plain function of rest points; a person is the template plus a weighted sum
(a hand-made morphable model, after Blanz and Vetter, 1999). Amounts are per standard deviation of
a trait, in mm, and deliberately generous: people should differ.
"""

from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.generators.heads.template import (
    EYE,
    EYE_RADIUS,
    MOUTH_X,
    MOUTH_Y,
    bell,
    front,
    lip_heights,
    mouth_line,
    smooth,
    stroke,
)

Floats = NDArray[np.float64]
Shape = Callable[[Floats], Floats]

HINGE = np.array([0.0, -12.0, -75.0])
"""Axis of the jaw, through both joints."""

JAW_DEGREES = 17.0
"""Turn of the jaw at mouth_open = 1."""


def _strokes(*rows: tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]) -> Shape:
    """Several brush strokes (place, size, push) as one shape."""

    def shape(p: Floats) -> Floats:
        total = np.zeros_like(p)
        for at, size, by in rows:
            total += stroke(p, at, size, by)
        return total

    return shape


def _field(dx: Floats | float = 0.0, dy: Floats | float = 0.0, dz: Floats | float = 0.0) -> Floats:
    return np.stack(np.broadcast_arrays(*(np.asarray(d, float) for d in (dx, dy, dz))), -1)


def _to_eye(p: Floats) -> tuple[Floats, Floats, Floats]:
    """Offsets from the nearer eye, outwards and up, and a weight that fades around it."""
    u, v = np.abs(p[:, 0]) - EYE[0], p[:, 1] - EYE[1]
    return u, v, bell(u / 22, v / 17) * front(p)


def skull_width(p: Floats) -> Floats:
    return _field(0.026 * p[:, 0] * (0.45 + 0.55 * smooth(p[:, 1], -40, 40)))


def skull_length(p: Floats) -> Floats:
    return _field(dz=-5.0 * smooth(-p[:, 2], 60, 150))


def skull_height(p: Floats) -> Floats:
    return _field(dy=4.5 * smooth(p[:, 1], 25, 110))


def forehead(p: Floats) -> Floats:
    return _field(dz=-4.5 * smooth(p[:, 1], 25, 80) * front(p))


def face_length(p: Floats) -> Floats:
    return _field(dy=0.045 * np.minimum(p[:, 1], 0) * smooth(p[:, 2], -120, -60))


def face_width(p: Floats) -> Floats:
    return _field(0.028 * p[:, 0] * bell((p[:, 1] + 20) / 45))


def jaw_width(p: Floats) -> Floats:
    return _field(0.042 * p[:, 0] * smooth(-p[:, 1], 38, 78) * smooth(np.abs(p[:, 0]), 18, 45))


def chin_width(p: Floats) -> Floats:
    return _field(0.085 * p[:, 0] * smooth(-p[:, 1], 82, 104))


def eye_size(p: Floats) -> Floats:
    u, v, weight = _to_eye(p)
    return _field(0.05 * u * weight * np.sign(p[:, 0]), 0.07 * v * weight, 0.4 * weight)


def eye_tilt(p: Floats) -> Floats:
    u, _, weight = _to_eye(p)
    return _field(dy=0.085 * u * weight)


def lip_upper(p: Floats) -> Floats:
    return _lips(p, upper=0.20, lower=0.0)


def lip_lower(p: Floats) -> Floats:
    return _lips(p, upper=0.0, lower=0.18)


def _lips(p: Floats, upper: float, lower: float) -> Floats:
    """Higher and fuller vermilion: the skin beyond follows and fades."""
    x = p[:, 0]
    up, low = lip_heights(x)
    s = p[:, 1] - mouth_line(x)
    inside = np.where(s > 0, np.minimum(s, up), np.maximum(s, -low))
    beyond = np.where(s > 0, bell(np.maximum(s - up, 0) / 8), bell(np.maximum(-s - low, 0) / 8))
    amount = np.where(s > 0, upper, lower)
    middle = smooth(MOUTH_X + 4 - np.abs(x), 0, 10) * front(p)
    full = np.where(s > 0, bell((s - 0.5 * up) / 5), bell((-s - 0.5 * low) / 5.5))
    return _field(
        dy=amount * inside * beyond * middle, dz=amount * 6.0 * full * middle * np.sqrt(middle)
    )


def mouth_width(p: Floats) -> Floats:
    weight = bell((np.abs(p[:, 0]) - 24) / 15, (p[:, 1] - MOUTH_Y) / 15) * front(p)
    return _field(1.8 * weight * np.sign(p[:, 0]), 0, -0.5 * weight)


def asymmetry(p: Floats) -> Floats:
    x, y, face = p[:, 0], p[:, 1], front(p)
    nose = 0.45 * bell(x / 18, (y + 34) / 16)
    mouth = 0.25 * bell(x / 30, (y - MOUTH_Y) / 16)
    lean = 0.010 * x * bell((y - 15) / 22) + 0.006 * x * bell((y - MOUTH_Y) / 14)
    return _field((nose + mouth) * face, lean * face, 0)


def child(p: Floats) -> Floats:
    """A three-year-old: small lower face, round cheeks, large cranium and eyes."""
    x, y, z = p.T
    face = smooth(z, -110, -55)
    low = np.minimum(y + 4, 0)
    out = _field(
        -0.02 * x - 0.11 * x * smooth(-y, 25, 95),
        -0.25 * low * face - 5.0 * face * bell(x / 55, (y - 2) / 30) + 2.5 * smooth(y, 20, 100),
        -0.09 * (z + 40) * smooth(-y, 5, 80) * smooth(z, -60, 0) + 4.0 * bell((y - 50) / 28) * face,
    )
    u, v, weight = _to_eye(p)
    out += _field(0.10 * u * weight * np.sign(x), 0.20 * v * weight, 1.0 * weight)
    out += _strokes(
        ((0, -32), (8, 11), (0, 3.0, -7.5)),
        ((0, -10), (7, 15), (0, 0, -5.5)),
        ((13, -40), (7, 8), (-2.2, 2.2, -1.0)),
        ((27, 19), (24, 8), (0, 0, -2.5)),
        ((40, -46), (17, 17), (3.2, 0, 6.5)),
        ((0, -100), (18, 13), (0, 0, -1.5)),
        ((22, -68), (13, 9), (-3.8, 0, 0)),
        ((44, -80, -45), (18, 18, 30), (3.0, 1.0, 1.5)),
    )(p)
    return out + _lips(p, upper=-0.26, lower=-0.20)


def old(p: Floats) -> Floats:
    """Ninety: flesh sinks to jowls and folds, hollows open, nose and ears grow, lips thin."""
    out = _strokes(
        ((58, 22, -36), (15, 20, 24), (-2.6, 0, -2.6)),
        ((44, -52), (14, 17), (-0.8, -1.5, -2.8)),
        ((36, -92), (13, 12), (2.2, -3.2, 2.2)),
        ((30, -62), (6, 16), (0.4, -1.5, 1.8)),
        ((25, -93), (4.0, 9), (0, 0, -1.2)),
        ((33, 8.5), (16, 4.5), (0, -2.6, 2.2)),
        ((44, 5), (8, 6), (0, -2.6, 0.4)),
        ((30, -13), (12, 4.0), (0, -1.2, 2.4)),
        ((30, -19), (13, 3.5), (0, 0, -1.8)),
        ((0, -35), (9, 9), (0, -2.8, 1.0)),
        ((13, -40), (6, 7), (1.2, -0.8, 0.3)),
        ((25, -70), (9, 7), (0, -2.2, -1.0)),
        ((0, -110, -42), (16, 12, 20), (0, -4.5, 2.0)),
        ((31, 1), (19, 13), (0, 0, -1.8)),
    )(p)
    return out + _lips(p, upper=-0.34, lower=-0.26) + fold(p, 1.9)


def fold(p: Floats, depth: float) -> Floats:
    """The nasolabial fold: from the nose's wing past the corner of the mouth."""
    x, y = np.abs(p[:, 0]), p[:, 1]
    t = np.clip((-38 - y) / 36, -0.3, 1.4)
    line = 17.5 + 14.5 * np.clip(t, 0, 2) ** 0.85
    along = smooth(t, -0.15, 0.2) * (1 - smooth(t, 0.85, 1.3)) * front(p)
    groove = bell((x - line) / 3.2) - 0.7 * bell((x - line - 7.5) / 6.0)
    return _field(dz=-depth * along * groove)


def masculine_bone(p: Floats) -> Floats:
    """From the middle to plainly masculine; the other way to plainly feminine."""
    out = _strokes(
        ((24, 17), (20, 8.0), (0, 0, 1.9)),
        ((0, 20), (12, 13), (0, 0, 0.7)),
        ((52, -68, -58), (22, 22, 30), (2.2, -1.2, 0.6)),
        ((0, -104), (16, 11), (0, -1.8, 2.2)),
        ((0, -20), (8, 18), (0, -0.5, 2.4)),
        ((13, -39), (7, 8), (1.9, -0.8, 0.6)),
        ((0, -33), (8, 7), (0, -0.8, 1.5)),
        ((44, -50), (16, 17), (-0.5, 0, -1.4)),
        ((48, -24), (15, 10), (0.6, 0, -0.6)),
        ((44, -36), (15, 12), (-0.9, 0, -2.0)),
    )(p)
    out += _field(
        0.024 * p[:, 0] * smooth(-p[:, 1], 10, 80),
        0.034 * np.minimum(p[:, 1], 0) * smooth(p[:, 2], -120, -60),
        -2.6 * smooth(p[:, 1], 30, 75) * front(p),
    )
    out += _strokes(((0, -38), (15, 13), (0, -1.5, 0.3)))(p)
    return out + _field(0.012 * p[:, 0], 0, 0) + 0.6 * chin_width(p)


def masculine_soft(p: Floats) -> Floats:
    """Thinner lips, narrower eyes under lower brows."""
    u, v, weight = _to_eye(p)
    out = _lips(p, upper=-0.20, lower=-0.17)
    out += _field(
        -0.035 * u * weight * np.sign(p[:, 0]), -0.085 * v * weight - 0.04 * u * weight, 0
    )
    return out + _strokes(
        ((28, 20), (22, 9), (0, -0.8, 0.5)),
        ((33, 9), (15, 4.5), (0, -0.7, 1.0)),
        ((42, -34), (14, 11), (0, 0, -1.6)),
    )(p)


def jaw_weight(p: Floats) -> Floats:
    """How far each point follows the jaw, 0..1; it jumps across the line between the lips."""
    x = np.abs(p[:, 0])
    s = mouth_line(p[:, 0]) - p[:, 1]
    beside = smooth(s, -34, 30)
    below = 0.90 + 0.10 * smooth(s, 0, 20)
    apart = np.where(s > 0, below, 0.0 + 0.06 * smooth(-s, 30, 0))
    middle = np.clip(1 - (x / (MOUTH_X + 0.5)) ** 2, 0, 1) ** 0.45
    weight = beside + (apart - beside) * np.maximum(middle, 0)
    # Near the corners the lips meet; further down all of the chin follows.
    weight = np.maximum(weight * (s > -40), smooth(s, 12, 34))
    back = smooth(p[:, 2], -100, -62)
    return np.asarray(weight * back * smooth(-p[:, 1], 20, 55))


def jaw(p: Floats) -> Floats:
    """The jaw turned down by JAW_DEGREES about its hinge."""
    a = np.radians(JAW_DEGREES)
    y, z = p[:, 1] - HINGE[1], p[:, 2] - HINGE[2]
    dy = y * np.cos(a) - z * np.sin(a) - y
    dz = y * np.sin(a) + z * np.cos(a) - z
    weight = jaw_weight(p)
    hollow = bell((np.abs(p[:, 0]) - 42) / 14, (p[:, 1] + 62) / 22) * front(p)
    return _field(-2.6 * hollow * np.sign(p[:, 0]), dy * weight, dz * weight - 1.5 * hollow)


def part_lips(p: Floats) -> Floats:
    """The lips part from the teeth: the upper one rises, the lower one sinks, by 3 mm in all."""
    s = p[:, 1] - mouth_line(p[:, 0])
    c = np.clip(1 - (p[:, 0] / (MOUTH_X + 0.5)) ** 2, 0, 1) ** 0.6
    up = np.where(s > 0, 1.7 * bell(s / 12), -1.5 * bell(s / 12))
    return _field(dy=up * c * front(p))


def smile(p: Floats) -> Floats:
    """Corners out, up and back; cheeks into apples; lower lids up; lips tighten over the teeth."""
    x, y = np.abs(p[:, 0]), p[:, 1]
    corner = bell((x - 27) / 13, (y - MOUTH_Y) / 13) * front(p)
    inner = bell(x / 17, (y - MOUTH_Y) / 10) * front(p)
    reach = 6.2 * corner * np.clip(x / 24, 0, 1)
    out = _field(reach * np.sign(p[:, 0]), 8.2 * corner - 1.5 * inner, -4.2 * corner - 1.2 * inner)
    out += _lips(p, upper=-0.20, lower=-0.16)
    out += _strokes(
        ((41, -31), (14, 12), (1.5, 5.0, 5.6)),
        ((45, -52), (9, 12), (2.5, 1.0, 1.6)),
        ((31, -7.5), (14, 4.5), (0, 1.9, 0.7)),
        ((31, -13), (13, 4.0), (0, 1.2, 1.5)),
        ((13.5, -40), (6, 7), (1.8, 0.8, -0.4)),
        ((0, -36), (7, 6), (0, -0.8, -0.6)),
        ((28, 21), (24, 9), (0, 1.0, 0)),
    )(p)
    return out + fold(p, 1.5)


def laugh(p: Floats) -> Floats:
    """On top of a smile: squeezed eyes, raised cheeks, the upper teeth bare."""
    s = p[:, 1] - mouth_line(p[:, 0])
    c = np.clip(1 - (p[:, 0] / (MOUTH_X + 0.5)) ** 2, 0, 1) ** 0.5
    raised = np.where(s > 0, 2.2 * bell(s / 10), 0) * c * front(p)
    return _field(dy=raised) + _strokes(
        ((31.5, 5.5), (14, 4.2), (0, -1.5, 0.4)),
        ((31.5, -5.5), (14, 4.5), (0, 1.4, 0.4)),
        ((34, -88), (14, 12), (1.5, 0, 1.0)),
        ((42, -28), (14, 11), (0.5, 3.2, 2.4)),
        ((30, 20), (22, 9), (0, -0.6, 0)),
    )(p)


def surprise(p: Floats) -> Floats:
    x, y = np.abs(p[:, 0]), p[:, 1]
    corner = bell((x - 24) / 12, (y - MOUTH_Y) / 12) * front(p)
    round_ = bell(x / 22, (y - MOUTH_Y) / 13) * front(p)
    out = _field(-5.0 * corner * np.sign(p[:, 0]), 0, 1.8 * round_)
    return out + _strokes(
        ((28, 22), (24, 11), (0, 6.5, 0.4)),
        ((26, 44), (26, 14), (0, 2.5, 0.6)),
        ((31.5, 6.5), (15, 4.2), (0, 2.0, -0.2)),
        ((31.5, -5.5), (14, 4.0), (0, -0.7, 0)),
    )(p)


def anger(p: Floats) -> Floats:
    out = _strokes(
        ((13, 18), (10, 8), (-3.2, -5.5, 2.0)),
        ((32, 21), (14, 8), (0, -3.0, 0.8)),
        ((48, 22), (9, 8), (0, 1.5, 0)),
        ((29, 7.0), (14, 4.2), (0, -2.3, 0.6)),
        ((31.5, -5.0), (14, 4.0), (0, 0.9, 0.2)),
        ((13.5, -40), (6, 7), (1.8, 1.0, 0.3)),
        ((25, -69), (9, 7), (-0.8, -2.6, -0.6)),
        ((0, -67), (22, 8), (0, 0.5, 0.6)),
        ((0, -98), (14, 9), (0, 1.6, 1.6)),
        ((0, -86), (14, 4.5), (0, 0, -1.4)),
    )(p)
    return out + _lips(p, upper=-0.30, lower=-0.22)


def sadness(p: Floats) -> Floats:
    return _strokes(
        ((11, 20), (9, 9), (-1.6, 6.0, 1.2)),
        ((30, 20), (12, 8), (0, -0.5, 0)),
        ((46, 18), (10, 9), (0, -3.0, 0)),
        ((34, 6.5), (14, 4.4), (0, -2.3, 0.7)),
        ((42, 4), (8, 6), (0, -1.6, 0)),
        ((26, -70), (9, 8), (0.6, -5.0, -0.4)),
        ((0, -75), (16, 6), (0, 1.4, 2.2)),
        ((0, -98), (14, 9), (0, 2.0, 2.0)),
        ((0, -87), (15, 4.5), (0, 0.5, -1.6)),
        ((40, -34), (14, 12), (0, -1.5, -1.0)),
    )(p)


def eye_open(p: Floats) -> Floats:
    return _strokes(((31.5, 6.2), (15, 4.4), (0, 1.0, -0.1)))(p)


SHAPES: dict[str, Shape] = {
    "skull_width": skull_width,
    "skull_length": skull_length,
    "skull_height": skull_height,
    "forehead": forehead,
    "face_length": face_length,
    "face_width": face_width,
    "jaw_width": jaw_width,
    "jaw_angle": _strokes(((52, -74, -62), (20, 18, 30), (0.3, -3.6, 0))),
    "chin_width": chin_width,
    "chin_forward": _strokes(
        ((0, -103), (19, 13), (0, -1.0, 2.8)), ((0, -87), (16, 6), (0, 0, -0.5))
    ),
    "chin_cleft": _strokes(((0, -104), (2.8, 7), (0, 0, -1.0))),
    "cheekbones": _strokes(
        ((51, -21, -25), (15, 11, 22), (2.4, 0.8, 2.2)), ((46, -50), (14, 14), (0, 0, -0.8))
    ),
    "fullness": _strokes(
        ((44, -54), (18, 20), (3.4, 0, 3.4)),
        ((38, -90, -30), (17, 14, 28), (3.6, -1.5, 2.2)),
        ((0, -113, -32), (26, 13, 28), (0, -5.0, 1.0)),
        ((30, -28), (16, 12), (0, 0, 1.2)),
        ((33, 8.5), (16, 5), (0, -0.5, 0.7)),
    ),
    "brow_ridge": _strokes(
        ((22, 18), (23, 9.0), (0, -0.2, 1.7)),
    ),
    "nose_length": _strokes(
        ((0, -40), (17, 14), (0, -3.2, 0.4)), ((0, -14), (9, 14), (0, -1.0, 0.4))
    ),
    "nose_width": _strokes(
        ((13, -40), (6.5, 8), (2.0, 0, 0.2)), ((6, -35), (5, 6), (0.7, 0, -0.2))
    ),
    "nose_bridge": _strokes(((0, -10), (7.5, 15), (0, 0, 2.3)), ((0, 4), (8, 8), (0, 0, 0.8))),
    "nose_bridge_width": _strokes(((7, -13), (5.5, 15), (1.3, 0, 0.5))),
    "nose_hump": _strokes(((0, -14), (6.5, 7), (0, 0, 1.7))),
    "nose_tip": _strokes(((6, -34.5), (5, 5.5), (1.4, 0, 0.6)), ((0, -34), (7, 6), (0, 0, 1.2))),
    "nose_lift": _strokes(((0, -36), (9, 9), (0, 2.1, 0.5)), ((12, -41), (6, 6), (0, 0.8, 0))),
    "eye_size": eye_size,
    "eye_spacing": _strokes(((31.5, 1), (21, 18), (1.5, 0, 0)), ((12, 2), (6, 12), (0.5, 0, 0))),
    "eye_tilt": eye_tilt,
    "eye_depth": _strokes(((31, 3), (21, 13), (0, 0, -1.8))),
    "lid": _strokes(
        ((33, 9.2), (15, 4.0), (0, -1.5, 1.4)), ((31.5, 5.8), (14, 3.6), (0, -0.35, 0))
    ),
    "epicanthus": _strokes(((17, 2), (5.5, 6), (0.8, -1.0, 1.6)), ((10, 2), (6, 8), (0, 0, 1.2))),
    "lip_upper": lip_upper,
    "lip_lower": lip_lower,
    "lip_forward": _strokes(((0, -68), (21, 12), (0, 0, 1.9))),
    "mouth_width": mouth_width,
    "mouth_height": _strokes(((0, -68), (28, 15), (0, 1.8, 0))),
    "asymmetry": asymmetry,
    "child": child,
    "old": old,
    "m_bone": masculine_bone,
    "m_soft": masculine_soft,
    "jaw": jaw,
    "part_lips": part_lips,
    "smile": smile,
    "laugh": laugh,
    "surprise": surprise,
    "anger": anger,
    "sadness": sadness,
    "brow_raise": _strokes(((28, 22), (25, 11), (0, 1.7, 0.2)), ((26, 42), (26, 14), (0, 0.7, 0))),
    "eye_open": eye_open,
    "look_up": _strokes(((32, 6.0), (15, 4.6), (0, 1.0, 0)), ((32, -5.5), (14, 4.2), (0, 0.5, 0))),
}
"""The basis: name -> displacement [V, 3] of rest points [V, 3], mm, at amount 1."""


def amounts(t: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """How much of each shape B people take, [B] each."""
    grown = 1 - 0.75 * t["child"]
    out = {}
    for name in SHAPES:
        if name in t:
            own = t[name] if name in _WHOLE else t[name] * (VARIETY + TAILS * t[name].abs())
            out[name] = own * (grown if name in _BONY else 1.0)
    out["chin_cleft"] = (t["chin_cleft"] - 0.6).clamp(min=0) * grown
    out["epicanthus"] = (t["epicanthus"] + 0.3).clamp(min=0)
    for name in ("m_bone", "m_soft"):
        out[name] = 2 * t[name] - 1
    parted = (t["smile"] - 0.55).clamp(min=0) * 1.6
    out["jaw"] = t["mouth_open"]
    out["part_lips"] = (3.2 * t["mouth_open"]).clamp(max=1) + parted * (t["mouth_open"] > 0.02)
    out["eye_open"] = -0.25 + 0.3 * t["eye_open"] + 0.5 * t["child"] - 0.4 * t["old"].clamp(max=1)
    # Eyes stay on the camera when the head nods, and the lids go along.
    up = 0.045 * t["gaze_y"] - torch.deg2rad(t["pitch"]).tan()
    out["look_up"] = 0.6 * EYE_RADIUS * 0.34 * (up / 0.34).tanh()
    return out


VARIETY, TAILS = 0.85, 0.13
"""Scale of all that makes one person unlike another, and how much more the rare ones differ."""

_WHOLE = frozenset({
    "child", "old", "smile", "laugh", "surprise", "anger", "sadness", "brow_raise", "asymmetry",
})  # fmt: skip
"""Shapes that are taken as they are."""

_BONY = frozenset({
    "jaw_width", "jaw_angle", "chin_width", "chin_forward", "cheekbones", "brow_ridge",
    "nose_length", "nose_width", "nose_bridge", "nose_bridge_width", "nose_hump", "nose_tip",
    "forehead", "face_length",
})  # fmt: skip
"""Shapes of bone and cartilage: a child hardly has them yet."""
