"""Sort the matching rows of a manifest into cells, on disk, and count what each cell has."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.catalog.balance import cells_of_rows
from pipeline.catalog.condition import Condition
from pipeline.catalog.read import Catalog
from pipeline.catalog.scan import Group, groups_of, numbered, scan
from pipeline.sampling.targets import Target


@dataclass(frozen=True)
class Pool:
    """The matching rows of a manifest by cell.

    groups: the row groups with a row in a cell. cells: a file with the cell of each row of the
    manifest, int32; -1 for those in none.
    matched: rows for which the condition holds. available: int64, shaped like the target's shares:
    the rows that each cell has.
    """

    catalog: Catalog
    groups: list[Group]
    cells: Path
    matched: int
    available: NDArray[np.int64]

    def names(
        self, wanted: NDArray[np.bool_]
    ) -> Iterator[tuple[Group, NDArray[np.int64], NDArray[np.int32], "pa.ChunkedArray[Any]"]]:
        """The rows of some cells, by row group: its rows from 0, their cells, and asset_ids.

        wanted: bool [cells].
        """
        wanted = np.append(wanted, False)  # for rows in no cell, -1
        for group, table in scan(self.catalog, self.groups, ["asset_id"]):
            cells = self._cells_of(group)
            rows = np.flatnonzero(wanted[cells])
            names = table["asset_id"]
            if rows.size < group.rows:
                names = names.take(pa.array(rows, pa.int64()))
            yield group, rows, cells[rows], names

    def _cells_of(self, group: Group) -> NDArray[np.int32]:
        width = np.dtype(np.int32).itemsize
        return np.fromfile(self.cells, np.int32, group.rows, offset=group.start * width)


def pool_of(catalog: Catalog, condition: Condition, target: Target, file: Path) -> Pool:
    """Sort rows into the target's cells; reads the columns that this and the condition need.

    file: where the cells are kept, four bytes a row of the manifest.
    """
    names = [axis.attribute for axis in target.axes]
    columns = sorted({*names, *condition.columns} or {"slot"})
    available = np.zeros(target.shares.size, np.int64)
    groups: list[Group] = []
    matched = 0
    with file.open("wb") as out:
        for group, table in scan(catalog, groups_of(catalog), columns):
            rows = condition.matching(numbered(table, group), [*names, "__row"])
            found = cells_of_rows(target, rows)
            cells = np.full(group.rows, -1, np.int32)
            cells[rows["__row"].to_numpy() - group.first] = found
            cells.tofile(out)
            available += np.bincount(found[found >= 0], minlength=available.size)
            matched += rows.num_rows
            if (found >= 0).any():
                groups.append(group)
    return Pool(catalog, groups, file, matched, available.reshape(target.shares.shape))
