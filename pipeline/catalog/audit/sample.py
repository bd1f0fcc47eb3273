"""Draw rows from all over the cells while the manifest passes by, the same ones for one seed."""

import heapq
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def spread(quotas: NDArray[np.int64], count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """How many of `count` each cell gets, in proportion to its faces: int64 [cells].

    Systematic sampling (Madow, 1949) of the cells in random order: none is more than one away from
    its share, and those that get one more are left to chance.
    """
    order = rng.permutation(quotas.size)
    ends = np.cumsum(quotas.ravel()[order]) * (count / quotas.sum())
    ends[-1] = count
    whole = np.floor(ends + rng.random())
    spread = np.zeros(quotas.size, np.int64)
    spread[order] = np.diff(whole, prepend=0)
    return spread


class Sample:
    """A random sample of `count` rows, stratified over the cells, in memory of that size.

    Every row draws a number from its place and the seed; the lowest of each cell are kept.
    """

    def __init__(self, quotas: NDArray[np.int64], count: int, seed: int) -> None:
        self._wanted = spread(quotas, min(count, int(quotas.sum())), np.random.default_rng(seed))
        self._kept: list[list[tuple[int, int, dict[str, Any]]]] = [[] for _ in self._wanted]
        self._bar = np.where(self._wanted > 0, np.uint64(2**64 - 1), np.uint64(0))
        self._seed, self._row = seed, 0

    def offer(
        self, rows: pa.RecordBatch, places: NDArray[np.int64], cells: NDArray[np.int64]
    ) -> None:
        """Let rows take part; those of cell -1 do not.

        Args:
            rows: a batch.
            places, cells: int64 [B]; the place is the slot, or counts variations too.
        """
        drawn = _mixed(places, self._seed)
        known = cells >= 0
        near = np.flatnonzero(known & (drawn < self._bar[np.where(known, cells, 0)]))
        for i in near.tolist():
            cell, number = int(cells[i]), int(drawn[i])
            kept = self._kept[cell]
            if len(kept) == self._wanted[cell] and -kept[0][0] <= number:
                continue
            self._row += 1
            # Negative: the worst is on top.
            entry = (-number, self._row, rows.slice(i, 1).to_pylist()[0])
            if len(kept) < self._wanted[cell]:
                heapq.heappush(kept, entry)
            else:
                heapq.heapreplace(kept, entry)
            if len(kept) == self._wanted[cell]:
                self._bar[cell] = -kept[0][0]

    def rows(self) -> list[dict[str, Any]]:
        """The rows drawn, by cell."""
        return [row for kept in self._kept for _, _, row in sorted(kept, reverse=True)]


def _mixed(places: NDArray[np.int64], seed: int) -> NDArray[np.uint64]:
    """A number from each place and the seed: uint64 [B] (splitmix64; Steele et al., 2014)."""
    start = np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]
    x = places.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + start
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)))
