"""People of builtin:heads at microseconds a picture: the pixels are the latent, and are read back.

What is perceived is the truth of the heads' layout, so that edits do what they do to real pictures.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.scorer import Scores
from pipeline.engine.job import Job
from pipeline.engine.shard import Models
from pipeline.generators.heads.layout import LATENT_SIZE, latents, truth
from pipeline.spec import parse_spec

SKETCHED: dict[str, Any] = {
    "name": "sketched",
    "count": 20,
    "seed": 5,
    "balance": {"age": ["18-29", "30-44"], "gender_presentation": "uniform"},
    "variations": {"age": ["+0", "+20"], "expression": ["smile", "neutral", "surprise"]},
    "image": {"size": 64, "format": "png"},
    "shard_size": 5,
    "batch_size": 4,
    "preview_size": 0,
}


class Sketcher:
    """Writes the float16 values of a latent into the first rows of a picture."""

    digest = "1" * 64
    latent_size = LATENT_SIZE

    def latents(self, normals: NDArray[np.float32]) -> NDArray[np.float32]:
        return latents(normals)

    def render(self, w: NDArray[np.float32], size: int) -> NDArray[np.uint8]:
        images = np.zeros((len(w), size * size * 3), np.uint8)
        images[:, : 2 * LATENT_SIZE] = np.ascontiguousarray(w.astype(np.float16)).view(np.uint8)
        return images.reshape(len(w), size, size, 3)

    def preview(self, w: NDArray[np.float32], size: int) -> NDArray[np.uint8]:
        return self.render(w, size)


class Reader:
    """Reads the latent back and says what is true of it; `wrong` replaces some of that."""

    digest = "2" * 64

    def __init__(self, **wrong: float) -> None:
        self._wrong = wrong

    def score(self, images: NDArray[np.uint8]) -> Scores:
        flat = images.reshape(len(images), -1)[:, : 2 * LATENT_SIZE]
        values = truth(np.ascontiguousarray(flat).view(np.float16).astype(np.float32))
        for name, value in self._wrong.items():
            values[name] = np.full_like(values[name], value)
        full = np.ones(len(images), np.float32)
        quality = {"sharpness": full, "clipped": 0 * full, "skin_share": full, "realism": full}
        return Scores(values, {}, quality)


MODELS = Models(Sketcher(), Reader(), "test")


def sketched(output: Path | str = "x", **changes: Any) -> Job:
    """A job whose shards MODELS make."""
    document = {**SKETCHED, "output": str(output), **changes}
    return Job(parse_spec(document), Sketcher.digest, Reader.digest)
