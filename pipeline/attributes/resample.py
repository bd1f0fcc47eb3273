"""Bring square images of any size to one small size by exact area averages."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


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
    if side != width:
        raise ValueError(f"images of {width} x {side} px are not square")
    if side == size:
        return images.astype(np.float32)
    if side % size == 0:
        step = side // size
        rows = images.reshape(count, size, step, side, channels).sum(2, dtype=np.float32)
        cells = rows.reshape(count, size, size, step, channels).sum(3)
        return np.asarray(cells / np.float32(step * step))
    weights = _weights(side, size)
    columns = np.einsum("oi,bihc->bohc", weights, images.astype(np.float32))
    return np.asarray(np.einsum("oi,bhic->bhoc", weights, columns), np.float32)


@lru_cache(maxsize=8)
def _weights(side: int, size: int) -> NDArray[np.float32]:
    """Share of each source pixel in each target pixel: float32 [size, side], rows sum to 1."""
    edges = np.arange(size + 1) * (side / size)
    pixel = np.arange(side)
    covered = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    return np.asarray(np.clip(covered, 0, None) * (size / side), np.float32)
