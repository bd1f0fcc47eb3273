"""Estimate from natural draws how often each cell comes by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

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


def natural_margins(values: Mapping[str, NDArray[np.generic]], target: Target) -> dict[str, Any]:
    """How often each bin of each balanced attribute comes by itself, with 95 % intervals.

    Args:
        values: attribute -> scores [N] of natural draws.
        target: the cells.

    Returns:
        As plain values: draws, N; axes: name -> a row a bin with its share, low and high (Wilson,
        1927); attributes without scores are left out.
    """
    draws = len(next(iter(values.values())))
    axes = {}
    for axis in target.axes:
        if axis.attribute in values:
            index = bin_index(axis.bins, values[axis.attribute])
            hits = np.bincount(index[index >= 0], minlength=len(axis.bins))
            axes[axis.attribute] = [
                {"bin": label, "share": int(count) / draws, **_wilson(int(count), draws)}
                for label, count in zip(axis.labels, hits, strict=True)
            ]
    return {"draws": draws, "axes": axes}


def _wilson(hits: int, draws: int) -> dict[str, float]:
    interval = binomtest(hits, draws).proportion_ci(0.95, "wilson")
    return {"low": float(interval.low), "high": float(interval.high)}
