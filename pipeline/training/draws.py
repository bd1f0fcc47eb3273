"""Draw latents to learn from: natural, flattened for rare groups, hard to read, or both."""

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipeline.generators.generator import Modeller

Labels = Mapping[str, NDArray[np.generic]]
"""name -> float32 [B] numbers or int64 [B] class indices, and what else the generator knows."""

Margin = tuple[NDArray[np.int64], float]
"""A bin of each draw, [B], and the power of its natural share that its share becomes."""

POOL = 24
"""Draws looked at for each one kept."""

_SEARCH = 4
"""How many times more are looked at where only one in eight is wanted."""

STRETCH = 1.4
"""Half the pool is drawn this much wider, so that the tails hold more than a handful."""

_BLOCK = 1 << 14
"""Draws made at a time, to bound the memory of their truth."""


class LabelledGenerator(Modeller, Protocol):
    """A generator that also knows what it drew: what a scorer learns from."""

    def truth(self, w: NDArray[np.float32]) -> Labels:
        """The truth of each row of w: every attribute but `ita`, and `masculinity`, 0..1."""
        ...


def natural_latents(
    generator: LabelledGenerator, count: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Draw from the generator's own distribution: float32 [count, D]."""
    return generator.latents(rng.standard_normal((count, generator.latent_size), np.float32))


def flattened_latents(
    generator: LabelledGenerator, count: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Draw so that age decades, skin tones and presentations come about equally often.

    Expressions, hair, glasses, smiles, open mouths, turns of the head and directions of the light
    are flattened half way (to the square root of their shares).

    Returns:
        float32 [count, D].
    """
    pool, truth = _pool(generator, POOL * count, rng, STRETCH)
    margins = _even_people(truth)
    margins += [(steps(truth["yaw"], 10), 0.5), (steps(truth["light_azimuth"], 20), 0.5)]
    return _chosen(pool, count, margins, rng)


def hard_latents(
    generator: LabelledGenerator, count: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Draw natural people whose heads turn and whose light falls every way about equally often.

    Returns:
        float32 [count, D].
    """
    pool, truth = _pool(generator, POOL * count, rng, 1.0)
    return _chosen(pool, count, _every_way(truth), rng)


def flattened_hard_latents(
    generator: LabelledGenerator, count: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Draw people as `flattened_latents`, turned and lit as by `hard_latents`.

    Returns:
        float32 [count, D].
    """
    pool, truth = _pool(generator, POOL * count, rng, STRETCH)
    return _chosen(pool, count, _even_people(truth) + _every_way(truth), rng)


def demanding_latents(
    generator: LabelledGenerator, count: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Draw as `flattened_hard_latents`, but only people who are read worst when turned and lit so.

    Each is two of these at least: 45 or older (hair turning grey, ages late in life), of Monk tones
    7-10 (expressions in low contrast), with facial hair (stubble).

    Returns:
        float32 [count, D].
    """
    pool, truth = _pool(generator, _SEARCH * POOL * count, rng, STRETCH, _is_demanding)
    return _chosen(pool, count, _even_people(truth) + _every_way(truth), rng)


def _is_demanding(truth: Labels) -> NDArray[np.bool_]:
    age, tone, beard = (
        np.asarray(truth[name], np.float64) for name in ("age", "skin_tone", "facial_hair")
    )
    return np.asarray(np.sum([age >= 45, tone >= 6.5, beard > 0], 0) >= 2)


def _every_way(truth: Labels) -> list[Margin]:
    return [(steps(truth["yaw"], 10), 0.0), (steps(truth["light_azimuth"], 15), 0.0)]


def _even_people(truth: Labels) -> list[Margin]:
    decades = np.minimum(np.asarray(truth["age"]) // 10, 7).astype(np.int64)
    tones = tone_class(np.asarray(truth["skin_tone"]))
    presentation = np.asarray(truth["gender_presentation"], np.int64)
    even = [decades * 2 + presentation, tones * 2 + presentation]
    halved = [
        np.asarray(truth[name], np.int64)
        for name in ("expression", "hair_length", "hair_color", "facial_hair", "glasses")
    ]
    halved += [(4 * np.asarray(truth[name])).astype(np.int64) for name in ("smile", "mouth_open")]
    return [(margin, 0.0) for margin in even] + [(margin, 0.5) for margin in halved]


def steps(values: NDArray[np.generic], width: float) -> NDArray[np.int64]:
    """Index of the step of |value| in which each lies: [B] to int64 [B]."""
    return np.asarray(np.abs(values.astype(np.float64)) // width, np.int64)


def tone_class(tone: NDArray[np.generic]) -> NDArray[np.int64]:
    """Index of the Monk tone nearest on the scale: [B] in 1..10 to int64 [B] in 0..9."""
    return np.asarray(np.clip(np.rint(tone.astype(np.float64)) - 1, 0, 9), np.int64)


def _pool(
    generator: LabelledGenerator,
    count: int,
    rng: np.random.Generator,
    stretch: float,
    wanted: Callable[[Labels], NDArray[np.bool_]] | None = None,
) -> tuple[NDArray[np.float32], Labels]:
    """Draws to choose from, every second one `stretch` times wider, and their truth.

    Of `count` draws those that are `wanted` are kept.
    """
    parts, truths = [], []
    for start in range(0, count, _BLOCK):
        normals = rng.standard_normal(
            (min(_BLOCK, count - start), generator.latent_size), np.float32
        )
        normals[1::2] *= stretch
        w = generator.latents(normals)
        truth = generator.truth(w)
        rows = slice(None) if wanted is None else wanted(truth)
        parts.append(w[rows])
        truths.append({name: np.asarray(values)[rows] for name, values in truth.items()})
    names = truths[0].keys()
    return np.concatenate(parts), {n: np.concatenate([t[n] for t in truths]) for n in names}


def _chosen(
    pool: NDArray[np.float32],
    count: int,
    margins: list[Margin],
    rng: np.random.Generator,
) -> NDArray[np.float32]:
    """Rake the pool to the margins and sample it without replacement by the weights found."""
    weight = _rake(margins)
    # Exponential races: the smallest count of E / w is a weighted draw (Efraimidis, 2006).
    race = rng.standard_exponential(len(pool)) / np.maximum(weight, 1e-12)
    return pool[np.sort(np.argpartition(race, count)[:count])]


def _rake(margins: list[Margin]) -> NDArray[np.float64]:
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
