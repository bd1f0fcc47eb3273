"""Draw the outlines of lenses: one closed curve for each kind of frame."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

Floats = NDArray[np.float64]

KINDS = ("round", "oval", "square", "aviator", "cat eye", "half rim", "panto")
"""Kinds of frames by index."""

POINTS = 48

_KNOTS = {
    # angle in degrees from outside (temple) over the top: radius, in mm
    "round": ((0, 23.0), (90, 22.0), (180, 23.0), (270, 22.0)),
    "oval": ((0, 25.5), (45, 21.5), (90, 17.5), (135, 21.0), (180, 24.5), (225, 20.5), (270, 17.5), (315, 21.5)),
    "square": ((0, 26.5), (34, 29.5), (60, 21.5), (90, 18.5), (122, 21.5), (148, 28.0), (180, 25.0), (214, 26.0), (245, 20.5), (270, 18.8), (298, 21.2), (325, 27.0)),
    "aviator": ((0, 27.0), (36, 28.0), (65, 21.0), (90, 19.0), (120, 20.5), (148, 25.5), (180, 22.5), (215, 21.5), (250, 24.5), (275, 26.5), (300, 28.5), (330, 28.5)),
    "cat eye": ((0, 26.0), (27, 34.0), (52, 22.5), (90, 17.5), (120, 18.5), (150, 22.5), (180, 22.5), (215, 21.5), (245, 19.5), (270, 18.5), (300, 20.0), (330, 24.0)),
    "half rim": ((0, 26.0), (32, 28.0), (60, 19.0), (90, 16.2), (120, 18.8), (150, 26.0), (180, 24.5), (212, 24.2), (245, 19.0), (270, 17.0), (298, 19.2), (328, 25.0)),
    "panto": ((0, 24.5), (35, 25.8), (65, 21.6), (90, 19.6), (117, 21.4), (145, 25.0), (180, 23.0), (215, 22.2), (245, 21.8), (270, 21.6), (295, 22.2), (325, 23.8)),
}  # fmt: skip


def _curve(knots: tuple[tuple[float, float], ...]) -> Floats:
    """Points [POINTS, 2] of a smooth closed curve through polar knots, evenly spaced."""
    fine = np.arange(720) / 2
    angle = np.array([a for a, _ in knots], float)
    radius = np.array([r for _, r in knots])
    turns = np.concatenate([angle - 360, angle, angle + 360])
    drawn = PchipInterpolator(turns, np.tile(radius, 3))(fine)
    # A periodic Gaussian rounds the corners off without moving the sides.
    spread = np.exp(-((np.minimum(fine, 360 - fine) / 5) ** 2))
    smooth = np.fft.ifft(np.fft.fft(drawn) * np.fft.fft(spread / spread.sum())).real
    p = np.stack([np.cos(np.radians(fine)), np.sin(np.radians(fine))], 1) * smooth[:, None]
    length = np.r_[0, np.linalg.norm(np.diff(np.r_[p, p[:1]], axis=0), axis=1).cumsum()]
    at = np.arange(POINTS) / POINTS * length[-1]
    closed = np.r_[p, p[:1]]
    return np.stack([np.interp(at, length, closed[:, k]) for k in range(2)], 1)


@lru_cache(maxsize=1)
def outlines() -> Floats:
    """Outlines of the lens at x > 0 about its middle, [len(KINDS), POINTS, 2], mm."""
    return np.stack([_curve(_KNOTS[kind]) for kind in KINDS])
