"""Read columns of a manifest, row group by row group, a few of them ahead."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.catalog.fetch import in_order
from pipeline.catalog.limits import check_time
from pipeline.catalog.read import Catalog

_AHEAD_BYTES = 128 << 20
_MOST_THREADS = 8

Result = TypeVar("Result")


@dataclass(frozen=True)
class Group:
    """One row group: its part's number and its own, its first row, and how many it has.

    first: counted in the part. start: counted in the whole manifest.
    """

    part: int
    index: int
    first: int
    start: int
    rows: int


def groups_of(catalog: Catalog) -> list[Group]:
    """All row groups of a manifest, in its order."""
    groups: list[Group] = []
    start = 0
    for number, part in enumerate(catalog.parts):
        for index, (first, rows) in enumerate(catalog.row_groups(part)):
            groups.append(Group(number, index, first, start, rows))
            start += rows
    return groups


def scan(
    catalog: Catalog, groups: Sequence[Group], columns: list[str] | None = None
) -> Iterator[tuple[Group, pa.Table]]:
    """Each of the row groups with its rows: all columns, or only these, in the order given.

    Read ahead as by `scan_with`.
    """
    return scan_with(lambda group, rows: (group, rows), catalog, groups, columns)


def scan_with(
    work: Callable[[Group, pa.Table], Result],
    catalog: Catalog,
    groups: Sequence[Group],
    columns: list[str] | None = None,
    coded: Sequence[str] = (),
) -> Iterator[Result]:
    """What `work` makes of each of the row groups and its rows, in the order given.

    Threads read ahead and work, so that a distant store is not waited for each time; the wider the
    columns, the fewer of them, and none for the widest. TimeUp where limits hold and their time is
    up.
    """

    def read(group: Group) -> Result:
        part = catalog.parts[group.part]
        return work(group, catalog.row_group(part, group.index, columns, coded))

    size = max((_bytes(catalog, group, columns) for group in groups[:1]), default=0)
    # Twice as many row groups are under way as there are threads.
    threads = min(_MOST_THREADS, catalog.store.readers, _AHEAD_BYTES // max(1, 2 * size))
    for found in in_order(read, groups, threads) if threads else map(read, groups):
        check_time()
        yield found


def numbered(rows: pa.Table, group: Group) -> pa.Table:
    """The rows of a row group with columns for the part, `__part`, and the row in it, `__row`."""
    places = np.arange(group.first, group.first + rows.num_rows, dtype=np.int64)
    marked = rows.append_column("__part", pa.array(np.full_like(places, group.part)))
    return marked.append_column("__row", pa.array(places))


def numbered_schema(schema: pa.Schema) -> pa.Schema:
    """The columns that `numbered` makes of these."""
    return numbered(schema.empty_table(), Group(0, 0, 0, 0, 0)).schema


def _bytes(catalog: Catalog, group: Group, columns: list[str] | None) -> int:
    """How much memory these columns of a row group take, about."""
    footer = catalog.open_part(catalog.parts[group.part]).metadata.row_group(group.index)
    chunks = [footer.column(i) for i in range(footer.num_columns)]
    return sum(
        chunk.total_uncompressed_size
        for chunk in chunks
        if columns is None or chunk.path_in_schema.split(".")[0] in columns
    )


def find_row(catalog: Catalog, asset_id: str) -> dict[str, Any] | None:
    """The whole row of an asset, or None; of the others only names are read."""
    for group, names in scan(catalog, groups_of(catalog), ["asset_id"]):
        place = pc.index(names["asset_id"], asset_id).as_py()
        if place >= 0:
            rows = catalog.row_group(catalog.parts[group.part], group.index)
            found: dict[str, Any] = rows.slice(place, 1).to_pylist()[0]
            return found
    return None
