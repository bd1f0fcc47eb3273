"""The built-in generator of stylised synthetic heads: latents to people to pictures."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipeline.errors import SpecError
from pipeline.generators.generator import Pictures
from pipeline.generators.heads import layout
from pipeline.generators.heads.render import Film, render

SMALLEST, LARGEST = 64, 1024

PREVIEWS = 16
"""People to a pass of previews at 64 px."""

_SHARE = 64**2
"""Pixels of a person's share of a pass: larger pictures take that of several."""


def source_digest() -> str:
    """sha256 (hex) over the layout version and this package's source files."""
    digest = hashlib.sha256(f"heads layout {layout.LAYOUT_VERSION}\n".encode())
    here = Path(__file__).parent
    for path in sorted(here.rglob("*.py")):
        digest.update(
            path.relative_to(here).as_posix().encode() + b"\0" + path.read_bytes() + b"\0"
        )
    return digest.hexdigest()


class Heads:
    """Stylised synthetic 3D heads with strand hair; implements `Modeller`.

    On a processor each picture is rendered alone, so that it never depends on the batch it came
    in; previews, and on CUDA all pictures, share passes of several people, whose sums may round
    with their company.

    Args:
        device: a torch device.
        at_once: people of 64 px to a pass of `render` and `pictures`, fewer of larger pictures;
            by default 1 on a processor, 256 on CUDA.
    """

    latent_size = layout.LATENT_SIZE

    def __init__(self, device: str = "cpu", at_once: int | None = None) -> None:
        self.digest = source_digest()
        self._device = torch.device(device)
        self._at_once = at_once

    def latents(self, normals: NDArray[np.float32]) -> NDArray[np.float32]:
        """Standard normal draws, float32 [B, D], to latents: clipped to +-6, rounded to float16."""
        return layout.latents(normals)

    def render(self, w: NDArray[np.float32], size: int) -> NDArray[np.uint8]:
        """Render w: float32 [B, D]; uint8 [B, size, size, 3], sRGB. Size 64 to 1024 px.

        Raises:
            SpecError: if size is outside 64..1024.
        """
        films = self._films(w, size, only_images=True)
        return _joined([film.images for film in films], (size, size, 3), torch.uint8)

    def preview(self, w: NDArray[np.float32], size: int) -> NDArray[np.uint8]:
        """Render w: float32 [B, D], several people to a pass; uint8 [B, size, size, 3], sRGB.

        Two to three times faster than `render` at 64 px, where most of the time goes into calls;
        sums may round otherwise, so a value may differ by a few levels here and there.

        Raises:
            SpecError: if size is outside 64..1024.
        """
        films = self._films(w, size, only_images=True, least=PREVIEWS)
        return _joined([film.images for film in films], (size, size, 3), torch.uint8)

    def pictures(self, w: NDArray[np.float32], size: int) -> Pictures:
        """Render w: float32 [B, D] with everything known about the pictures.

        Raises:
            SpecError: if size is outside 64..1024.
        """
        films = self._films(w, size, only_images=False)
        square = (size, size)
        return Pictures(
            images=_joined([f.images for f in films], (*square, 3), torch.uint8),
            alpha=_joined([f.alpha for f in films], square, torch.uint8),
            cutout=_joined([f.cutout for f in films], (*square, 3), torch.uint8),
            segmentation=_joined([f.segmentation for f in films], square, torch.uint8),
            depth=_joined([f.depth for f in films], square, torch.float32),
            landmarks=_joined([f.landmarks for f in films], (68, 2), torch.float32),
            cameras=_joined([f.cameras for f in films], (3, 4), torch.float32),
        )

    def _films(
        self, w: NDArray[np.float32], size: int, only_images: bool, least: int = 1
    ) -> list[Film]:
        default = 1 if self._device.type == "cpu" else 256
        together = max(1, max(self._at_once or default, least) * _SHARE // size**2)
        if not SMALLEST <= size <= LARGEST:
            raise SpecError(
                f"image.size is {size}: builtin:heads renders {SMALLEST} to {LARGEST} px, "
                "choose a size between them."
            )
        with torch.inference_mode():
            return [
                render(self._traits(w[i : i + together]), size, only_images)
                for i in range(0, len(w), together)
            ]

    def _traits(self, w: NDArray[np.float32]) -> Mapping[str, Tensor]:
        return {
            name: torch.from_numpy(values).float().to(self._device)
            for name, values in layout.traits(w).items()
        }


def _joined(parts: list[Tensor], shape: tuple[int, ...], dtype: torch.dtype) -> NDArray[Any]:
    empty = torch.zeros((0, *shape), dtype=dtype)
    joined: NDArray[Any] = torch.cat([empty, *(part.cpu() for part in parts)]).numpy()
    return joined
