"""Decide what to render: the sets that a scorer learns from, is calibrated and judged on."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.training.draws import (
    LabelledGenerator,
    demanding_latents,
    flattened_hard_latents,
    flattened_latents,
    hard_latents,
    natural_latents,
)
from pipeline.training.renders import Order

SIZE_SHARES = {64: 0.30, 96: 0.20, 128: 0.43, 192: 0.05, 256: 0.02}
"""Picture sizes of the training set: previews, the network's own size, and larger ones."""

KIND_SHARES = {
    "natural": 0.15,
    "flattened": 0.25,
    "hard": 0.2,
    "flattened_hard": 0.2,
    "demanding": 0.2,
}
"""Distributions that the training set is drawn from, in their order."""

CALIBRATION_SHARES = {"natural": 0.4, "flattened": 0.3, "hard": 0.3}
"""Distributions that the calibration set is drawn from, in their order."""

HELD_OUT = {"natural": 4, "flattened": 1, "hard": 1}
"""Sets that the scorer is judged on, each drawn from the distribution of its name, and how many
times as many as ordered: what is truly in a cell is told from natural people, and the rarest of
fifty cells holds one in 800 of them."""

JUDGED_SIZE = 128
"""Picture size of the held-out sets, px."""

PREVIEW_SIZE, FULL_SIZE = 64, 256
"""Picture sizes at which the same people are compared, px."""


@dataclass(frozen=True)
class Counts:
    """How many renders each set holds."""

    train: int
    held_out: int
    calibration: int
    pairs: int
    prior: int


def kind_rows(shares: Mapping[str, float], count: int) -> dict[str, range]:
    """Rows of each distribution in a set of `count` drawn from several."""
    ends = [round(end * count) for end in np.cumsum(list(shares.values()))]
    return {kind: range(*span) for kind, span in zip(shares, pairwise([0, *ends]), strict=True)}


def draw_orders(generator: LabelledGenerator, counts: Counts, seed: int) -> list[Order]:
    """What to render, drawn from the seed alone.

    Each set has a stream of chance of its own: those that are held out stay the same whatever is
    learned from, so that trainings can be compared, and nobody in them was ever learned from.

    train and calibration: of all distributions and of mixed sizes; natural, flattened and hard:
    held out; previews and pairs: the first natural people at 64 and 256 px; prior: more natural
    draws, 64 px.
    """
    streams = np.random.default_rng(seed).spawn(3 + len(HELD_OUT))
    draw = {
        "natural": natural_latents,
        "flattened": flattened_latents,
        "hard": hard_latents,
        "flattened_hard": flattened_hard_latents,
        "demanding": demanding_latents,
    }

    def mixed(
        name: str, count: int, shares: Mapping[str, float], rng: np.random.Generator
    ) -> Order:
        rows = kind_rows(shares, count)
        w = np.concatenate([draw[kind](generator, len(part), rng) for kind, part in rows.items()])
        sizes = rng.choice(list(SIZE_SHARES), count, p=list(SIZE_SHARES.values()))
        return Order(name, w, sizes.astype(np.int64))

    def plain(name: str, w: NDArray[np.float32], size: int) -> Order:
        return Order(name, w, np.full(len(w), size, np.int64))

    train = mixed("train", counts.train, KIND_SHARES, streams[0])
    calibration = mixed("calibration", counts.calibration, CALIBRATION_SHARES, streams[1])
    held = [
        plain(name, draw[name](generator, times * counts.held_out, rng), JUDGED_SIZE)
        for (name, times), rng in zip(HELD_OUT.items(), streams[3:], strict=True)
    ]
    same = held[0].w[: counts.pairs]
    return [
        train,
        calibration,
        *held,
        plain("previews", same, PREVIEW_SIZE),
        plain("pairs", same, FULL_SIZE),
        plain("prior", natural_latents(generator, counts.prior, streams[2]), PREVIEW_SIZE),
    ]
