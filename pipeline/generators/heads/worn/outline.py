"""Draw the outlines of lenses: one closed curve for each kind of frame."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Polygon = tuple[tuple[float, float], ...]

KINDS = ("round", "oval", "square", "aviator", "cat eye", "half rim", "panto")
"""Kinds of frames by index."""

POINTS = 48


def _ellipse(a: float, b: float) -> Polygon:
    turn = np.arange(16) * np.pi / 8
    return tuple((a / 0.975 * float(np.cos(u)), b / 0.975 * float(np.sin(u))) for u in turn)


_SQUARE = (
    (28.0, 6.0), (26.5, 20.0), (12.0, 20.5), (-10.0, 20.5), (-23.5, 20.0), (-27.0, 10.0),
    (-26.0, -9.0), (-22.5, -19.5), (-9.0, -20.5), (10.0, -20.5), (23.5, -20.0), (28.0, -9.0),
)  # fmt: skip
_AVIATOR = (
    (29.0, 4.0), (27.5, 19.0), (14.0, 20.5), (-6.0, 19.5), (-19.5, 18.0), (-25.0, 8.0),
    (-19.5, -8.0), (-10.0, -23.0), (4.0, -28.5), (18.0, -26.5), (27.0, -14.0), (29.0, -5.0),
)  # fmt: skip
_CAT_EYE = (
    (25.5, 4.0), (32.0, 15.0), (31.0, 22.0), (14.0, 19.5), (-4.0, 17.0), (-18.0, 15.5),
    (-24.5, 7.0), (-24.0, -6.0), (-16.0, -18.0), (-2.0, -21.0), (13.0, -19.5), (22.0, -10.0),
)  # fmt: skip
_HALF_RIM = (
    (27.5, 5.0), (26.0, 17.5), (12.0, 18.5), (-10.0, 18.5), (-23.0, 17.5), (-26.0, 7.0),
    (-25.0, -8.0), (-20.0, -18.0), (-8.0, -19.5), (10.0, -19.5), (22.0, -17.5), (27.0, -7.0),
)  # fmt: skip
_PANTO = (
    (26.5, 5.0), (24.5, 18.0), (12.0, 21.5), (-8.0, 21.5), (-21.5, 18.0), (-25.5, 7.0),
    (-22.5, -8.0), (-14.0, -20.5), (1.0, -25.5), (15.0, -21.5), (24.0, -9.0),
)  # fmt: skip
_POLYGONS = (
    _ellipse(23, 22.5), _ellipse(25, 18.5), _SQUARE, _AVIATOR, _CAT_EYE, _HALF_RIM, _PANTO,
)  # fmt: skip
"""Control points of each kind, mm from the middle: outwards (to the temple), up."""


def _curve(polygon: Polygon) -> Floats:
    """Points [POINTS, 2], evenly spaced from the temple over the top, of a closed B-spline."""
    q = np.array(polygon)
    u = np.linspace(0, 1, 60, endpoint=False)[None, :, None]
    a, b, c, d = (np.roll(q, 1 - k, axis=0)[:, None] for k in range(4))
    p = ((1 - u) ** 3 * a + (3 * u**3 - 6 * u**2 + 4) * b
         + (-3 * u**3 + 3 * u**2 + 3 * u + 1) * c + u**3 * d) / 6  # fmt: skip
    p = p.reshape(-1, 2)
    p = np.roll(p, -int(np.argmin(np.abs(p[:, 1]) + 1e3 * (p[:, 0] < 0))), axis=0)
    loop = np.concatenate([p, p[:1]])
    length = np.concatenate([[0], np.linalg.norm(np.diff(loop, axis=0), axis=1).cumsum()])
    at = np.arange(POINTS) / POINTS * length[-1]
    return np.stack([np.interp(at, length, loop[:, k]) for k in range(2)], 1)


@lru_cache(maxsize=1)
def outlines() -> Floats:
    """Outlines of the lens at x > 0 about its middle, [len(KINDS), POINTS, 2], mm."""
    return np.stack([_curve(polygon) for polygon in _POLYGONS])
