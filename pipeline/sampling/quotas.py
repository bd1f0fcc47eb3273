"""Turn wanted shares into whole numbers: every margin exact, every cell within one.

Controlled rounding (Cox, 1987: "A constructive procedure for unbiased controlled rounding") as an
integer programme: cells go up or down to a neighbouring whole number so that every bin of every
axis holds its rounded total, with the least total distance from the shares.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from pipeline.sampling.targets import Target

_NEAR = 1e-7
"""A target this near to a whole number is that number: shares are sums of binary fractions."""


def largest_remainder(shares: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Whole numbers that sum to `count`, each within one of `shares * count` (Hamilton, 1792)."""
    exact = shares * count
    whole = np.floor(exact + _NEAR).astype(np.int64)
    short = count - int(whole.sum())
    # Equal remainders may differ in their last bits: the first of them wins, however sums are made.
    order = np.argsort(-np.round(exact - whole, 6), kind="stable")
    whole[order[:short]] += 1
    return whole


def quotas(target: Target, count: int) -> NDArray[np.int64]:
    """How many faces each cell gets: int64, shaped like `target.shares`, summing to `count`.

    Every margin is `count` times its share, rounded to whole faces by largest remainder; every
    cell lies within one of `count` times its share.
    """
    exact = target.shares * count
    base = np.floor(exact + _NEAR).astype(np.int64)
    fraction = np.clip(exact - base, 0, 1).ravel()
    fraction[fraction < _NEAR] = 0
    rows = [largest_remainder(margin, count) - rest for margin, rest in _margins(target, base)]
    if all(not row.any() for row in rows):
        return base
    up = _round_up(target.shares.shape, fraction, np.concatenate(rows))
    return base + up.reshape(base.shape)


def _margins(
    target: Target, base: NDArray[np.int64]
) -> list[tuple[NDArray[np.float64], NDArray[np.int64]]]:
    """Each axis's shares and what the rounded-down cells already hold of each bin."""
    result = []
    for axis in range(target.shares.ndim):
        others = tuple(i for i in range(target.shares.ndim) if i != axis)
        result.append((target.shares.sum(others), base.sum(others)))
    return result or [(target.shares.reshape(1), base.reshape(1))]


def _round_up(
    shape: tuple[int, ...], fraction: NDArray[np.float64], wanted: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Which cells go up by one (or, where no such table exists, down by one)."""
    cells = fraction.size
    index = np.unravel_index(np.arange(cells), shape) if shape else (np.zeros(cells, np.int64),)
    starts = np.cumsum([0, *(shape or (1,))])[:-1]
    rows = np.concatenate([start + i for start, i in zip(starts, index, strict=True)])
    columns = np.tile(np.arange(cells), len(index))
    sums = coo_array((np.ones(rows.size), (rows, columns)), shape=(wanted.size, cells)).tocsr()
    constraint = LinearConstraint(sums, wanted, wanted)
    # A cell whose share is zero or whole stays as it is, unless no table exists without it.
    strict = Bounds(np.zeros(cells), (fraction > 0).astype(np.float64))
    loose = Bounds(np.where(fraction > 0, 0.0, -1.0), np.ones(cells))
    for bounds in (strict, loose):
        found = milp(
            1 - 2 * fraction,
            integrality=np.ones(cells, np.int64),
            bounds=bounds,
            constraints=constraint,
            options={"mip_rel_gap": 0.0 if cells <= 2000 else 1e-3},
        )
        if found.success:
            return np.asarray(np.rint(found.x), np.int64)
    raise ArithmeticError(f"no controlled rounding of {math.prod(shape)} cells was found")
