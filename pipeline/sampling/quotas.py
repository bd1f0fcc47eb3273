"""Turn wanted shares into whole numbers of faces: how many each cell gets."""

import numpy as np
from numpy.typing import NDArray

from pipeline.sampling.rounding import apportion, controlled_rounding
from pipeline.sampling.targets import Target


def largest_remainder(shares: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Whole numbers that sum to `count`, each within one of `shares * count` (Hamilton, 1792)."""
    return apportion(shares * count, count)


def quotas(target: Target, count: int) -> NDArray[np.int64]:
    """How many faces each cell gets: int64, shaped like `target.shares`, summing to `count`.

    Every margin is `count` times its share, rounded to whole faces by largest remainder; every
    cell lies within one of `count` times its share.
    """
    return controlled_rounding(target.shares * count)
