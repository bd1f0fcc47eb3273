"""Shape expressions: jaw, lips, brows and lids."""

import numpy as np

from pipeline.generators.heads.shapes.brushes import Floats, Shape, field, lips, strokes
from pipeline.generators.heads.shapes.growth import fold
from pipeline.generators.heads.template import (
    MOUTH_X,
    MOUTH_Y,
    bell,
    bow,
    front,
    lip_heights,
    mouth_line,
    smooth,
)

HINGE = (0.0, -12.0, -75.0)
"""Axis of the jaw, through both joints."""

JAW_DEGREES = 17.0
"""Turn of the jaw at mouth_open = 1."""


LAUGHING, SURPRISED = (2.4, 0.0), (3.0, 5.4)
"""How far upper and lower lip leave their line, mm, besides the jaw."""


def jaw_weight(p: Floats) -> Floats:
    """How far each point follows the jaw, 0..1; it jumps across the line between the lips."""
    x = np.abs(p[:, 0])
    s = mouth_line(p[:, 0]) - p[:, 1]
    beside = smooth(s, -26, 38)
    below = 0.90 + 0.10 * smooth(s, 0, 20)
    lip = np.where(s > 0, below, 0.06 * smooth(-s, 30, 0))
    middle = np.clip(1 - (x / (MOUTH_X + 0.5)) ** 2, 0, 1) ** 0.42
    weight = beside + (lip - beside) * np.maximum(middle, 0)
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
    return field(-2.6 * hollow * np.sign(p[:, 0]), dy * weight, dz * weight - 1.5 * hollow)


def apart(p: Floats, upper: float, lower: float) -> Floats:
    """How far the lips move from their line, upper and lower in mm: round towards the corners."""
    s = p[:, 1] - mouth_line(p[:, 0])
    c = np.clip(1 - (p[:, 0] / (MOUTH_X + 0.5)) ** 2, 0, 1) ** 0.7
    return np.asarray(np.where(s > 0, upper, -lower) * bell(s / 12) * c * front(p))


def rounder(p: Floats) -> Floats:
    """What makes a U of a V: the lower lip sinks beside its middle, by about 0.8 mm."""
    return apart(p, 0.0, 1.0) * bell((np.abs(p[:, 0]) - 14) / 8)


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


def lift(p: Floats) -> Floats:
    """1 at the corners of the mouth, less in a curve inwards, fading into the cheeks."""
    x = np.abs(p[:, 0])
    inwards = np.minimum(x / 27, 1) ** 1.7 * bell(np.maximum(x - 27, 0) / 13)
    return np.asarray(inwards * bell((p[:, 1] - MOUTH_Y) / 13) * front(p))


def smile(p: Floats) -> Floats:
    """Corners out, up and back; cheeks into apples; lower lids up; lips tighten over the teeth."""
    x, y = np.abs(p[:, 0]), p[:, 1]
    corner = bell((x - 27) / 13, (y - MOUTH_Y) / 13) * front(p)
    inner = bell(x / 17, (y - MOUTH_Y) / 10) * front(p)
    reach = 7.4 * corner * np.clip(x / 24, 0, 1)
    up = 10.5 * lift(p) - 1.5 * inner + 1.1 * straighten(p)
    out = field(reach * np.sign(p[:, 0]), up, -4.2 * corner - 1.2 * inner)
    out += lips(p, upper=-0.20, lower=-0.16)
    out += strokes(
        ((41, -31), (16, 14), (1.5, 4.6, 4.8)),
        ((45, -52), (9, 12), (2.5, 1.0, 1.6)),
        ((31, -7.5), (14, 4.5), (0, 1.9, 0.7)),
        ((31, -13), (13, 4.0), (0, 1.2, 1.5)),
        ((13.5, -40), (6, 7), (1.8, 0.8, -0.4)),
        ((0, -36), (7, 6), (0, -0.8, -0.6)),
        ((28, 21), (24, 9), (0, 1.0, 0)),
    )(p)
    return out + fold(p, 0.6)


def laugh(p: Floats) -> Floats:
    """On top of a smile: squeezed eyes, raised cheeks, the upper teeth bare over a round lip."""
    corner = lift(p)
    up = apart(p, *LAUGHING) + 2.8 * rounder(p) - 0.8 * corner
    up += body(p, 0.55, 0.25)
    return field(2.2 * corner * np.sign(p[:, 0]), up, -1.0 * corner) + strokes(
        ((31.5, 5.5), (14, 4.2), (0, -1.6, 0.4)),
        ((31.5, -5.5), (14, 4.5), (0, 2.0, 0.6)),
        ((34, -88), (14, 12), (1.5, 0, 1.0)),
        ((42, -28), (14, 11), (0.5, 3.2, 2.4)),
        ((30, 20), (22, 9), (0, -0.6, 0)),
    )(p)


def surprise(p: Floats) -> Floats:
    """Brows high, eyes wide, the open mouth an upright oval."""
    x, y = np.abs(p[:, 0]), p[:, 1]
    corner = bell((x - 24) / 12, (y - MOUTH_Y) / 12) * front(p)
    pout = bell(x / 22, (y - MOUTH_Y) / 13) * front(p)
    up = apart(p, *SURPRISED) + 1.8 * rounder(p)
    out = field(-7.5 * corner * np.sign(p[:, 0]), up, 2.4 * pout)
    return out + strokes(
        ((28, 22), (24, 11), (0, 9.0, 0.4)),
        ((26, 44), (26, 14), (0, 3.5, 0.6)),
        ((31.5, 6.5), (15, 4.2), (0, 2.9, -0.2)),
        ((31.5, -5.5), (14, 4.0), (0, -1.2, 0)),
    )(p)


def anger(p: Floats) -> Floats:
    """Brows down and together over tense lids; thin pressed lips, flared nose, hard chin."""
    out = strokes(
        ((13, 18), (12, 9), (-5.0, -10.5, 3.6)),
        ((32, 21), (12, 8), (0, -3.0, 1.0)),
        ((47, 23), (11, 10), (0, 5.0, 0)),
        ((3.6, 15), (2.0, 9), (0, 0, -1.6)),
        ((23, 7.0), (11, 4.6), (0, -3.4, 0.9)),
        ((31.5, -5.0), (14, 4.0), (0, 1.8, 0.4)),
        ((13.5, -40), (6, 7), (2.6, 1.8, 0.6)),
        ((25, -69), (9, 7), (0.6, -4.4, -0.8)),
        ((0, -68), (20, 7), (0, 1.0, 0.4)),
        ((0, -98), (14, 9), (0, 2.4, 2.2)),
        ((0, -86), (14, 4.5), (0, 0, -2.0)),
    )(p)
    return out + lips(p, upper=-0.40, lower=-0.32) + field(dy=0.7 * straighten(p))


def sadness(p: Floats) -> Floats:
    """Inner brows up, lids heavy; the mouth an arch over a lower lip that is pushed out."""
    out = strokes(
        ((11, 20), (10, 10), (-2.2, 9.5, 1.6)),
        ((46, 18), (13, 10), (0, -5.5, 0)),
        ((0, 36), (14, 9), (0, 2.5, 0.8)),
        ((34, 6.5), (14, 4.4), (0, -2.9, 0.8)),
        ((44, 4), (9, 7), (0, -2.8, 0)),
        ((0, -76), (15, 6), (0, 1.6, 3.0)),
        ((0, -98), (14, 9), (0, 2.6, 2.4)),
        ((0, -87), (15, 4.5), (0, 0.5, -2.0)),
        ((40, -36), (14, 13), (0, -2.5, -1.2)),
    )(p)
    corner = lift(p)
    out += lips(p, upper=-0.14, lower=0.0)
    return out + field(-0.8 * corner * np.sign(p[:, 0]), -8.0 * corner, -0.6 * corner)


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
    "brow_raise": strokes(((28, 22), (25, 11), (0, 1.7, 0.2)), ((26, 42), (26, 14), (0, 0.7, 0))),
    "eye_open": eye_open,
    "look_up": strokes(((32, 6.0), (15, 4.6), (0, 1.0, 0)), ((32, -5.5), (14, 4.2), (0, 0.5, 0))),
}
"""Displacements of each expression or movement in full, mm."""
