"""Draw the outlines of lenses: one closed curve for each kind of frame."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

Floats = NDArray[np.float64]

KINDS = ("round", "oval", "square", "aviator", "cat eye", "half rim", "panto")
"""Kinds of frames by index."""

POINTS = 48

_ROUND = ((0, 23.0), (90, 22.0), (180, 23.0), (270, 22.0))
_OVAL = (
    (0, 25.5), (22, 24.0), (45, 21.2), (68, 19.2), (90, 18.5), (112, 19.1), (135, 20.9),
    (158, 23.4), (180, 24.8), (202, 23.4), (225, 20.9), (248, 19.1), (270, 18.5), (292, 19.2),
    (315, 21.2), (338, 24.0),
)  # fmt: skip
_SQUARE = (
    (0, 26.5), (34, 29.5), (60, 21.5), (90, 18.5), (122, 21.5), (148, 28.0), (180, 25.0),
    (214, 26.0), (245, 20.5), (270, 18.8), (298, 21.2), (325, 27.0),
)  # fmt: skip
_AVIATOR = (
    (0, 27.0), (36, 28.0), (65, 21.0), (90, 19.0), (120, 20.5), (148, 25.5), (180, 22.5),
    (215, 21.5), (250, 24.5), (275, 26.5), (300, 28.5), (330, 28.5),
)  # fmt: skip
_CAT_EYE = (
    (0, 26.0), (27, 34.0), (52, 22.5), (90, 17.5), (120, 18.5), (150, 22.5), (180, 22.5),
    (215, 21.5), (245, 19.5), (270, 18.5), (300, 20.0), (330, 24.0),
)  # fmt: skip
_HALF_RIM = (
    (0, 26.0), (32, 28.0), (60, 19.0), (90, 16.2), (120, 18.8), (150, 26.0), (180, 24.5),
    (212, 24.2), (245, 19.0), (270, 17.0), (298, 19.2), (328, 25.0),
)  # fmt: skip
_PANTO = (
    (0, 24.5), (35, 25.8), (65, 21.6), (90, 19.6), (117, 21.4), (145, 25.0), (180, 23.0),
    (215, 22.2), (245, 21.8), (270, 21.6), (295, 22.2), (325, 23.8),
)  # fmt: skip
_KNOTS = (_ROUND, _OVAL, _SQUARE, _AVIATOR, _CAT_EYE, _HALF_RIM, _PANTO)
"""Degrees from the temple over the top to radius in mm, for each kind."""


def _curve(knots: tuple[tuple[int, float], ...]) -> Floats:
    """Points [POINTS, 2] of a smooth closed curve through polar knots, evenly spaced."""
    fine = np.arange(720) / 2
    angle = np.array([a for a, _ in knots], float)
    radius = np.array([r for _, r in knots])
    closed = CubicSpline(np.r_[angle, 360], np.r_[radius, radius[0]], bc_type="periodic")
    drawn = closed(fine)
    # A periodic Gaussian rounds the corners off without moving the sides.
    spread = np.exp(-((np.minimum(fine, 360 - fine) / 5) ** 2))
    smooth = np.fft.ifft(np.fft.fft(drawn) * np.fft.fft(spread / spread.sum())).real
    p = np.stack([np.cos(np.radians(fine)), np.sin(np.radians(fine))], 1) * smooth[:, None]
    length = np.r_[0, np.linalg.norm(np.diff(np.r_[p, p[:1]], axis=0), axis=1).cumsum()]
    at = np.arange(POINTS) / POINTS * length[-1]
    around = np.r_[p, p[:1]]
    return np.stack([np.interp(at, length, around[:, k]) for k in range(2)], 1)


@lru_cache(maxsize=1)
def outlines() -> Floats:
    """Outlines of the lens at x > 0 about its middle, [len(KINDS), POINTS, 2], mm."""
    return np.stack([_curve(knots) for knots in _KNOTS])
