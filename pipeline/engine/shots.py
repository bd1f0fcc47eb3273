"""Take the pictures that a job orders: on the scene, on a colour or cut out, with their truth."""

import numpy as np
from numpy.typing import NDArray

from pipeline.assets.encode import over
from pipeline.errors import SpecError
from pipeline.generators.generator import Generator, Latents, Modeller, Pictures
from pipeline.spec import JobSpec


def take(
    spec: JobSpec, generator: Generator, w: Latents
) -> tuple[NDArray[np.uint8], Pictures | None]:
    """Render w at full size as `image.background` says: uint8 [B, S, S, 3], or 4 with alpha.

    The truth about them comes along when the background or the extras need it.

    Raises:
        SpecError: they do, and the generator does not model what it draws.
    """
    image = spec.image
    if image.background == "scene" and not spec.extras:
        return generator.render(w, image.size), None
    if not isinstance(generator, Modeller):
        raise SpecError(
            f"generator: {spec.generator_name} does not model what it draws, so that it has "
            "neither cut-outs nor extras; remove image.background and extras."
        )
    pictures = generator.pictures(w, image.size)
    return _pixels(pictures, image.background), pictures


def _pixels(pictures: Pictures, background: str) -> NDArray[np.uint8]:
    if background == "scene":
        return pictures.images
    cut = np.concatenate([pictures.cutout, pictures.alpha[..., None]], -1)
    if background == "transparent":
        return cut
    red, green, blue = bytes.fromhex(background[1:])
    return over(cut, (red, green, blue))
