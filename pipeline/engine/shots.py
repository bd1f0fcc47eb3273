"""Take the pictures that a job orders: on the scene, on a colour or cut out, with their truth."""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.assets.encode import decode, encode, over
from pipeline.assets.extras import Truth, truth_of
from pipeline.attributes.scorer import Scorer, Scores
from pipeline.engine.face import Tally
from pipeline.errors import SpecError
from pipeline.generators.generator import Generator, Latents, Modeller, Pictures
from pipeline.spec import JobSpec


@dataclass(frozen=True)
class Shots:
    """Pictures taken together.

    pixels: uint8 [B, S, S, 3], or 4 with alpha, as rendered. files: the encoded images, unlabelled.
    seen: uint8 [B, S, S, 3], what `decode` makes of them. scores: of what is seen. pictures: the
    truth about them, where the job needs it.
    """

    pixels: NDArray[np.uint8]
    files: list[bytes]
    seen: NDArray[np.uint8]
    scores: Scores
    pictures: Pictures | None

    def truth(self, index: int) -> Truth | None:
        """Of one picture, where it is known."""
        return None if self.pictures is None else truth_of(self.pictures, index)


class Camera:
    """Takes a job's pictures at full size, looks at them, and adds to a tally what it took."""

    def __init__(self, spec: JobSpec, generator: Generator, scorer: Scorer, tally: Tally) -> None:
        self._spec, self._generator, self._scorer = spec, generator, scorer
        self._tally = tally

    def shoot(self, w: Latents) -> Shots:
        """Render, encode and score w: float32 [B, D]."""
        start = time.perf_counter()
        images, pictures = take(self._spec, self._generator, w)
        rendered = time.perf_counter()
        image = self._spec.image
        files = [encode(pixels, image.format, image.quality) for pixels in images]
        seen = np.stack([decode(file) for file in files])
        encoded = time.perf_counter()
        scores = self._scorer.score(seen)
        self._tally.renders += len(w)
        self._tally.seconds["render"] += rendered - start
        self._tally.seconds["encode_store"] += encoded - rendered
        self._tally.seconds["score"] += time.perf_counter() - encoded
        return Shots(images, files, seen, scores, pictures)


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
