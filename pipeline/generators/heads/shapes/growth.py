"""Shape what years and gender presentation do to a head."""

import numpy as np

from pipeline.generators.heads.shapes.brushes import Floats, Shape, field, lips, strokes, to_eye
from pipeline.generators.heads.shapes.identity import chin_width, nose_base
from pipeline.generators.heads.template import bell, front, smooth


def child(p: Floats) -> Floats:
    """A three-year-old: small lower face, round cheeks, large cranium and eyes, a button nose."""
    x, y, z = p.T
    face = smooth(z, -110, -55)
    # All below the lids is squeezed evenly: relief that were squeezed more would show as bands.
    low = -LIDS_END * np.log1p(np.exp(-(y + 14) / LIDS_END))
    out = field(
        0.050 * x * smooth(y, -25, 45),
        -0.28 * low * face - 6.0 * face * (1 - smooth(y, 10, 105)) + 4.5 * smooth(y, 20, 100),
        -0.05 * (z + 40) * smooth(-y, 5, 80) * smooth(z, -60, 0) + 4.5 * bell((y - 50) / 30) * face,
    )
    # Rounder, level eyes: the openings higher and wider, and nothing sags below them.
    u, v, weight = to_eye(p)
    out += field(0.07 * u * weight * np.sign(x), (0.36 * v - 0.13 * u) * weight, 1.0 * weight)
    out += strokes(
        # Sockets and lids are full, the brows flat.
        ((33, -12), (18, 10), (0, 0, 1.0)),
        ((15, 20), (10, 9), (0, 1.8, 0)),
        ((14, 12), (11, 13), (0, 0, 2.4)),
        ((27, 19), (24, 8), (0, 0, -2.5)),
        ((20, 10), (14, 6), (0, 0, 0.8)),
        ((31.5, 1), (24, 18), (-1.2, 0, 0)),
        # The nose: hardly any bridge, a small round tip.
        ((0, -36), (17, 15), (0, 1.2, -4.4)),
        ((0, -35), (9, 7), (0, 0, 1.8)),
        ((12.5, -36), (5, 6), (0, 0, -1.4)),
        ((8, -37), (3, 6), (0, 0, 1.0)),
        ((0, -10), (12, 18), (0, 0, -4.6)),
        ((0, -25), (9, 7), (0, 0, 1.2)),
        ((0, 6), (9, 9), (0, 0, -1.4)),
        # Cheeks hide bone and hollow, from the eyes to the jaw.
        ((40, -47), (26, 26), (1.4, 0, 2.4)),
        ((52, -56, -44), (22, 28, 34), (4.6, 0, 1.8)),
        ((50, -22, -25), (16, 11, 20), (-1.5, 0, -2.6)),
        ((62, -17, -45), (14, 8, 22), (-1.3, 0, 0)),
        ((44, -20), (13, 10), (-0.5, 0, -1.8)),
        ((54, -70, -66), (18, 14, 22), (-3.0, 0, 0)),
        # A short mouth over a small, soft chin.
        ((24, -68), (16, 13), (-5.2, 0, 0)),
        ((0, -68), (22, 12), (0, 0, -1.4)),
        ((32, -94), (18, 16), (0.8, 0, 0.4)),
        ((46, -74, -40), (22, 16, 32), (2.4, 0, 2.4)),
        ((0, -100), (22, 13), (0, 0, -2.4)),
    )(p)
    return out + lips(p, upper=-0.12, lower=-0.06) - 0.17 * nose_base(p)


LIDS_END = 8.0
"""Softness of the change from the eyes, which keep their height, to the squeezed face, mm."""


def mature(p: Floats) -> Floats:
    """Sixty: flesh slides from the cheekbones to the jaw, lids and brows come down."""
    out = strokes(
        ((44, -28), (16, 13), (-0.6, -0.8, -2.2)),
        ((46, -64, -30), (18, 18, 30), (2.6, -1.0, 1.8)),
        ((46, -84, -40), (18, 14, 26), (3.2, -2.0, 1.2)),
        ((0, -112, -38), (28, 13, 24), (0, -3.2, 1.0)),
        ((0, -87.5), (15, 6), (0, 0, -0.8)),
        ((30, 21), (24, 9), (0, -1.6, 0.4)),
        ((33, 8.5), (16, 5), (0, -1.1, 1.4)),
        ((44, 6), (9, 7), (0, -1.6, 0.4)),
        ((30, -13), (13, 5.0), (0, -0.6, 1.4)),
        ((28, -21), (14, 5.5), (0, 0, -1.8)),
        ((0, -37), (14, 11), (0, -1.4, 0.8)),
        ((25, -70), (10, 8), (0, -0.6, -0.4)),
        ((30, -56), (8, 14), (0.4, -0.8, 1.2)),
    )(p)
    out += field(0, 0.018 * np.minimum(p[:, 1], 0) * smooth(p[:, 2], -120, -60), 0)
    return out + lips(p, upper=-0.22, lower=-0.15) + fold(p, 1.2) + 0.05 * nose_base(p)


def old(p: Floats) -> Floats:
    """From sixty to ninety: fat goes, hollows and sockets sink, skin hangs, lips all but vanish."""
    out = strokes(
        ((60, 22, -36), (16, 22, 26), (-3.6, 0, -3.0)),
        ((46, -50, -20), (15, 18, 28), (-3.6, -1.0, -3.8)),
        ((56, -46, -46), (16, 18, 26), (-2.2, 0, -0.6)),
        ((38, -32), (14, 11), (0, -1.6, -1.4)),
        ((37, -94), (17, 13), (2.0, -3.0, 1.2)),
        ((30, -62), (8, 15), (0.4, -1.2, 1.0)),
        ((33, 8.5), (16, 4.5), (0, -0.9, 1.0)),
        ((24, 12), (11, 5), (0, 0, -1.8)),
        ((44, 5), (9, 7), (0, -1.8, 0.2)),
        ((30, -14), (13, 5.5), (0, -1.0, 2.0)),
        ((29, -22), (15, 6), (0, 0, -2.2)),
        ((0, -37), (14, 11), (0, -2.4, 0.8)),
        ((25, -70), (10, 8), (0, -0.7, -0.8)),
        ((0, -68), (24, 11), (0, 0, -1.8)),
        ((0, -110, -42), (16, 12, 20), (0, -3.0, 2.0)),
        ((31, 1), (20, 14), (0, 0, -2.6)),
        ((0, -104), (14, 10), (0, 0.6, 1.4)),
    )(p)
    return out + lips(p, upper=-0.34, lower=-0.28) + fold(p, 1.1) + 0.06 * nose_base(p)


def fold(p: Floats, depth: float) -> Floats:
    """The nasolabial fold: from the nose's wing to above the corner of the mouth."""
    x, y = np.abs(p[:, 0]), p[:, 1]
    t = np.clip((-38 - y) / 36, -0.3, 1.4)
    line = 17.5 + 14.5 * np.clip(t, 0, 2) ** 0.85
    along = smooth(t, -0.10, 0.35) * (1 - smooth(t, 0.50, 1.05)) * front(p)
    groove = bell((x - line) / 3.8) - 0.7 * bell((x - line - 8.0) / 6.5)
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
    "mature": mature,
    "old": old,
    "m_bone": masculine_bone,
    "m_soft": masculine_soft,
}
"""Displacements of a three-year-old, of sixty, of ninety beyond that, and of masculinity, mm."""
