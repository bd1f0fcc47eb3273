"""Say what a generator is: seeds to latents, latents to pictures and, where known, their truth."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.directions import BANDS

Latents = NDArray[np.float32]
"""float32 [B, D]; float16 holds every value exactly, so that a stored row rebuilds the face."""

SEGMENTS = (
    "background", "skin", "brows", "eyes", "iris", "lips", "teeth", "mouth", "hair",
    "facial_hair", "glasses", "jewellery", "clothing",
)  # fmt: skip
"""Classes of a segmentation map, by index; `eyes` is white and lashes, `mouth` its dark inside."""

LANDMARKS = 68
"""Points of the iBUG 300-W scheme (Sagonas et al., 2013): jaw 0-16, brows 17-26, nose 27-35,
eyes 36-47, lips 48-67; "right" is the person's own right, on the left of a frontal picture."""


@dataclass(frozen=True)
class Pictures:
    """B pictures of S x S px and the truth about their pixels.

    images: uint8 [B, S, S, 3], sRGB, the person before the backdrop.
    alpha: uint8 [B, S, S], 0..255, how much of the pixel the person covers.
    cutout: uint8 [B, S, S, 3], sRGB, the person alone: straight colour, not premultiplied, without
        any of the backdrop in it, and carried on past the silhouette.
    segmentation: uint8 [B, S, S], indices into SEGMENTS.
    depth: float32 [B, S, S], mm from the camera along its axis; 0 on the background.
    landmarks: float32 [B, 68, 2], px from the left and top edge; the first pixel's centre is at
        0.5, 0.5. Points may lie outside the picture or be hidden from view.
    cameras: float32 [B, 3, 4], head space (mm; origin between the eyes, x to the picture's right
        on a frontal face, y up, z to the viewer) to homogeneous pixels.
    """

    images: NDArray[np.uint8]
    alpha: NDArray[np.uint8]
    cutout: NDArray[np.uint8]
    segmentation: NDArray[np.uint8]
    depth: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    cameras: NDArray[np.float32]


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
        """Render w: float32 [B, D] at size x size px; uint8 [B, size, size, 3], sRGB.

        A picture does not depend on the others of its call.
        """
        ...

    def preview(self, w: Latents, size: int) -> NDArray[np.uint8]:
        """As `render`, but as fast as it goes: the last bits may depend on the whole of w."""
        ...


@runtime_checkable
class Modeller(Generator, Protocol):
    """A generator that models what it draws, and so knows the truth about every pixel."""

    def pictures(self, w: Latents, size: int) -> Pictures:
        """Render w: float32 [B, D] with everything known about the pictures.

        `images` are the very pixels of `render`.
        """
        ...


@runtime_checkable
class Layered(Generator, Protocol):
    """A generator whose layers can have different latents, if it is `layered`.

    `render` and `preview` then take w of len(BANDS) times D too: one behind the other, what each
    band of layers gets.
    """

    layered: bool


def bands_of(generator: Generator) -> int:
    """How many latents a picture can be made of: len(BANDS), or 1."""
    return len(BANDS) if isinstance(generator, Layered) and generator.layered else 1
