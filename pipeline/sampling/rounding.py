"""Round a table to whole numbers: every margin exact, every cell within one.

Controlled rounding (Cox, 1987: "A constructive procedure for unbiased controlled rounding"). Cells
rounded down at first; those that go up are picked at even steps through the table, and then
exchanged along one axis at a time until each of its bins holds what it should. An exchange leaves
the other axes alone, so this takes milliseconds for thousands of cells. A table too sparse for
exchanges is left to an integer programme.
"""

import math
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from pipeline.errors import SpecError
from pipeline.sampling.margins import margin

_NEAR = 1e-7
"""A number this near to a whole one is that: shares are sums of binary fractions."""

_FEW = 100
"""Cells that may move, up to which the programme looks for the nearest table."""

_STARTS = (0.5, 0.25, 0.75, 0.125, 0.875)
"""Where the even steps begin: another start where the exchanges of the last one ran dry."""


class OutOfTime(SpecError):  # noqa: N818
    """A rounding that takes longer than it may."""


def apportion(exact: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Whole numbers that sum to `count`, each within one of `exact` (Hamilton, 1792)."""
    whole = np.floor(exact + _NEAR).astype(np.int64)
    short = count - int(whole.sum())
    # Equal remainders may differ in their last bits: the first of them wins, however sums are made.
    order = np.argsort(-np.round(exact - whole, 6), kind="stable")
    whole[order[:short]] += 1
    return whole


def controlled_rounding(
    exact: NDArray[np.float64], least: int = 0, until: float = math.inf
) -> NDArray[np.int64]:
    """A table of whole numbers near `exact`, whose sum must be whole but for its last bits.

    Every margin (the sums by bin of each axis) is that of `exact`, rounded by largest remainder;
    every cell lies within one of `exact`. A cell of zero stays zero unless no such table exists.

    Args:
        exact: float64, an axis an attribute; no cell is negative.
        least: what no cell above zero may fall below; none of them does in `exact`.
        until: when it must be done, in seconds of `time.monotonic`.

    Returns:
        int64, shaped like `exact`.

    Raises:
        SpecError: no such table exists.
        OutOfTime: a SpecError, too: none is found in time.
    """
    _left(until)
    table = exact.reshape(exact.shape or (1,))
    near = np.rint(table)
    table = np.where(np.abs(table - near) < _NEAR, near, table)
    base = np.floor(table).astype(np.int64)
    fraction = table - base
    count = round(float(exact.sum()))
    wanted = []
    for axis in range(table.ndim):
        wanted.append(apportion(margin(table, axis), count) - margin(base, axis))
    up = _by_exchange(fraction, wanted)
    if up is None:
        floor = np.where(base > 0, np.minimum(base, least), 0)
        up = _by_programme(fraction, wanted, base, floor, until)
    return (base + up).reshape(exact.shape)


def _by_exchange(
    fraction: NDArray[np.float64], wanted: Sequence[NDArray[np.int64]]
) -> NDArray[np.int64] | None:
    """Which cells go up by one: int64, 0 or 1; None where exchanges do not get there."""
    steps = np.round(np.cumsum(fraction), 6)
    for start in _STARTS:
        taken: NDArray[np.int64] = np.diff(np.floor(steps + start).astype(np.int64), prepend=0)
        up = taken.reshape(fraction.shape)
        if all(_settle(up, fraction, axis, row) for axis, row in enumerate(wanted)):
            return up
    return None


def _settle(
    up: NDArray[np.int64], fraction: NDArray[np.float64], axis: int, wanted: NDArray[np.int64]
) -> bool:
    """Exchange cells along one axis, in place, until its bins hold `wanted`; whether they do."""
    lines = np.moveaxis(np.arange(up.size).reshape(up.shape), axis, 0).reshape(wanted.size, -1)
    flat, shares = up.reshape(-1), fraction.reshape(-1)
    over = flat[lines].sum(1) - wanted
    for giver in np.flatnonzero(over > 0):
        for taker in np.flatnonzero(over < 0):
            here, there = lines[giver], lines[taker]
            able = np.flatnonzero((flat[here] == 1) & (flat[there] == 0) & (shares[there] > 0))
            # The cells that lie lowest above their floor go down, for those that lie highest.
            cost = np.round(shares[here[able]] - shares[there[able]], 6)
            moved = able[np.argsort(cost, kind="stable")[: min(over[giver], -over[taker])]]
            flat[here[moved]], flat[there[moved]] = 0, 1
            over[giver] -= moved.size
            over[taker] += moved.size
            if over[giver] == 0:
                break
    return not over.any()


def _by_programme(
    fraction: NDArray[np.float64],
    wanted: Sequence[NDArray[np.int64]],
    base: NDArray[np.int64],
    floor: NDArray[np.int64],
    until: float,
) -> NDArray[np.int64]:
    """Which cells go up by one (or, where no such table exists, down by one), by linear integers.

    Small tables come as near to the exact one as any; of large ones the first that fits is taken.
    """
    part, whole = fraction.ravel() > 0, base.ravel() > 0
    lower = ~part & (base > floor).ravel()
    none = np.zeros_like(part)
    costs = np.where(whole, 1.0, 10.0)
    costs[part] = 1 - 2 * fraction.ravel()[part] if part.sum() <= _FEW else 0
    # Cells between two whole numbers move; if need be those at one; at the very last the empty.
    for up, down in ((part, none), (part | whole, lower), (part | ~part, lower)):
        cell = np.concatenate([np.flatnonzero(up), np.flatnonzero(down)])
        step = np.repeat([1.0, -1.0], [up.sum(), down.sum()])
        sums = _sums(fraction.shape, cell, step)
        margins = np.concatenate(wanted)
        if cell.size == 0:
            continue
        found = milp(
            np.where(step > 0, costs[cell], 1),
            integrality=np.ones(cell.size, np.int64),
            bounds=Bounds(0, 1),
            constraints=LinearConstraint(sums, margins, margins),
            options={
                "mip_rel_gap": 0.0 if part.sum() <= _FEW else 0.1,
                "time_limit": _left(until),
            },
        )
        if found.success:
            moved = np.bincount(cell, np.rint(found.x) * step, minlength=fraction.size)
            return moved.astype(np.int64).reshape(fraction.shape)
    _left(until)  # or else that there is none would not be known
    raise SpecError(
        f"balance: no whole numbers of faces in {fraction.size:,} cells give every bin its share; "
        "change count, or give shares to more cells."
    )


def _left(until: float) -> float:
    """Seconds that are left; OutOfTime where none are."""
    left = until - time.monotonic()
    if left <= 0:
        raise OutOfTime(
            "balance: no whole numbers of faces were found in time that give every bin its share; "
            "change count, or balance fewer attributes."
        )
    return left


def _sums(shape: tuple[int, ...], cell: NDArray[np.int64], step: NDArray[np.float64]) -> csr_array:
    """The matrix that adds up cells by bin: a row a bin of each axis, a column a cell's move."""
    index = np.unravel_index(cell, shape)
    starts = np.cumsum([0, *shape])[:-1]
    rows = np.concatenate([start + i for start, i in zip(starts, index, strict=True)])
    columns = np.tile(np.arange(cell.size), len(shape))
    return csr_array((np.tile(step, len(shape)), (rows, columns)), shape=(sum(shape), cell.size))
