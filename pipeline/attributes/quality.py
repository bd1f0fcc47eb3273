"""Measure the technical quality of images: sharpness and clipping."""

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.resample import area_average

_QUIET = 1.0
"""Laplacian strength, in 8-bit levels, that quantisation alone can cause."""


def sharpness(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """0 flat or blurred .. 1 as crisp as the size allows: float32 [B].

    The Laplacian of the luma at full size against the same at half size. Sharp pictures carry
    about the same detail at both scales, at any size (Field, 1987); blur removes the finer one.

    Args:
        images: uint8 [B, H, H, 3], sRGB; of an odd H the last row and column do not count.
    """
    even = images.shape[1] // 2 * 2
    rgb = images[:, :even, :even].astype(np.float32)
    luma = rgb @ np.array([[0.299], [0.587], [0.114]], np.float32)
    fine = _laplacian(luma)
    coarse = _laplacian(area_average(luma, even // 2))
    return np.asarray(np.clip(fine / (coarse + _QUIET), 0, 1), np.float32)


def clipped(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Share of pixels that are pure black or pure white: float32 [B], 0..1."""
    red, green, blue = images[..., 0], images[..., 1], images[..., 2]
    dead = ((red == 0) | (red == 255)) & (red == green) & (red == blue)
    return np.asarray(dead.mean((1, 2)), np.float32)


def _laplacian(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean absolute Laplacian of [B, H, H, 1]: float32 [B]."""
    inner = luma[:, 1:-1, 1:-1]
    around = luma[:, :-2, 1:-1] + luma[:, 2:, 1:-1] + luma[:, 1:-1, :-2] + luma[:, 1:-1, 2:]
    return np.asarray(np.abs(4 * inner - around).mean((1, 2, 3)), np.float32)
