"""Pass over candidates whose latent already tells that their picture will not fit."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.bins import Bin
from pipeline.attributes.surrogate import Guess, Surrogate
from pipeline.generators.generator import Generator
from pipeline.sampling.slices import ENOUGH, settled
from pipeline.sampling.targets import Target

LOST = 0.02
"""Share of the faces that would fit a cell which may be passed over, for a look at only the latents
that are worth it. Previews pass over some more (`acceptance.PREVIEW_PROBABILITY`)."""

PROBES = 4096
"""Natural draws from which the thresholds follow."""

RARE = 2000
"""Natural draws a fitting face from which chains (`slices`) cost less than drawing them."""

_CELLS = 64
_IMPOSSIBLE = 1e-300
_CHAINED = 3.0
"""Looks a face among the ends of chains."""
_FULL = 4096
"""Cells up to which all probes are used; more cells share the work."""

Floats = NDArray[np.float64]


class Screen:
    """Says of latents whether a picture of them is worth taking.

    A candidate passes when its cell and the limits are probable enough by the surrogate. Each cell
    has a threshold of its own, the highest that loses no more than LOST of what would have been
    accepted: it asks much where latents tell much, little where they tell little, and what is rare
    pays for nobody else.

    thresholds: float64 [cells], least probability. looks: expected latents that pass for each that
    fits, over the target's cells. rare: bool [cells], those that natural draws hardly ever fit.
    """

    def __init__(
        self,
        surrogate: Surrogate,
        target: Target,
        where: Mapping[str, Sequence[Bin]],
        probes: NDArray[np.float32],
    ) -> None:
        """Fix the thresholds from natural draws: float32 [PROBES, D]."""
        self._surrogate, self._axes = surrogate, target.axes
        self._shape = target.shares.shape
        balanced = {axis.attribute for axis in target.axes}
        # A limit on a balanced attribute narrows its bins; leaving it out only passes more.
        self._where = {name: bins for name, bins in where.items() if name not in balanced}
        cells = target.shares.size
        guess = surrogate.guess(probes[: max(256, PROBES * _FULL // max(cells, _FULL))])
        self.thresholds, looks, shares = self._fit(guess, cells)
        self.rare = shares < 1 / RARE
        self.looks = float((target.shares.ravel() * looks).sum())

    def refusals(self, w: NDArray[np.float32], cells: NDArray[np.int64]) -> list[str | None]:
        """Why each latent is passed over, the least probable attribute, or None.

        Args:
            w: float32 [B, D].
            cells: int64 [B], what each is wanted for.
        """
        rows = np.arange(len(w))
        guess = self._surrogate.guess(w)
        odds = [odds[rows, bins] for odds, bins in self._cell_odds(guess, cells)]
        odds += self._limit_odds(guess)
        if not odds:
            return [None] * len(w)
        names = [*(axis.attribute for axis in self._axes), *self._where]
        table = np.stack(odds)
        # A rare cell's threshold rests on no draw that fits; a chain knows what it looks for.
        least_chance = np.where(self.rare[cells], ENOUGH, self.thresholds[cells])
        passes = table.prod(0) >= least_chance
        least = table.argmin(0)
        return [None if good else names[i] for good, i in zip(passes, least, strict=True)]

    def look_for(
        self,
        cells: NDArray[np.int64],
        places: Sequence[tuple[int, int]],
        seed: int,
        generator: Generator,
    ) -> NDArray[np.float32]:
        """Latents of rare cells: the ends of chains, float32 [B, D].

        Args:
            cells: int64 [B], what each is wanted for.
            places: slot and attempt of each.
            seed: of the job.
            generator: maps draws to latents.
        """

        def log_odds(normals: NDArray[np.float32], chains: NDArray[np.int64]) -> Floats:
            return self._log_odds(generator.latents(normals), cells[chains])

        return generator.latents(settled(seed, places, generator.latent_size, log_odds))

    def promises(self, w: NDArray[np.float32], cells: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each latent makes its cell probable enough for a chain to end there: bool [B]."""
        return np.asarray(self._log_odds(w, cells) >= np.log(ENOUGH))

    def _log_odds(self, w: NDArray[np.float32], cells: NDArray[np.int64]) -> Floats:
        """Logarithm of the probability that a picture of each latent fits: float64 [B]."""
        rows = np.arange(len(w))
        guess = self._surrogate.guess(w)
        odds = [odds[rows, bins] for odds, bins in self._cell_odds(guess, cells)]
        table = np.stack([np.ones(len(w)), *odds, *self._limit_odds(guess)])
        total: Floats = np.log(np.maximum(table, _IMPOSSIBLE)).sum(0)
        return total

    def _fit(self, guess: Guess, cells: int) -> tuple[Floats, Floats, Floats]:
        """Threshold, expected looks a face, and natural share of each cell: float64 [cells]."""
        limits = np.prod([np.ones(len(guess)), *self._limit_odds(guess)], 0)[:, None]
        thresholds, looks, shares = np.zeros(cells), np.ones(cells), np.ones(cells)
        if not self._axes and not self._where:
            return thresholds, looks, shares
        for start in range(0, cells, _CELLS):
            some = np.arange(start, min(start + _CELLS, cells))
            chance = np.repeat(limits, len(some), 1)
            for odds, bins in self._cell_odds(guess, some):
                chance = chance * odds[:, bins]
            chance.sort(0)
            fits = chance.cumsum(0)
            first = (fits > LOST * fits[-1]).argmax(0)
            at = (first, np.arange(len(some)))
            thresholds[some] = chance[at]
            kept = fits[-1] - fits[at] + chance[at]
            looks[some] = (len(chance) - first) / np.maximum(kept, 1e-12)
            shares[some] = fits[-1] / len(chance)
        looks[shares < 1 / RARE] = _CHAINED
        return thresholds, looks, shares

    def _cell_odds(
        self, guess: Guess, cells: NDArray[np.int64]
    ) -> list[tuple[Floats, NDArray[np.int64]]]:
        """Of each axis the probability of its bins, [B, bins], and the bin of each cell."""
        places = np.unravel_index(cells, self._shape) if self._axes else ()
        return [
            (guess.probability(axis.attribute, axis.bins), place.astype(np.int64))
            for axis, place in zip(self._axes, places, strict=True)
        ]

    def _limit_odds(self, guess: Guess) -> list[Floats]:
        """How probable it is that each limit holds: [B] each."""
        return [
            np.minimum(guess.probability(name, bins).sum(1), 1)
            for name, bins in self._where.items()
        ]
