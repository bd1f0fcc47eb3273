"""Shape expressions: jaw, lips, brows and lids."""

import numpy as np

from pipeline.generators.heads.shapes.brushes import Floats, Shape, field, lips, strokes
from pipeline.generators.heads.template import (
    MOUTH_X,
    MOUTH_Y,
    bell,
    bow,
    front,
    lip_heights,
    mouth_line,
    smooth,
    smooth_max,
)

HINGE = (0.0, -12.0, -75.0)
"""Axis of the jaw, through both joints."""

JAW_DEGREES = 17.0
"""Turn of the jaw at mouth_open = 1."""


LAUGHING, SURPRISED = (1.0, 0.0), (4.4, 6.0)
"""How far upper and lower lip leave their line, mm, besides the jaw."""


def between_corners(p: Floats, power: float) -> Floats:
    """1 in the middle of the mouth, 0 beyond its corners: on the lips' line a sharp end.

    Further up and down the end is ever softer, or the skin would crease from the corner to the
    chin.
    """
    x, away = np.abs(p[:, 0]), np.abs(p[:, 1] - mouth_line(p[:, 0])) / 14
    inside = 1 - (x / (MOUTH_X - 0.1)) ** 2
    rounded = (inside + np.hypot(inside, away)) / (1 + np.hypot(1, away))
    return np.asarray(np.maximum(rounded, 0) ** power * (1 - smooth(x, 26, 46)))


def jaw_weight(p: Floats) -> Floats:
    """How far each point follows the jaw, 0..1; it jumps across the line between the lips."""
    s = mouth_line(p[:, 0]) - p[:, 1]
    beside = smooth(s, -16, 40)
    below = 0.90 + 0.10 * smooth(s, 0, 20)
    lip = np.where(s > 0, below, 0.06 * smooth(-s, 30, 0))
    weight = beside + (lip - beside) * between_corners(p, 0.7)
    # Near the corners the lips meet; further down all of the chin follows.
    weight = smooth_max(weight * (s > -40), smooth(s, 12, 34), 0.2)
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
    return field(-2.6 * hollow * np.sign(p[:, 0]), dy * weight, dz * weight - 1.5 * hollow)


def apart(p: Floats, upper: float, lower: float, power: float = 0.8) -> Floats:
    """How far the lips move from their line, upper and lower in mm; lower powers are rounder."""
    s = p[:, 1] - mouth_line(p[:, 0])
    move = np.where(s > 0, upper, -lower) * bell(s / 12)
    return np.asarray(move * between_corners(p, power) * front(p))


def rounder(p: Floats) -> Floats:
    """What makes a U of a V: the lower lip sinks beside its middle, by about 0.8 mm."""
    return apart(p, 0.0, 1.0) * bell((np.abs(p[:, 0]) - 16) / 8)


def body(p: Floats, upper: float, lower: float) -> Floats:
    """How far lips grow taller towards the corners, by shares of their height, mm up."""
    up, low = lip_heights(p[:, 0])
    s = p[:, 1] - mouth_line(p[:, 0])
    inside = upper * np.clip(s, 0, up) + lower * np.clip(s, -low, 0)
    beyond = bell(np.maximum(np.maximum(s - up, -s - low), 0) / 8)
    return np.asarray(inside * beyond * bell((np.abs(p[:, 0]) - 19) / 8) * front(p))


def straighten(p: Floats) -> Floats:
    """What smooths the dip out of the line between the lips, mm up."""
    s = p[:, 1] - mouth_line(p[:, 0])
    return np.asarray(-bow(p[:, 0]) * bell(s / 9) * front(p))


def part_lips(p: Floats) -> Floats:
    """The lips part from the teeth: the upper one rises, the lower one sinks, by 3 mm in all."""
    return field(dy=apart(p, 1.7, 1.5) + 0.3 * straighten(p))


def corners(p: Floats) -> Floats:
    """1 at the corners of the mouth, fading soon inwards and far into the cheeks."""
    x = np.abs(p[:, 0]) - 27
    return np.asarray(bell(x / np.where(x > 0, 21, 13), (p[:, 1] - MOUTH_Y) / 13) * front(p))


def lift(p: Floats) -> Floats:
    """1 beside the corners of the mouth, less in a curve inwards, fading far into the cheeks."""
    x, above = np.abs(p[:, 0]), p[:, 1] - MOUTH_Y
    return np.asarray(bell((x - 31) / 13, above / np.where(above > 0, 21, 13)) * front(p))


def smile(p: Floats) -> Floats:
    """Corners out, up and back; cheeks into apples; lower lids up; lips tighten over the teeth."""
    x, y = np.abs(p[:, 0]), p[:, 1]
    corner = corners(p)
    inner = bell(x / 17, (y - MOUTH_Y) / 10) * front(p)
    reach = 6.0 * corner * np.clip(x / 24, 0, 1)
    up = 8.6 * lift(p) - 0.8 * inner + 1.1 * straighten(p)
    out = field(reach * np.sign(p[:, 0]), up, -3.6 * corner - 1.2 * inner)
    out += lips(p, upper=-0.26, lower=-0.16)
    # A broad valley from the nose's wings past the corners sets off the cheeks.
    return out + strokes(
        ((41, -32), (16, 14), (1.5, 4.6, 5.0)),
        ((45, -52), (9, 12), (2.5, 1.0, 1.6)),
        ((31.5, -7.0), (21, 6.4), (0, 1.4, 0.5)),
        ((32, -15), (17, 7.5), (0, 1.2, 1.1)),
        ((13.5, -40), (6, 7), (1.8, 0.8, -0.4)),
        ((0, -36), (7, 6), (0, -0.8, -0.6)),
        ((28, 21), (24, 9), (0, 1.0, 0)),
        ((22, -50), (6, 9), (0, 0, -0.8)),
        ((30, -62), (6, 10), (0, 0, -0.9)),
    )(p)


def laugh(p: Floats) -> Floats:
    """On top of a smile: squeezed eyes, raised cheeks, the upper teeth bare over a round lip."""
    corner = lift(p)
    up = apart(p, *LAUGHING) + 2.0 * rounder(p) + 2.2 * corner
    up += body(p, 0.45, 0.20)
    return field(1.6 * corners(p) * np.sign(p[:, 0]), up, -1.0 * corner) + strokes(
        ((31.5, 5.5), (17, 4.2), (0, -0.6, 0.4)),
        ((31.5, -6.5), (21, 6.4), (0, 0.9, 0.4)),
        ((34, -88), (14, 12), (1.5, 0, 1.0)),
        ((42, -28), (14, 11), (0.5, 3.0, 2.4)),
        ((30, 20), (22, 9), (0, -0.3, 0)),
    )(p)


def surprise(p: Floats) -> Floats:
    """Brows high, eyes wide, the open mouth an upright oval."""
    x, y = p[:, 0], p[:, 1]
    near = (1 - smooth(np.abs(x), 25, 46)) * bell((y - MOUTH_Y) / 14) * front(p)
    pout = bell(x / 22, (y - MOUTH_Y) / 13) * front(p)
    up = apart(p, *SURPRISED, power=0.45) - 3.4 * lift(p)
    up += straighten(p)
    # Drawn in by a share, so that what was an arc remains one.
    return field(-0.36 * x * near, up, 2.4 * pout) + strokes(
        ((28, 22), (24, 11), (0, 9.0, 0.4)),
        ((26, 44), (26, 14), (0, 3.5, 0.6)),
        ((31.5, 6.5), (15, 4.2), (0, 2.9, -0.2)),
        ((31.5, -5.5), (14, 4.0), (0, -1.2, 0)),
    )(p)


def anger(p: Floats) -> Floats:
    """Brows down and together over tense lids; straight pressed lips, flared nose, hard chin."""
    out = strokes(
        ((13, 18), (12, 9), (-5.0, -10.0, 3.6)),
        ((32, 21), (12, 8), (0, -3.0, 1.0)),
        ((47, 23), (11, 10), (0, 5.0, 0)),
        ((3.6, 15), (2.0, 9), (0, 0, -1.6)),
        ((23, 7.0), (12, 4.6), (0, -2.4, 0.9)),
        ((31.5, -5.5), (18, 4.6), (0, 1.2, 0.4)),
        ((13.5, -40), (6, 7), (2.6, 1.8, 0.6)),
        ((25, -69), (9, 7), (1.2, -1.2, -0.8)),
        ((0, -58), (20, 5), (0, 0, 0.9)),
        ((0, -98), (14, 9), (0, 2.4, 2.2)),
        ((0, -86), (14, 4.5), (0, 0, -2.0)),
    )(p)
    return out + lips(p, upper=-0.48, lower=-0.42) + field(dy=0.9 * straighten(p))


def sadness(p: Floats) -> Floats:
    """Inner brows up, lids heavy; corners a little down over a lower lip that is pushed out."""
    out = strokes(
        ((11, 20), (10, 10), (-2.2, 9.5, 1.6)),
        ((46, 18), (13, 10), (0, -5.5, 0)),
        ((0, 36), (14, 9), (0, 2.5, 0.8)),
        ((34, 6.5), (16, 4.4), (0, -1.5, 0.8)),
        ((44, 4), (9, 7), (0, -1.6, 0)),
        ((0, -76), (15, 6), (0, 1.0, 2.2)),
        ((0, -98), (14, 9), (0, 2.0, 2.0)),
        ((0, -87), (15, 4.5), (0, 0.5, -1.6)),
        ((40, -36), (14, 13), (0, -2.0, -1.2)),
    )(p)
    corner = lift(p)
    out += lips(p, upper=-0.08, lower=0.04)
    return out + field(-0.8 * corner * np.sign(p[:, 0]), -4.5 * corner, -0.6 * corner)


def calm(p: Floats) -> Floats:
    """A face at rest that is not stern: corners a hair up, brows a little higher."""
    return field(dy=0.9 * lift(p)) + strokes(((28, 22), (24, 10), (0, 1.9, 0)))(p)


def smile_wide(p: Floats) -> Floats:
    """Corners further out and back."""
    corner = corners(p)
    return field(2.2 * corner * np.clip(p[:, 0] / 24, -1, 1), 0, -1.0 * corner)


def smile_curl(p: Floats) -> Floats:
    """Corners higher over a middle that stays."""
    return field(dy=2.5 * lift(p))


def crooked(p: Floats) -> Floats:
    """One corner higher than the other."""
    return field(dy=0.9 * lift(p) * np.clip(p[:, 0] / 20, -1, 1))


def lip_high(p: Floats) -> Floats:
    """The upper lip further up from the teeth."""
    return field(dy=apart(p, 2.2, 0.0))


def eye_open(p: Floats) -> Floats:
    return strokes(((31.5, 6.2), (15, 4.4), (0, 1.0, -0.1)))(p)


EXPRESSIONS: dict[str, Shape] = {
    "jaw": jaw,
    "part_lips": part_lips,
    "smile": smile,
    "laugh": laugh,
    "surprise": surprise,
    "anger": anger,
    "sadness": sadness,
    "calm": calm,
    "smile_wide": smile_wide,
    "smile_curl": smile_curl,
    "crooked": crooked,
    "lip_high": lip_high,
    "brow_raise": strokes(((28, 22), (25, 11), (0, 1.7, 0.2)), ((26, 42), (26, 14), (0, 0.7, 0))),
    "eye_open": eye_open,
    "look_up": strokes(((32, 6.0), (15, 4.6), (0, 1.0, 0)), ((32, -5.5), (14, 4.2), (0, 0.5, 0))),
}
"""Displacements of each expression or movement in full, mm."""
