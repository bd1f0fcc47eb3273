"""Say whether a network draws the people that its latents stand for, by what a scorer reads."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes import load_scorer
from pipeline.attributes.heads_scorer import LEAST_SIZE
from pipeline.attributes.resample import resized
from pipeline.attributes.scorer import Scores
from pipeline.generators.heads import Heads, truth
from pipeline.generators.heads.layout import LATENT_SIZE
from pipeline.training.groups import group_figures
from pipeline.training.intervals import mean_interval

PROPER = 0.5
"""Realism from which a picture counts as one of a proper face."""


def read_by_scorer(images: NDArray[np.uint8]) -> Scores:
    """What the scorer of `builtin:heads` says of pictures, uint8 [N, R, R, 3], of any size."""
    size = max(images.shape[1], LEAST_SIZE)
    return load_scorer("builtin:heads").score(np.rint(resized(images, size)).astype(np.uint8))


def people_of(z: NDArray[np.float32]) -> NDArray[np.float32]:
    """The latents of `builtin:heads` that z, [N, z_dim], begins with: float32 [N, D].

    The network's mapping scales z to a mean square of one, and so are people taken from it.
    """
    length = np.sqrt(np.square(z).mean(1, keepdims=True))
    return Heads().latents((z / length)[:, :LATENT_SIZE])


def people_figures(scores: Scores, w: NDArray[np.float32], seed: int) -> dict[str, Any]:
    """Shares read as the people of w, float32 [N, D], are: as `training.groups`, of everybody."""
    rng = np.random.default_rng(seed)
    everybody = group_figures(scores, truth(w), rng)[0]
    return {
        "count": everybody["count"],
        "age_mae": everybody["age_mae"],
        "shares": everybody["shares"],
        "realism": mean_interval(np.asarray(scores.quality["realism"]) >= PROPER, rng),
    }
