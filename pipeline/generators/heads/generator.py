"""The built-in generator of stylised synthetic heads: latents to people to pictures."""

import hashlib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.errors import SpecError
from pipeline.generators.heads import layout
from pipeline.generators.heads.render import render

SMALLEST, LARGEST = 64, 1024


def source_digest() -> str:
    """sha256 (hex) over the layout version and this package's source files."""
    digest = hashlib.sha256(f"heads layout {layout.LAYOUT_VERSION}\n".encode())
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


class Heads:
    """Stylised synthetic 3D heads, ray marched on the CPU; implements `Generator`.

    Each picture is rendered alone, so it never depends on the batch it came in.
    """

    latent_size = layout.LATENT_SIZE

    def __init__(self) -> None:
        self.digest = source_digest()

    def latents(self, normals: NDArray[np.float32]) -> NDArray[np.float32]:
        """Standard normal draws, float32 [B, D], to latents: clipped to +-6, rounded to float16."""
        return layout.latents(normals)

    def render(self, w: NDArray[np.float32], size: int) -> NDArray[np.uint8]:
        """Render w: float32 [B, D]; uint8 [B, size, size, 3], sRGB. Size 64 to 1024 px."""
        return self.render_with_masks(w, size)[0]

    def skin_mask(self, w: NDArray[np.float32], size: int) -> NDArray[np.float32]:
        """Bare visible skin of w, float32 [B, size, size] in 0..1."""
        return self.render_with_masks(w, size)[1]

    def render_with_masks(
        self, w: NDArray[np.float32], size: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Pictures and skin masks at once: skin without hair, brows, eyes, lips, frames, clothes.

        Raises:
            SpecError: if size is outside 64..1024.
        """
        if not SMALLEST <= size <= LARGEST:
            raise SpecError(
                f"image.size is {size}: builtin:heads renders {SMALLEST} to {LARGEST} px, "
                "choose a size between them."
            )
        images = np.empty((len(w), size, size, 3), np.uint8)
        masks = np.empty((len(w), size, size), np.float32)
        with torch.inference_mode():
            for i, person in enumerate(layout.people(w)):
                images[i], masks[i] = render(person, size)
        return images, masks
