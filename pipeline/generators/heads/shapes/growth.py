"""Shape what years and gender presentation do to a head."""

import numpy as np

from pipeline.generators.heads.shapes.brushes import Floats, Shape, field, lips, strokes, to_eye
from pipeline.generators.heads.shapes.identity import chin_width, nose_base
from pipeline.generators.heads.template import bell, front, smooth


def child(p: Floats) -> Floats:
    """A three-year-old: small lower face, round cheeks, large cranium and eyes."""
    x, y, z = p.T
    face = smooth(z, -110, -55)
    low = np.minimum(y + 4, 0)
    out = field(
        0.07 * x * smooth(y, -25, 45),
        -0.21 * low * face - 7.0 * face * bell(x / 55, (y - 2) / 34) + 4.5 * smooth(y, 20, 100),
        -0.05 * (z + 40) * smooth(-y, 5, 80) * smooth(z, -60, 0) + 4.5 * bell((y - 50) / 30) * face,
    )
    # Rounder, level eyes: the openings higher and shorter, and nothing sags below them.
    u, v, weight = to_eye(p)
    out += field(0.17 * u * weight * np.sign(x), (0.26 * v - 0.13 * u) * weight, 1.0 * weight)
    out += strokes(
        ((33, -11), (16, 8), (0, 0, 1.0)),
        ((15, 20), (10, 9), (0, 1.8, 0)),
        ((14, 12), (11, 13), (0, 0, 1.8)),
        ((0, -36), (17, 15), (0, 1.2, -4.0)),
        ((0, -35), (9, 7), (0, 0, 1.6)),
        ((12.5, -36), (5, 6), (0, 0, -1.4)),
        ((8, -37), (3, 6), (0, 0, 1.0)),
        ((0, -10), (11, 18), (0, 0, -3.0)),
        ((27, 19), (24, 8), (0, 0, -2.5)),
        ((20, 10), (14, 6), (0, 0, 0.8)),
        ((42, -42), (20, 20), (3.0, 0, 2.2)),
        ((34, -66), (22, 22), (1.6, 0, 1.6)),
        ((52, -56, -42), (18, 24, 28), (1.4, 0, 1.2)),
        ((31.5, 1), (24, 18), (-1.6, 0, 0)),
        ((32, -94), (18, 16), (2.0, 0, 1.0)),
        ((0, -100), (22, 13), (0, 0, -1.8)),
        ((24, -68), (16, 13), (-4.2, 0, 0)),
        ((50, -22, -25), (15, 12, 22), (-1.5, 0, -1.5)),
    )(p)
    return out + lips(p, upper=-0.08, lower=-0.02) - 0.24 * nose_base(p)


def old(p: Floats) -> Floats:
    """Ninety: flesh sinks to jowls and folds, hollows open, nose and ears grow, lips thin."""
    out = strokes(
        ((58, 22, -36), (15, 20, 24), (-2.6, 0, -2.6)),
        ((44, -52), (14, 17), (-1.4, -1.5, -3.6)),
        ((38, -32), (13, 10), (0, -2.0, -1.2)),
        ((36, -92), (13, 12), (2.6, -3.6, 2.4)),
        ((30, -62), (6, 16), (0.4, -1.5, 1.8)),
        ((25, -93), (4.0, 9), (0, 0, -1.2)),
        ((33, 8.5), (16, 4.5), (0, -2.6, 2.2)),
        ((44, 5), (8, 6), (0, -2.6, 0.4)),
        ((30, -13), (12, 4.0), (0, -1.2, 3.4)),
        ((29, -19.5), (14, 4.0), (0, 0, -2.6)),
        ((0, -37), (14, 11), (0, -2.4, 0.8)),
        ((25, -70), (9, 7), (0, -2.2, -1.0)),
        ((0, -110, -42), (16, 12, 20), (0, -4.5, 2.0)),
        ((31, 1), (19, 13), (0, 0, -1.8)),
    )(p)
    return out + lips(p, upper=-0.40, lower=-0.32) + fold(p, 2.5) + 0.08 * nose_base(p)


def fold(p: Floats, depth: float) -> Floats:
    """The nasolabial fold: from the nose's wing past the corner of the mouth."""
    x, y = np.abs(p[:, 0]), p[:, 1]
    t = np.clip((-38 - y) / 36, -0.3, 1.4)
    line = 17.5 + 14.5 * np.clip(t, 0, 2) ** 0.85
    along = smooth(t, -0.15, 0.2) * (1 - smooth(t, 0.85, 1.3)) * front(p)
    groove = bell((x - line) / 3.2) - 0.7 * bell((x - line - 7.5) / 6.0)
    return field(dz=-depth * along * groove)


def masculine_bone(p: Floats) -> Floats:
    """From the middle to plainly masculine; the other way to plainly feminine."""
    out = strokes(
        ((24, 17), (20, 8.0), (0, 0, 2.3)),
        ((0, 20), (12, 13), (0, 0, 0.7)),
        ((18, 10), (11, 5.5), (0, 0, -1.1)),
        ((52, -68, -58), (22, 22, 30), (2.2, -1.2, 0.6)),
        ((0, -104), (16, 11), (0, -1.8, 2.2)),
        ((0, -20), (8, 18), (0, -0.5, 1.0)),
        ((0, -35), (19, 11), (0, -0.4, 1.2)),
        ((0, -35), (8, 7), (0, 0, -0.5)),
        ((13, -37), (6, 7), (0, -0.4, 1.2)),
        ((8, -37), (3, 6), (0, 0, -0.6)),
        ((44, -48), (18, 19), (-0.7, 0, -1.0)),
        ((48, -24), (15, 10), (0.6, 0, -0.6)),
        ((44, -36), (15, 12), (-0.6, 0, -0.8)),
        ((34, -84), (16, 15), (-1.2, 0, -1.2)),
    )(p)
    out += field(
        0.024 * p[:, 0] * smooth(-p[:, 1], 10, 80),
        0.034 * np.minimum(p[:, 1], 0) * smooth(p[:, 2], -120, -60),
        -2.6 * smooth(p[:, 1], 30, 75) * front(p),
    )
    out += strokes(((0, -38), (15, 13), (0, -0.5, 0.2)))(p)
    return out + field(0.012 * p[:, 0], 0, 0) + 0.6 * chin_width(p) + 0.11 * nose_base(p)


def masculine_soft(p: Floats) -> Floats:
    """Thinner lips, narrower eyes under lower brows."""
    u, v, weight = to_eye(p)
    out = lips(p, upper=-0.20, lower=-0.17)
    out += field(-0.045 * u * weight * np.sign(p[:, 0]), -0.06 * v * weight - 0.01 * u * weight, 0)
    return out + strokes(
        ((30, 21), (22, 9), (0, -1.8, 0.4)),
        ((33, 9), (15, 4.5), (0, -0.7, 1.0)),
        ((42, -34), (14, 11), (0, 0, -1.0)),
    )(p)


GROWTH: dict[str, Shape] = {
    "child": child,
    "old": old,
    "m_bone": masculine_bone,
    "m_soft": masculine_soft,
}
"""Displacements of a three-year-old, of ninety, and of a plainly masculine head, mm."""
