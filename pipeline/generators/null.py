"""Render next to nothing: the latent as grey stripes, to measure and test all that is around it.

`builtin:null` is an honest generator whose "faces" cost microseconds; the scorer of the same name
reads the stripes back from the pixels. Natural shares are skewed like those of a real one.
"""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

STRIPES = 16
"""Values in a latent, each a vertical stripe of the picture."""


class Null:
    """Latents as stripes: value i of w gives the grey of stripe i, by its normal quantile."""

    latent_size = STRIPES

    def __init__(self) -> None:
        self.digest = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()

    def latents(self, normals: NDArray[np.float32]) -> NDArray[np.float32]:
        """Round draws to float16: float32 [B, D]."""
        rounded: NDArray[np.float32] = normals.astype(np.float16).astype(np.float32)
        return rounded

    def render(self, w: NDArray[np.float32], size: int) -> NDArray[np.uint8]:
        """Paint stripes: w float32 [B, 16]; uint8 [B, size, size, 3]."""
        levels = np.rint(16 + 223 * ndtr(w.astype(np.float64))).astype(np.uint8)
        stripe = np.arange(size) * STRIPES // size
        row = levels[:, None, stripe, None]
        return np.ascontiguousarray(np.broadcast_to(row, (len(w), size, size, 3)))

    def preview(self, w: NDArray[np.float32], size: int) -> NDArray[np.uint8]:
        """The same as `render`."""
        return self.render(w, size)
