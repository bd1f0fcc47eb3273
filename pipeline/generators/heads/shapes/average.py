"""Shape the average adult out of the template, which keeps the places where paint and hair go."""

import numpy as np

from pipeline.generators.heads.shapes.brushes import Floats, field, strokes
from pipeline.generators.heads.template import bell, front, smooth


def average(p: Floats) -> Floats:
    """What the average adult differs by from the template at rest points [V, 3], mm."""
    x, y, z = p.T
    out = field(
        -0.105 * x * smooth(-y, 22, 88) * (1 - 0.4 * smooth(-y, 86, 110)) * smooth(z, -125, -80),
        # The hairline slides down over the skull.
        -5.0 * bell((y - 62) / 22) * front(p),
    )
    out += strokes(
        # Temples, and the hollow between cheekbone and jaw.
        ((66, 34, -45), (18, 26, 26), (-2.6, 0, -1.6)),
        ((56, -46, -42), (18, 15, 26), (-2.2, 0, -0.6)),
        # Cheekbones with their arches to the ears, the outer brows over them, the jaw's angle.
        ((62, -17, -45), (14, 8, 22), (1.4, 0, 0)),
        ((54, -70, -66), (16, 12, 20), (1.6, 0, 0)),
        ((44, -20), (13, 10), (0.6, 0, 2.0)),
        ((45, 20), (14, 8), (0, 0, 1.2)),
        # A chin of its own.
        ((0, -104), (15, 9), (0, -1.0, 1.2)),
        # The base of the nose lower.
        ((0, -42), (19, 9), (0, -2.2, 0)),
    )(p)
    return out + _nostrils(p)


def _nostrils(p: Floats) -> Floats:
    """Nostrils further apart, wings with them, on a columella as wide as before."""
    ax = np.abs(p[:, 0])
    out = smooth(ax, 1.5, 6.5) * bell(np.maximum(ax - 9, 0) / 9, (p[:, 1] + 43) / 8)
    return field(1.3 * out * front(p) * np.sign(p[:, 0]))
