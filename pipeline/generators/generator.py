"""Say what a generator is: seeds to latents, latents to pixels."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Latents = NDArray[np.float32]
"""float32 [B, D]; float16 holds every value exactly, so that a stored row rebuilds the face."""


class Generator(Protocol):
    """Latents to pixels; on the same hardware the same latents give the same pixels."""

    digest: str
    """sha256 (hex) over weights and code: part of every row."""

    latent_size: int
    """D, the length of w."""

    def latents(self, normals: NDArray[np.float32]) -> Latents:
        """Map standard normal draws, float32 [B, D], to latents w of the natural distribution."""
        ...

    def render(self, w: Latents, size: int) -> NDArray[np.uint8]:
        """Render w: float32 [B, D] at size x size px; uint8 [B, size, size, 3], sRGB."""
        ...
