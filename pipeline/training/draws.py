"""Draw latents to learn from: as nature has them, or flattened so that rare groups are seen."""

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Labels = Mapping[str, NDArray[np.generic]]
"""name -> float32 [B] numbers or int64 [B] class indices, and what else the generator knows."""

POOL = 12
"""Draws looked at for each one kept."""

STRETCH = 1.4
"""Half the pool is drawn this much wider, so that the tails hold more than a handful."""


class LabelledGenerator(Protocol):
    """A generator that also knows what it drew: what a scorer learns from."""

    digest: str
    latent_size: int

    def latents(self, normals: NDArray[np.float32]) -> NDArray[np.float32]:
        """Standard normal draws to latents: float32 [B, D]."""
        ...

    def render_with_masks(
        self, w: NDArray[np.float32], size: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Pictures, uint8 [B, size, size, 3], and skin masks, float32 [B, size, size], 0..1."""
        ...

    def truth(self, w: NDArray[np.float32]) -> Labels:
        """The truth of each row of w for every attribute but `ita`."""
        ...


def natural_latents(
    generator: LabelledGenerator, count: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Draw from the generator's own distribution: float32 [count, D]."""
    return generator.latents(rng.standard_normal((count, generator.latent_size), np.float32))


def flattened_latents(
    generator: LabelledGenerator, count: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Draw so that age decades, skin tones and presentations come out about equally often.

    Hair length, glasses, smiles and open mouths are flattened half way (to the square root of their
    shares). A pool is drawn, raked to these margins, and sampled without replacement by the
    weights found.

    Returns:
        float32 [count, D].
    """
    normals = rng.standard_normal((POOL * count, generator.latent_size), np.float32)
    normals[1::2] *= STRETCH
    pool = generator.latents(normals)
    truth = generator.truth(pool)
    decades = np.minimum(np.asarray(truth["age"]) // 10, 7).astype(np.int64)
    tones = tone_class(np.asarray(truth["skin_tone"]))
    presentation = np.asarray(truth["gender_presentation"], np.int64)
    even = [decades * 2 + presentation, tones * 2 + presentation]
    halved = [np.asarray(truth[name], np.int64) for name in ("hair_length", "glasses")]
    halved += [(4 * np.asarray(truth[name])).astype(np.int64) for name in ("smile", "mouth_open")]
    weight = _rake([(m, 0.0) for m in even] + [(m, 0.5) for m in halved])
    # Exponential races: the smallest count of E / w is a weighted draw (Efraimidis, 2006).
    race = rng.standard_exponential(len(pool)) / weight
    return pool[np.sort(np.argpartition(race, count)[:count])]


def tone_class(tone: NDArray[np.generic]) -> NDArray[np.int64]:
    """Index of the Monk tone nearest on the scale: [B] in 1..10 to int64 [B] in 0..9."""
    return np.asarray(np.clip(np.rint(tone.astype(np.float64)) - 1, 0, 9), np.int64)


def _rake(margins: list[tuple[NDArray[np.int64], float]]) -> NDArray[np.float64]:
    """Weights whose margins are share^power each (Deming and Stephan, 1940): float64 [N]."""
    weight = np.ones(len(margins[0][0]))
    for _ in range(20):
        for index, power in margins:
            seen = np.bincount(index)
            target = np.where(seen > 0, (seen / seen.sum()) ** power, 0)
            now = np.bincount(index, weight)
            factor = np.divide(target, now, out=np.zeros_like(now), where=now > 0)
            weight = weight * factor[index]
    return np.asarray(weight / weight.mean())
