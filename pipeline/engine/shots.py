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
    known = modeller(spec, generator)
    if known is None:
        return generator.render(w, spec.image.size), None
    pictures = known.pictures(w, spec.image.size)
    return _pixels(pictures, spec.image.background), pictures


def modeller(spec: JobSpec, generator: Generator) -> Modeller | None:
    """The generator as one that knows its pixels, where background or extras need that, or None.

    Raises:
        SpecError: they do, and it knows nothing of its pixels.
    """
    if spec.image.background == "scene" and not spec.extras:
        return None
    if not isinstance(generator, Modeller):
        raise SpecError(
            f"generator: {spec.generator_name} does not model what it draws, so that it has "
            "neither cut-outs nor extras; remove image.background and extras."
        )
    return generator


def _pixels(pictures: Pictures, background: str) -> NDArray[np.uint8]:
    if background == "scene":
        return pictures.images
    cut = np.concatenate([pictures.cutout, pictures.alpha[..., None]], -1)
    if background == "transparent":
        return cut
    red, green, blue = bytes.fromhex(background[1:])
    return over(cut, (red, green, blue))
