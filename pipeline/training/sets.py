"""Decide what to render: the sets that a scorer learns from, is calibrated and judged on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.training.draws import LabelledGenerator, flattened_latents, natural_latents
from pipeline.training.renders import Order

SIZE_SHARES = {64: 0.86, 128: 0.12, 192: 0.02}
"""Picture sizes of the training set: most are previews, some are larger and averaged down."""

FLATTENED = 0.8
"""Share of the training set drawn from the flattened distribution."""

FULL_SIZE = 256
"""Picture size that previews are compared with, px."""


@dataclass(frozen=True)
class Counts:
    """How many renders each set holds."""

    train: int
    held_out: int
    calibration: int
    pairs: int
    prior: int


def draw_orders(generator: LabelledGenerator, counts: Counts, seed: int) -> list[Order]:
    """What to render, drawn from the seed alone.

    train and calibration: mostly flattened, of mixed sizes; natural and flattened: held out, 64
    px; pairs: the first natural people at 256 px; prior: more natural draws, 64 px.
    """
    rng = np.random.default_rng(seed)

    def mixed(name: str, count: int) -> Order:
        flat = round(FLATTENED * count)
        w = np.concatenate(
            [
                flattened_latents(generator, flat, rng),
                natural_latents(generator, count - flat, rng),
            ]
        )
        sizes = rng.choice(list(SIZE_SHARES), count, p=list(SIZE_SHARES.values()))
        return Order(name, w, sizes.astype(np.int64))

    def plain(name: str, w: NDArray[np.float32], size: int = 64) -> Order:
        return Order(name, w, np.full(len(w), size, np.int64))

    train, calibration = mixed("train", counts.train), mixed("calibration", counts.calibration)
    natural = natural_latents(generator, counts.held_out, rng)
    flattened = flattened_latents(generator, counts.held_out, rng)
    more = natural_latents(generator, max(counts.prior - counts.held_out, 1), rng)
    return [
        train,
        calibration,
        plain("natural", natural),
        plain("flattened", flattened),
        plain("pairs", natural[: counts.pairs], FULL_SIZE),
        plain("prior", more),
    ]
