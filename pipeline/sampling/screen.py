"""Pass over candidates whose latent already tells that their picture will not fit."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.bins import Bin
from pipeline.attributes.surrogate import Guess, Surrogate
from pipeline.sampling.targets import Target

LOST = 0.02
"""Share of the faces that would fit which may be passed over: what a cell's distribution is bent by
at most, for a look at only the latents that are worth it."""

PROBES = 4096
"""Natural draws from which the threshold follows."""

_CHUNK = 64
_LEVELS = np.logspace(-12, 0, 2401)


class Screen:
    """Says of latents whether a picture of them is worth taking.

    A candidate passes when its cell and the limits are probable enough by the surrogate; the
    threshold is the highest that loses no more than LOST of what would have been accepted, so that
    it asks more where latents tell much and less where they tell little.

    threshold: least probability. looks: expected latents that pass for each that fits.
    """

    def __init__(
        self,
        surrogate: Surrogate,
        target: Target,
        where: Mapping[str, Sequence[Bin]],
        probes: NDArray[np.float32],
    ) -> None:
        """Fix the threshold from natural draws: float32 [PROBES, D]."""
        self._surrogate, self._target, self._where = surrogate, target, where
        self.threshold, self.looks = self._fit(probes)

    def refusals(self, w: NDArray[np.float32], cells: NDArray[np.int64]) -> list[str | None]:
        """Why each latent is passed over, the least probable attribute, or None.

        Args:
            w: float32 [B, D].
            cells: int64 [B], what each is wanted for.
        """
        guess = self._surrogate.guess(w)
        axes, rows = self._target.axes, np.arange(len(w))
        places = np.unravel_index(cells, self._target.shares.shape) if axes else ()
        odds = [
            guess.probability(axis.attribute, axis.bins)[rows, place]
            for axis, place in zip(axes, places, strict=True)
        ]
        odds += [guess.probability(name, bins).sum(1) for name, bins in self._where.items()]
        if not odds:
            return [None] * len(w)
        names = [*(axis.attribute for axis in axes), *self._where]
        table = np.stack(odds)
        least = table.argmin(0)
        passes = table.prod(0) >= self.threshold
        return [None if good else names[i] for good, i in zip(passes, least, strict=True)]

    def _fit(self, probes: NDArray[np.float32]) -> tuple[float, float]:
        fits, count = np.zeros(len(_LEVELS) - 1), np.zeros(len(_LEVELS) - 1)
        for chance in self._chances(probes):
            fits += np.histogram(chance, _LEVELS, weights=chance)[0]
            count += np.histogram(chance, _LEVELS)[0]
        lost = np.cumsum(fits) > LOST * fits.sum()
        first = int(lost.argmax())
        return float(_LEVELS[first]), float(count[first:].sum() / max(fits[first:].sum(), 1e-12))

    def _chances(self, probes: NDArray[np.float32]) -> Iterator[NDArray[np.float64]]:
        """Probability of every cell, limits included, chunk by chunk: float64 [b * cells]."""
        for start in range(0, len(probes), _CHUNK):
            guess = self._surrogate.guess(probes[start : start + _CHUNK])
            chance = self._limits(guess)[:, None]
            for axis in self._target.axes:
                odds = guess.probability(axis.attribute, axis.bins)
                chance = (chance[:, :, None] * odds[:, None, :]).reshape(len(odds), -1)
            yield chance.ravel()

    def _limits(self, guess: Guess) -> NDArray[np.float64]:
        chance = np.ones(len(guess))
        for name, bins in self._where.items():
            chance = chance * guess.probability(name, bins).sum(1)
        return chance
