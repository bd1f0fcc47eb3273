"""Fit quotas to a supply: how many faces of each cell a pool that is there already can give.

Everywhere `available` is int64, shaped like the target's shares: the faces that each cell has; and
`until` is when the answer must be found, in seconds of `time.monotonic`: OutOfTime where it is not.
"""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import SpecError
from pipeline.sampling.quotas import quotas, wanted_faces
from pipeline.sampling.rounding import OutOfTime, apportion, controlled_rounding
from pipeline.sampling.targets import Target

_WORK = 20_000
"""Cells that are rounded, in all, in search of the largest count."""


_NEAR = 1e-6
"""Shares are binary fractions: what is nearer than this is equal."""


def fits(target: Target, count: int, available: NDArray[np.int64], until: float = math.inf) -> bool:
    """Whether the quotas of `count` faces can be filled."""
    try:
        return bool((quotas(target, count, until) <= available).all())
    except OutOfTime:
        raise
    except SpecError:  # too few for the floor, or no such whole numbers
        return False


def largest_count(target: Target, available: NDArray[np.int64], until: float = math.inf) -> int:
    """The largest count whose quotas can be filled; 0 where there is none.

    Where there are very many cells it may be a little less than the largest: the roundings of no
    more than `_WORK` cells are tried beyond what is certain.
    """
    wanted = target.shares > 0
    limit, floor = int(available[wanted].sum()), target.at_least * int(wanted.sum())

    def reach(slack: int) -> int:
        """The largest count whose undivided faces exceed what is there by no more than `slack`."""
        most = available + slack + _NEAR
        return _last(limit, lambda n: n <= floor or bool((wanted_faces(target, n) <= most).all()))

    certain, top = reach(0), reach(1)
    tries = max(1, _WORK // target.shares.size)
    for count in range(top, max(certain, top - tries), -1):
        if fits(target, count, available, until):
            return count
    for count in range(certain, max(0, certain - tries), -1):
        if fits(target, count, available, until):
            return count
    return 0


def filled(
    target: Target, count: int, available: NDArray[np.int64], until: float = math.inf
) -> NDArray[np.int64]:
    """How many faces to take of each cell, as near to the target as what is there allows.

    These are the quotas where they can be filled. Else it is water-filling: cells that have too few
    give all that they have, and the others share the rest in proportion to their shares, again and
    again until none is asked for more than it has. Whole numbers then come by controlled rounding
    or, where that would move a cell by one or more, by largest remainder.

    Returns:
        int64, shaped like `available`, no cell above it; it sums to `count`, or to all that there
        is where that is less.
    """
    if fits(target, count, available, until):
        return quotas(target, count, until)
    wanted = target.shares > 0
    supply = np.where(wanted, available, 0)
    count = min(count, int(supply.sum()))
    dry = wanted & (supply == 0)
    while True:
        free = wanted & ~dry
        exact = np.where(dry, supply, 0).astype(np.float64)
        left = count - int(exact.sum())
        if not left or not free.any():
            break
        shares = np.where(free, target.shares, 0)
        rest = Target(target.axes, shares / shares.sum(), _floor(target, left, int(free.sum())))
        exact += wanted_faces(rest, left)
        short = free & (exact > supply)
        if not short.any():
            break
        dry |= short
    return _rounded(exact, count, until)


def balancing_weights(shares: NDArray[np.float64], held: NDArray[np.int64]) -> NDArray[np.float64]:
    """The weight of each face of each cell that gives the cells their shares.

    Args:
        shares: float64, the wanted share of each cell.
        held: int64, shaped like it: the faces that the cell has.

    Returns:
        float64, shaped like it: share by share held, with mean 1 over the faces of cells that have
        a share; 0 in cells without faces or share.
    """
    some = (held > 0) & (shares > 0)
    weights = np.divide(shares, held, out=np.zeros(shares.shape), where=some)
    total = float((weights * held).sum())
    return weights * (int(held[some].sum()) / total) if total else weights


def effective_size(weights: NDArray[np.float64], held: NDArray[np.int64]) -> float:
    """How many equally weighted faces would estimate a mean as well (Kish, 1965)."""
    squares = float((weights**2 * held).sum())
    return float((weights * held).sum()) ** 2 / squares if squares else 0.0


def _floor(target: Target, count: int, cells: int) -> int:
    """The target's floor, or what is left of it where too few faces are."""
    return min(target.at_least, count // cells)


def _rounded(exact: NDArray[np.float64], count: int, until: float) -> NDArray[np.int64]:
    """Whole numbers within one of `exact`, whole ones as they are; margins too, where that goes."""
    try:
        whole = controlled_rounding(exact, until=until)
        if (np.abs(whole - exact) < 1 - _NEAR).all():
            return whole
    except OutOfTime:
        raise
    except SpecError:
        pass
    return apportion(exact.ravel(), count).reshape(exact.shape)


def _last(limit: int, holds: Callable[[int], bool]) -> int:
    """The last of 1 .. limit for which something holds that holds for all before it; else 0."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low
