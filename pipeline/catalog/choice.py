"""Choose rows of a manifest that are balanced as asked, by quotas or weights, and by lot."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.catalog.balance import Balance, Method
from pipeline.catalog.condition import Condition
from pipeline.catalog.database import make_table
from pipeline.catalog.lots import lots, uniform
from pipeline.catalog.pool import Pool, pool_of
from pipeline.catalog.read import Catalog
from pipeline.errors import SpecError
from pipeline.sampling.quotas import quotas, wanted_faces
from pipeline.sampling.supply import balancing_weights, effective_size, filled, largest_count
from pipeline.sampling.targets import Target, cells_of

_SLACK = 8.0
"""Standard deviations by which the candidates exceed, as expected, those who are chosen."""

_SPARE = 40
"""And so many candidates more, for cells of which few are chosen."""

_CANDIDATE_FIELDS: "list[pa.Field[Any]]" = [
    pa.field("__part", pa.int64()),
    pa.field("__row", pa.int64()),
    pa.field("cell", pa.int32()),
    pa.field("asset_id", pa.string()),
    pa.field("wait", pa.float64()),
    pa.field("lot", pa.uint64()),
]
_CANDIDATE = pa.schema(_CANDIDATE_FIELDS)


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

    Its columns: __part, __row, asset_id, cell (of the target), and turn, cell, slot: the order. Any
    beginning of it is nearly as balanced as the whole; faces that are all taken come as in the
    manifest.

    Every column is read once: first what the condition and the bins need, then the names of the
    rows in a cell. Names and seed alone decide which of these are chosen, not where they stand.

    folder: for what does not fit in memory.

    Raises SpecError when a cell has too few rows, with the largest count that works.
    """
    target = balance.target
    pool = pool_of(catalog, condition, target, folder / "cells")
    condition.check_some(pool.matched, catalog.count)
    if not pool.available.any():
        raise SpecError(
            f"balance: none of the {pool.matched:,} matching faces lies in a cell; "
            "ask for other bins."
        )
    asked: NDArray[np.int64] | None = None
    if balance.method == "quotas":
        asked = _asked(balance, count, pool.available)
        quota = _given(balance, asked, pool.available)
        shares = _shares(target, int(asked.sum()))
        drawn = _by_quota(database, pool, quota, balance.seed)
    else:
        supply = int(pool.available[target.shares > 0].sum())
        shares = _shares(target, supply if count is None else count)
        _check_supply(balance, count, supply, pool.available)
        weights = balancing_weights(shares, pool.available)
        if count is None:
            drawn = _everything(database, pool, weights)
        else:
            drawn = _by_weight(database, pool, weights, count, balance.seed)
    weights = balancing_weights(shares, drawn)
    cells = zip(cells_of(target), range(target.shares.size), strict=True)
    return DrawSummary(
        method=balance.method,
        seed=balance.seed,
        matched=pool.matched,
        outside=pool.matched - int(pool.available.sum()),
        asked=count,
        drawn=int(drawn.sum()),
        effective=effective_size(weights, drawn),
        cells=tuple(
            CellDraw(
                label=target.label(cell),
                bins=bins,
                share=float(shares.flat[cell]),
                asked=None if asked is None else int(asked.flat[cell]),
                available=int(pool.available.flat[cell]),
                drawn=int(drawn.flat[cell]),
                weight=float(weights.flat[cell]),
            )
            for bins, cell in cells
        ),
    )


def _asked(balance: Balance, count: int | None, available: NDArray[np.int64]) -> NDArray[np.int64]:
    """The quota of each cell; without a count, those of the largest that works."""
    target = balance.target
    if count is not None:
        return quotas(target, count)
    if balance.allow_short:
        raise SpecError(
            "count: is missing, and with short cells allowed there is no largest one; give it."
        )
    empty = (target.shares > 0) & (available == 0)
    number = 0 if empty.any() else largest_count(target, available)
    if not number:
        cell = int(np.argmax(empty)) if empty.any() else int(np.argmin(available))
        raise SpecError(f"balance: no count works: {_too_few(target, cell, available)}.")
    return quotas(target, number)


def _given(
    balance: Balance, asked: NDArray[np.int64], available: NDArray[np.int64]
) -> NDArray[np.int64]:
    """How many faces each cell gives: what is asked of it, or what there is."""
    if (asked <= available).all():
        return asked
    target, count = balance.target, int(asked.sum())
    if balance.allow_short:
        return filled(target, count, available)
    short = asked > available
    ratio = np.where(short, available / np.maximum(asked, 1), np.inf)
    cell = int(np.argmin(ratio))
    others = int(short.sum()) - 1
    also = f" (cells that have too few: {others + 1:,})" if others else ""
    most = 0 if not available.flat[cell] else largest_count(target, available)
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
    """The share of each cell, raised to the floor under it."""
    if not count:
        return target.shares
    target.check_floor(count)
    return wanted_faces(target, count) / count


def _by_quota(
    database: duckdb.DuckDBPyConnection, pool: Pool, quota: NDArray[np.int64], seed: int
) -> NDArray[np.int64]:
    """Choose those of each cell who wait least; how many of each cell."""
    number = quota.ravel()
    enough = (number + _SLACK * np.sqrt(number) + _SPARE) / np.maximum(pool.available.ravel(), 1)
    cells = pa.array(np.arange(number.size, dtype=np.int32))
    database.from_arrow(pa.table({"cell": cells, "quota": number})).create("quotas")
    # Whose lot lies beyond nearly all that can be chosen is no candidate: no sort of all rows.
    for part in (np.minimum(enough, 1.0), np.ones_like(enough)):
        candidates = _candidates(pool, (number > 0).astype(np.float64), part, seed)
        drawn = _choose(
            database,
            candidates,
            "SELECT __part, __row, asset_id, cell, (rank - 0.5) / quota AS turn, rank AS slot "
            "FROM (SELECT *, row_number() OVER (PARTITION BY cell ORDER BY wait, lot, asset_id) "
            "AS rank FROM candidates) JOIN quotas USING (cell) WHERE rank <= quota",
            quota.shape,
        )
        if (drawn == quota).all():
            break
    return drawn


def _by_weight(
    database: duckdb.DuckDBPyConnection,
    pool: Pool,
    weights: NDArray[np.float64],
    count: int,
    seed: int,
) -> NDArray[np.int64]:
    """Choose `count` rows who wait least of all; how many of each cell.

    A clock that goes at the pace of a row's weight, and the first who ring: the sampling without
    replacement of Efraimidis and Spirakis (2006), whose keys are exp(-wait).
    """
    number, pace = pool.available.ravel(), weights.ravel()
    count = min(count, int(number[pace > 0].sum()))
    until = _time_of(number, pace, count + _SLACK * count**0.5 + _SPARE)
    for part in (-np.expm1(-pace * until), np.ones_like(pace)):
        candidates = _candidates(pool, pace, part, seed)
        drawn = _choose(
            database,
            candidates,
            "SELECT __part, __row, asset_id, cell, 0 AS slot, "
            "row_number() OVER (ORDER BY wait, lot, asset_id) AS turn FROM candidates "
            f"QUALIFY turn <= {count}",
            weights.shape,
        )
        if int(drawn.sum()) == count:
            break
    return drawn


def _everything(
    database: duckdb.DuckDBPyConnection, pool: Pool, weights: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Choose all rows of cells with a weight, in the manifest's order; how many of each cell."""

    def rows() -> Iterator[pa.Table]:
        for group, places, cells, names in pool.names(weights.ravel() > 0):
            yield _table(group.part, group.first + places, cells, names, group.start + places)

    query = "SELECT __part, __row, asset_id, cell, wait AS turn, 0 AS slot FROM candidates"
    return _choose(database, rows(), query, weights.shape)


def _candidates(
    pool: Pool, pace: NDArray[np.float64], part: NDArray[np.float64], seed: int
) -> Iterator[pa.Table]:
    """The rows with the first lots of each cell that has a pace, and how long they wait at it.

    pace: float64 [cells]. part: of each cell's rows, as expected, that are wanted, 0..1.
    """
    for group, places, cells, names in pool.names(pace > 0):
        lot = lots(names, seed)
        some = np.flatnonzero(uniform(lot) < part[cells])
        if some.size:
            lot, cells, rows = lot[some], cells[some], group.first + places[some]
            wait = -np.log1p(-uniform(lot)) / pace[cells]
            chosen = names.take(pa.array(some, pa.int64()))
            yield _table(group.part, rows, cells, chosen, wait, lot)


def _table(
    part: int,
    rows: NDArray[np.int64],
    cells: NDArray[np.int32],
    names: "pa.ChunkedArray[Any]",
    wait: NDArray[Any],
    lot: NDArray[np.uint64] | None = None,
) -> pa.Table:
    nothing = np.zeros(rows.size, np.uint64)
    columns = [np.full_like(rows, part), rows, cells, names, wait.astype(np.float64)]
    return pa.table([*columns, nothing if lot is None else lot], schema=_CANDIDATE)


def _choose(
    database: duckdb.DuckDBPyConnection,
    candidates: Iterable[pa.Table],
    query: str,
    shape: tuple[int, ...],
) -> NDArray[np.int64]:
    """Make the table `chosen` by a query over the table `candidates`; how many of each cell."""
    database.execute("DROP TABLE IF EXISTS chosen")
    make_table(database, "candidates", _CANDIDATE, candidates)
    database.execute(f"CREATE TABLE chosen AS {query} ORDER BY __part, __row")
    database.execute("DROP TABLE candidates")
    found = database.execute("SELECT cell, count(*) FROM chosen GROUP BY cell").fetchnumpy()
    cells, number = found.values()
    drawn = np.zeros(shape, np.int64)
    drawn.flat[cells] = number
    return drawn


def _time_of(number: NDArray[np.int64], pace: NDArray[np.float64], count: float) -> float:
    """When `count` clocks have rung once, as expected; very late, if there are not so many.

    number: clocks of each cell. pace: of each of them, rings in a unit of time.
    """
    if count >= number[pace > 0].sum():
        return 1e9
    low, high = 0.0, 1.0
    while -(number * np.expm1(-pace * high)).sum() < count:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        rung = -(number * np.expm1(-pace * middle)).sum()
        low, high = (middle, high) if rung < count else (low, middle)
    return high
