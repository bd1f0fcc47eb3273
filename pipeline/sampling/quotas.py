"""Turn wanted shares into whole numbers of faces: how many each cell gets."""

import math

import numpy as np
from numpy.typing import NDArray

from pipeline.sampling.rounding import controlled_rounding
from pipeline.sampling.targets import Target

_EDGE = 1 - 1e-12
"""A cell this near below the floor lies at it: its share is a binary fraction."""


def quotas(target: Target, count: int, until: float = math.inf) -> NDArray[np.int64]:
    """How many faces each cell gets: int64, shaped like `target.shares`, summing to `count`.

    Every margin is that of `wanted_faces`, rounded to whole faces by largest remainder; every cell
    lies within one of it, and no cell with a share falls below the target's floor.

    until: when they must be found, in seconds of `time.monotonic`.

    Raises:
        SpecError: `count` faces are too few for the floor.
        OutOfTime: a SpecError, too: none are found in time.
    """
    target.check_floor(count)
    return controlled_rounding(wanted_faces(target, count), target.at_least, until)


def wanted_faces(target: Target, count: int) -> NDArray[np.float64]:
    """How many faces each cell would get if they could be divided: float64, summing to `count`.

    `count` times the shares; where that is less than the floor, the floor, and the other cells give
    way in proportion. Their ratios to each other stay, but the margins are then no longer those
    that were asked: a bin that holds more than others of the raised cells has more than its share.
    """
    exact = target.shares * count
    some = exact > 0
    low = np.zeros(exact.shape, bool)
    scale = 1.0
    while target.at_least:
        free = some & ~low
        scale = (count - target.at_least * int(low.sum())) / float(exact[free].sum())
        below = free & (exact * scale < target.at_least * _EDGE)
        if not below.any():
            break
        low |= below
    return np.where(some, np.maximum(exact * scale, target.at_least), 0.0)
