"""Choose rows of a manifest that are balanced as asked, and say what was asked, had and drawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from pipeline.catalog.balance import Balance, Method
from pipeline.catalog.condition import Condition
from pipeline.catalog.limits import time_until
from pipeline.catalog.lottery import choose_all, choose_by_quota, choose_by_weight
from pipeline.catalog.pool import Pool, pool_of
from pipeline.catalog.read import Catalog
from pipeline.errors import SpecError
from pipeline.sampling.quotas import quotas, wanted_faces
from pipeline.sampling.supply import balancing_weights, effective_size, filled, largest_count
from pipeline.sampling.targets import Target, cells_of


@dataclass(frozen=True)
class CellDraw:
    """What a draw did with one cell.

    bins: attribute -> bin. share: wanted, 0..1. asked: the cell's quota; None where there are none.
    available: matching faces that the catalog has. drawn: of these, chosen. weight: of each of
    them; with it the drawn faces have the wanted shares exactly, and its mean over them is 1.
    """

    label: str
    bins: Mapping[str, str]
    share: float
    asked: int | None
    available: int
    drawn: int
    weight: float

    @property
    def short(self) -> bool:
        """Whether it has too few faces: fewer than were asked, or none for its share."""
        return self.available < (self.share > 0 if self.asked is None else self.asked)


@dataclass(frozen=True)
class DrawSummary:
    """What a draw did.

    matched: faces for which the condition holds. outside: of these, in no cell.
    asked: the count that was asked for, if any. drawn: faces chosen. effective: the size of an
    unweighted sample that would tell as much (Kish, 1965).
    """

    method: Method
    seed: int
    matched: int
    outside: int
    asked: int | None
    drawn: int
    effective: float
    cells: tuple[CellDraw, ...]

    def document(self) -> dict[str, Any]:
        """The same as plain values, for JSON."""
        return vars(self) | {"cells": [vars(cell) | {"short": cell.short} for cell in self.cells]}


def choose_balanced(
    database: duckdb.DuckDBPyConnection,
    catalog: Catalog,
    condition: Condition,
    balance: Balance,
    count: int | None,
    folder: Path,
) -> DrawSummary:
    """Make the table `chosen` in a database, of rows balanced as asked; what was done.

    The table is that of `pipeline.catalog.lottery`; cells are those of the target.

    Every column is read once: first what the condition and the bins need, then the names of the
    rows in a cell. Names and seed alone decide which of these are chosen, not where they stand.

    folder: for what does not fit in memory.

    Raises SpecError when a cell has too few rows, with the largest count that works.
    """
    target = balance.target
    pool = pool_of(catalog, condition, target, folder / "cells")
    condition.check_some(pool.matched, catalog.count())
    supply = int(pool.available[target.shares > 0].sum())
    if not supply:
        raise SpecError(
            f"balance: none of the {pool.matched:,} matching faces lies in a cell; "
            "ask for other bins."
        )
    asked: NDArray[np.int64] | None = None
    if balance.method == "quotas":
        asked = _asked(balance, count, pool.available)
        given = _given(balance, asked, pool.available)
        shares = _shares(target, int(asked.sum()))
        drawn = choose_by_quota(database, pool, given, balance.seed)
    else:
        _check_supply(balance, count, supply, pool.available)
        shares = _shares(target, supply if count is None else count)
        weights = balancing_weights(shares, pool.available)
        if count is None:
            drawn = choose_all(database, pool, weights)
        else:
            drawn = choose_by_weight(database, pool, weights, count, balance.seed)
    return _summary(balance, count, pool, shares, asked, drawn)


def _summary(
    balance: Balance,
    count: int | None,
    pool: Pool,
    shares: NDArray[np.float64],
    asked: NDArray[np.int64] | None,
    drawn: NDArray[np.int64],
) -> DrawSummary:
    target, weights = balance.target, balancing_weights(shares, drawn)
    cells = tuple(
        CellDraw(
            label=target.label(cell),
            bins=bins,
            share=float(shares.flat[cell]),
            asked=None if asked is None else int(asked.flat[cell]),
            available=int(pool.available.flat[cell]),
            drawn=int(drawn.flat[cell]),
            weight=float(weights.flat[cell]),
        )
        for cell, bins in enumerate(cells_of(target))
    )
    return DrawSummary(
        method=balance.method,
        seed=balance.seed,
        matched=pool.matched,
        outside=pool.matched - int(pool.available.sum()),
        asked=count,
        drawn=int(drawn.sum()),
        effective=effective_size(weights, drawn),
        cells=cells,
    )


def _asked(balance: Balance, count: int | None, available: NDArray[np.int64]) -> NDArray[np.int64]:
    """The quota of each cell; without a count, those of the largest that works."""
    target = balance.target
    if count is not None:
        return quotas(target, count, time_until())
    if balance.allow_short:
        raise SpecError(
            "count: is missing, and with short cells allowed there is no largest one; give it."
        )
    empty = (target.shares > 0) & (available == 0)
    number = 0 if empty.any() else largest_count(target, available, time_until())
    if not number:
        cell = int(np.argmax(empty)) if empty.any() else int(np.argmin(available))
        raise SpecError(f"balance: no count works: {_too_few(target, cell, available)}.")
    return quotas(target, number, time_until())


def _given(
    balance: Balance, asked: NDArray[np.int64], available: NDArray[np.int64]
) -> NDArray[np.int64]:
    """How many faces each cell gives: what is asked of it, or what there is."""
    if (asked <= available).all():
        return asked
    target, count = balance.target, int(asked.sum())
    if balance.allow_short:
        return filled(target, count, available, time_until())
    short = asked > available
    ratio = np.where(short, available / np.maximum(asked, 1), np.inf)
    cell = int(np.argmin(ratio))
    also = f" (cells that have too few: {int(short.sum()):,})" if short.sum() > 1 else ""
    most = 0 if not available.flat[cell] else largest_count(target, available, time_until())
    mend = f"ask for {most:,}, the most that works" if most else "ask for bins that it has"
    raise SpecError(
        f"count: {count:,} faces take {int(asked.flat[cell]):,} of the cell "
        f"'{target.label(cell)}', which has {int(available.flat[cell]):,}{also}; {mend}, widen "
        "where, or let the other cells fill up (--allow-short)."
    )


def _check_supply(
    balance: Balance, count: int | None, supply: int, available: NDArray[np.int64]
) -> None:
    """Refuse weights that cannot balance, and a count beyond what there is."""
    if balance.allow_short:
        return
    empty = (balance.target.shares > 0) & (available == 0)
    if empty.any():
        cell = int(np.argmax(empty))
        raise SpecError(
            f"balance: no weights can balance: {_too_few(balance.target, cell, available)}."
        )
    if count is not None and count > supply:
        raise SpecError(
            f"count: {count:,} faces are more than the {supply:,} that match and lie in a cell; "
            "ask for fewer, or take what there is (--allow-short)."
        )


def _too_few(target: Target, cell: int, available: NDArray[np.int64]) -> str:
    return (
        f"the cell '{target.label(cell)}' has {int(available.flat[cell]):,} faces; "
        "ask for bins that the catalog has, widen where, or give a count and let the other cells "
        "fill up (--allow-short)"
    )


def _shares(target: Target, count: int) -> NDArray[np.float64]:
    """The share of each cell among `count` faces, raised to the floor under it."""
    target.check_floor(count)
    return wanted_faces(target, count) / count
