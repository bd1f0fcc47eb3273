"""Order the slots: which cell each slot fills, by arithmetic on the quotas alone.

Slots walk through the quotas laid end to end in steps of about the golden ratio of the whole, so
that any run of slots, and so any shard, is nearly as balanced as the job (Weyl, 1916; the golden
step has the lowest discrepancy). The step has no common factor with the count: every place is
visited exactly once, and the quotas come out exactly.
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

_GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class Slots:
    """The slots 0 .. count-1 of a job; memory grows with the cells, not with the slots.

    quotas: int64, faces per cell, in row-major order of the cells.
    """

    quotas: NDArray[np.int64]

    @cached_property
    def count(self) -> int:
        """How many slots there are."""
        return int(self.quotas.sum())

    @cached_property
    def _ends(self) -> NDArray[np.int64]:
        return np.cumsum(self.quotas.ravel())

    @cached_property
    def _step(self) -> int:
        wanted = round(self.count * _GOLDEN)
        for distance in range(self.count):
            for step in (wanted + distance, wanted - distance):
                if step > 0 and math.gcd(step, self.count) == 1:
                    return step
        return 1

    def cell_of(self, slot: int) -> int:
        """The cell that a slot orders, a row-major index.

        Raises:
            IndexError: the job has no such slot.
        """
        if not 0 <= slot < self.count:
            raise IndexError(f"slot {slot} is not one of 0 .. {self.count - 1}")
        return int(np.searchsorted(self._ends, slot * self._step % self.count, side="right"))

    def cells_of(self, slots: NDArray[np.int64]) -> NDArray[np.int64]:
        """The cell of each of these slots, -1 for those that the job does not have."""
        # A job has at most 10^9 slots: the product stays far below 2^63.
        inside = (slots >= 0) & (slots < self.count)
        places = np.where(inside, slots, 0) * self._step % self.count
        cells = np.searchsorted(self._ends, places, side="right")
        return np.where(inside, cells, -1)
