"""Bring square images of any size to another: area averages downwards, smooth lines upwards."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Taps = tuple[NDArray[np.int64], NDArray[np.float32]]
"""Where each target pixel reads, int64 [T, size], and how much of it, float32 [T, size]."""


def resized(images: NDArray[np.generic], size: int) -> NDArray[np.float32]:
    """Area averages of larger pictures, `enlarged` smaller ones: float32 [B, size, size, C]."""
    smaller = images.shape[1] < size
    return enlarged(images, size) if smaller else area_average(images, size)


def area_average(images: NDArray[np.generic], size: int) -> NDArray[np.float32]:
    """Average each target pixel over the area it covers in the source.

    Each image's result depends on that image alone, bit for bit. Sizes that divide evenly are sums
    of whole pixels; others weigh the pixels on the border by the part covered.

    Args:
        images: [B, H, W, C], H == W.
        size: side of the result in pixels.

    Returns:
        float32 [B, size, size, C], in the units of `images`.
    """
    count, side, width, channels = images.shape
    _check_square(side, width)
    if side == size:
        return images.astype(np.float32)
    if side % size == 0:
        step = side // size
        rows = images.reshape(count, size, step, side, channels).sum(2, dtype=np.float32)
        cells = rows.reshape(count, size, size, step, channels).sum(3)
        return np.asarray(cells / np.float32(step * step))
    return _blended(images, _area_taps(side, size))


def enlarged(images: NDArray[np.generic], size: int) -> NDArray[np.float32]:
    """Interpolate linearly between pixel centres; beyond the outermost ones nothing changes.

    Args:
        images: [B, H, W, C], H == W.
        size: side of the result in pixels, H or more.

    Returns:
        float32 [B, size, size, C]; each image's result depends on that image alone, bit for bit.
    """
    side, width = images.shape[1:3]
    _check_square(side, width)
    return _blended(images, _linear_taps(side, size))


def _check_square(side: int, width: int) -> None:
    if side != width:
        raise ValueError(f"images of {width} x {side} px are not square")


def _blended(images: NDArray[np.generic], taps: Taps) -> NDArray[np.float32]:
    """Weighted sums of rows, then of columns."""
    index, weight = taps
    source = images.astype(np.float32)
    rows = np.zeros((len(source), index.shape[1], *source.shape[2:]), np.float32)
    for at, share in zip(index, weight, strict=True):
        rows += source[:, at] * share[:, None, None]
    out = np.zeros((*rows.shape[:2], index.shape[1], rows.shape[3]), np.float32)
    for at, share in zip(index, weight, strict=True):
        out += rows[:, :, at] * share[:, None]
    return out


@lru_cache(maxsize=8)
def _area_taps(side: int, size: int) -> Taps:
    edges = np.arange(size + 1) * (side / size)
    first = np.floor(edges[:-1]).astype(np.int64)
    index = first + np.arange(int(np.ceil(side / size)) + 1)[:, None]
    covered = np.minimum(edges[1:], index + 1) - np.maximum(edges[:-1], index)
    weight = np.clip(covered, 0, None) * (size / side)
    return np.minimum(index, side - 1), weight.astype(np.float32)


@lru_cache(maxsize=8)
def _linear_taps(side: int, size: int) -> Taps:
    place = np.clip((np.arange(size) + 0.5) * (side / size) - 0.5, 0, side - 1)
    low = np.minimum(place.astype(np.int64), side - 2)
    part = place - low
    return np.stack([low, low + 1]), np.stack([1 - part, part]).astype(np.float32)
