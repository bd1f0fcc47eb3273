"""Push rest points about: what every shape is made of."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pipeline.generators.heads.template import (
    EYE,
    MOUTH_X,
    bell,
    front,
    lip_heights,
    mouth_line,
    smooth,
    stroke,
)

Floats = NDArray[np.float64]
Shape = Callable[[Floats], Floats]
"""Displacement, mm, of rest points [V, 3]."""


def strokes(*rows: tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]) -> Shape:
    """Several brush strokes (place, size, push) as one shape."""

    def shape(p: Floats) -> Floats:
        total = np.zeros_like(p)
        for at, size, by in rows:
            total += stroke(p, at, size, by)
        return total

    return shape


def field(dx: Floats | float = 0.0, dy: Floats | float = 0.0, dz: Floats | float = 0.0) -> Floats:
    return np.stack(np.broadcast_arrays(*(np.asarray(d, float) for d in (dx, dy, dz))), -1)


def to_eye(p: Floats) -> tuple[Floats, Floats, Floats]:
    """Offsets from the nearer eye, outwards and up, and a weight that fades around it.

    It fades to nothing in the middle, where pushes outwards would tear the sides apart.
    """
    side = np.abs(p[:, 0])
    u, v = side - EYE[0], p[:, 1] - EYE[1]
    return u, v, bell(u / 22, v / 17) * front(p) * smooth(side, 0, 12)


def lips(p: Floats, upper: float, lower: float) -> Floats:
    """Higher and fuller vermilion: the skin beyond follows and fades."""
    x = p[:, 0]
    up, low = lip_heights(x)
    s = p[:, 1] - mouth_line(x)
    inside = np.where(s > 0, np.minimum(s, up), np.maximum(s, -low))
    beyond = np.where(s > 0, bell(np.maximum(s - up, 0) / 8), bell(np.maximum(-s - low, 0) / 8))
    amount = np.where(s > 0, upper, lower)
    middle = smooth(MOUTH_X + 4 - np.abs(x), 0, 10) * front(p)
    full = np.where(s > 0, bell((s - 0.5 * up) / 5), bell((-s - 0.5 * low) / 5.5))
    return field(
        dy=amount * inside * beyond * middle, dz=amount * 6.0 * full * middle * np.sqrt(middle)
    )
