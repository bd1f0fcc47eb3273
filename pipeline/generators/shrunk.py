"""Bring pictures of a network, which all have one size, to the size that a job wants."""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes import resample
from pipeline.attributes.resample import area_average
from pipeline.errors import SpecError
from pipeline.generators.generator import Generator, Latents, bands_of

LOT = 16
"""Pictures held at the network's size at once."""


class Shrunk:
    """A generator of one size as one of that size and every smaller one: areas are averaged."""

    def __init__(self, generator: Generator, resolution: int, name: str) -> None:
        """Wrap a generator that renders at `resolution` px only; `name` is for errors."""
        self._generator = generator
        self._resolution = resolution
        self._name = name
        self.latent_size = generator.latent_size
        self.layered = bands_of(generator) > 1
        digest = hashlib.sha256(generator.digest.encode())
        for source in (__file__, str(resample.__file__)):
            digest.update(Path(source).read_bytes())
        self.digest = digest.hexdigest()

    def check(self, size: int) -> None:
        """Refuse a size above the network's own.

        Raises:
            SpecError: it is.
        """
        if size > self._resolution:
            raise SpecError(
                f"image.size: {size} is more than the {self._resolution} px that {self._name} "
                f"draws; set it to {self._resolution}, or take a larger network."
            )

    def latents(self, normals: NDArray[np.float32]) -> Latents:
        """The generator's own; see `Generator.latents`."""
        return self._generator.latents(normals)

    def render(self, w: Latents, size: int) -> NDArray[np.uint8]:
        """Render and average; see `Generator.render`.

        Raises:
            SpecError: size is more than the network's own.
        """
        return self._shrunk(w, size, preview=False)

    def preview(self, w: Latents, size: int) -> NDArray[np.uint8]:
        """As `render`, in the generator's larger batches: a preview costs a whole picture."""
        return self._shrunk(w, size, preview=True)

    def _shrunk(self, w: Latents, size: int, preview: bool) -> NDArray[np.uint8]:
        self.check(size)
        draw = self._generator.preview if preview else self._generator.render
        pictures = np.empty((len(w), size, size, 3), np.uint8)
        for start in range(0, len(w), LOT):
            lot = slice(start, start + LOT)
            pictures[lot] = np.rint(area_average(draw(w[lot], self._resolution), size))
        return pictures
