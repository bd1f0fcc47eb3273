"""Estimate from natural draws how often each cell comes by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.bins import Bin, bin_index
from pipeline.sampling.acceptance import unread
from pipeline.sampling.targets import Target


@dataclass(frozen=True)
class Natural:
    """How often each cell comes by itself.

    hits: int64 [cells], draws that fell into each cell and inside the limits. draws: of how many.
    """

    hits: NDArray[np.int64]
    draws: int

    def attempts(self) -> NDArray[np.float64]:
        """Expected attempts a face in each cell, float64 [cells], by blind rejection.

        A cell that no draw hit counts as a third of a hit: with 95 % confidence it is rarer than
        3 / draws (the rule of three; Hanley and Lippman-Hand, 1983).
        """
        return self.draws / np.maximum(self.hits, 1 / 3)


def natural_cells(
    values: Mapping[str, NDArray[np.generic]],
    target: Target,
    where: Mapping[str, Sequence[Bin]],
) -> Natural:
    """Count natural draws by cell.

    Args:
        values: attribute -> scores [N] of natural draws, as in `Scores.values`.
        target: the cells.
        where: limits that a draw must satisfy to count.

    Raises:
        SpecError: an attribute of the cells or the limits has no scores.
    """
    for name in (*(axis.attribute for axis in target.axes), *where):
        if name not in values:
            raise unread(name)
    draws = len(next(iter(values.values())))
    cell = np.zeros(draws, np.int64)
    inside = np.ones(draws, bool)
    for axis in target.axes:
        index = bin_index(axis.bins, values[axis.attribute])
        inside &= index >= 0
        cell = cell * len(axis.bins) + index
    for name, bins in where.items():
        inside &= bin_index(bins, values[name]) >= 0
    hits = np.bincount(cell[inside], minlength=target.shares.size)
    return Natural(np.asarray(hits, np.int64), draws)
