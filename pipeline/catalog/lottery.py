"""Choose rows of a pool by lot: so many of each cell, or with chances in proportion to weights.

Every function makes the table `chosen` in a database and says how many rows of each cell it holds:
int64, shaped like the pool's cells. Its columns are __part, __row, asset_id, cell, turn and slot;
turn, cell, slot is the order.
"""

from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.catalog.database import make_table
from pipeline.catalog.lots import lots, uniform
from pipeline.catalog.pool import Pool
from pipeline.catalog.scan import Group

_SLACK = 8.0
"""Standard deviations by which the candidates exceed, as expected, those who are chosen."""

_SPARE = 40
"""And so many candidates more, for cells of which few are chosen."""

_FEW = 0.25
"""Share of a row group's names below which they are copied first: a lot is cheaper than a copy."""

_NEVER = 1e9
"""A time by which every clock has rung."""

_PLACE_FIELDS: "list[pa.Field[Any]]" = [
    pa.field("__part", pa.int64()),
    pa.field("__row", pa.int64()),
    pa.field("cell", pa.int32()),
    pa.field("asset_id", pa.string()),
]
_CANDIDATE = pa.schema(
    [*_PLACE_FIELDS, pa.field("wait", pa.float64()), pa.field("lot", pa.uint64())]
)
_CHOSEN = pa.schema([*_PLACE_FIELDS, pa.field("turn", pa.int64()), pa.field("slot", pa.int64())])


def choose_by_quota(
    database: duckdb.DuckDBPyConnection, pool: Pool, quota: NDArray[np.int64], seed: int
) -> NDArray[np.int64]:
    """The rows of each cell with the lowest lots, in an order whose beginnings are balanced.

    quota: int64, shaped like the pool's cells, and none above what the cell has.
    """
    number = quota.ravel()
    enough = (number + _SLACK * np.sqrt(number) + _SPARE) / np.maximum(pool.available.ravel(), 1)
    cells = pa.array(np.arange(number.size), pa.int32())
    database.from_arrow(pa.table({"cell": cells, "quota": number})).create("quotas")
    # Whose lot lies beyond nearly all that can be chosen is no candidate: no sort of all rows.
    for part in (np.clip(enough, 0, 1), np.ones_like(enough)):
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


def choose_by_weight(
    database: duckdb.DuckDBPyConnection,
    pool: Pool,
    weights: NDArray[np.float64],
    count: int,
    seed: int,
) -> NDArray[np.int64]:
    """`count` rows, or all that have a weight, drawn one after the other without replacement.

    Every row has a clock that goes at the pace of its weight, and the first that ring are drawn:
    the sampling of Efraimidis and Spirakis (2006), whose keys are exp(-wait).

    weights: float64, shaped like the pool's cells: that of each of their rows.
    """
    number, pace = pool.available.ravel(), weights.ravel()
    count = min(count, int(number[pace > 0].sum()))
    until = _time_of(number, pace, count + _SLACK * count**0.5 + _SPARE)
    for part in (-np.expm1(-pace * until), np.ones_like(pace)):
        drawn = _choose(
            database,
            _candidates(pool, pace, part, seed),
            "SELECT __part, __row, asset_id, cell, 0 AS slot, "
            "row_number() OVER (ORDER BY wait, lot, asset_id) AS turn FROM candidates "
            f"QUALIFY turn <= {count}",
            weights.shape,
        )
        if int(drawn.sum()) == count:
            break
    return drawn


def choose_all(
    database: duckdb.DuckDBPyConnection, pool: Pool, weights: NDArray[np.float64]
) -> NDArray[np.int64]:
    """All rows of the cells with a weight, in the manifest's order."""

    wanted = np.append(weights.ravel() > 0, False)  # for rows in no cell, -1

    def chosen(group: Group, cells: NDArray[np.int32], names: "pa.ChunkedArray[Any]") -> pa.Table:
        rows = np.flatnonzero(wanted[cells])
        if rows.size < group.rows:
            names = names.take(pa.array(rows, pa.int64()))
        places = _places(group, rows, cells[rows], names)
        turns = group.start - group.first + places["__row"].to_numpy()
        return pa.table([*places.columns, turns, np.zeros_like(turns)], schema=_CHOSEN)

    make_table(database, "chosen", _CHOSEN, pool.scan_names(chosen))
    return np.where(weights > 0, pool.available, 0)


def _candidates(
    pool: Pool, pace: NDArray[np.float64], part: NDArray[np.float64], seed: int
) -> Iterator[pa.Table]:
    """The rows with the lowest lots of each cell that has a pace, and how long they wait at it.

    pace: float64 [cells]. part: of each cell's rows, as expected, that are candidates, 0..1.
    """

    part = np.append(np.where(pace > 0, part, 0), 0)  # for rows in no cell, -1

    def low(group: Group, cells: NDArray[np.int32], names: "pa.ChunkedArray[Any]") -> pa.Table:
        rows = np.flatnonzero(part[cells] > 0)
        if rows.size < group.rows * _FEW:
            cells, names = cells[rows], names.take(pa.array(rows, pa.int64()))
        else:
            rows = np.arange(group.rows)
        lot = lots(names, seed)
        some = np.flatnonzero(uniform(lot) < part[cells])
        wait = -np.log1p(-uniform(lot[some])) / pace[cells[some]]
        names = names.take(pa.array(some, pa.int64()))
        places = _places(group, rows[some], cells[some], names)
        return pa.table([*places.columns, wait, lot[some]], schema=_CANDIDATE)

    return pool.scan_names(low)


def _places(
    group: Group,
    rows: NDArray[np.int64],
    cells: NDArray[np.int32],
    names: "pa.ChunkedArray[Any]",
) -> pa.Table:
    """The columns _PLACE_FIELDS of rows of a row group, counted from its first."""
    columns = [np.full_like(rows, group.part), group.first + rows, cells, names]
    return pa.table(columns, schema=pa.schema(_PLACE_FIELDS))


def _choose(
    database: duckdb.DuckDBPyConnection,
    candidates: Iterator[pa.Table],
    query: str,
    shape: tuple[int, ...],
) -> NDArray[np.int64]:
    """Make `chosen` by a query over the table `candidates`."""
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
    """When `count` clocks have rung, as expected; _NEVER, if there are not so many.

    number: clocks of each cell. pace: of each of them, rings in a unit of time.
    """
    if count >= number[pace > 0].sum():
        return _NEVER
    low, high = 0.0, 1.0
    while -(number * np.expm1(-pace * high)).sum() < count:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        rung = -(number * np.expm1(-pace * middle)).sum()
        low, high = (middle, high) if rung < count else (low, middle)
    return high
