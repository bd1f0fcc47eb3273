"""Sort the matching rows of a manifest into cells, on disk, and count what each cell has."""

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.attributes.taxonomy import BY_NAME
from pipeline.catalog.balance import cells_of_rows
from pipeline.catalog.condition import Condition
from pipeline.catalog.read import Catalog
from pipeline.catalog.scan import Group, Result, groups_of, numbered, scan_with
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

    def scan_names(
        self, work: Callable[[Group, NDArray[np.int32], "pa.ChunkedArray[Any]"], Result]
    ) -> Iterator[Result]:
        """What `work` makes of each row group, the cells of all its rows and their asset_ids.

        Threads work ahead.
        """

        def read(group: Group, rows: pa.Table) -> Result:
            return work(group, self._cells_of(group), rows["asset_id"])

        return scan_with(read, self.catalog, self.groups, ["asset_id"])

    def _cells_of(self, group: Group) -> NDArray[np.int32]:
        width = np.dtype(np.int32).itemsize
        return np.fromfile(self.cells, np.int32, group.rows, offset=group.start * width)


def pool_of(catalog: Catalog, condition: Condition, target: Target, file: Path) -> Pool:
    """Sort rows into the target's cells; reads the columns that this and the condition need.

    file: where the cells are kept, four bytes a row of the manifest.
    """
    names = [axis.attribute for axis in target.axes]
    columns = sorted({*names, *condition.columns} or {"slot"})
    every = condition.always
    coded = [name for name in names if BY_NAME[name].classes and every]
    available = np.zeros(target.shares.size, np.int64)
    groups: list[Group] = []
    matched = 0

    with file.open("wb") as out:

        def keep(group: Group, cells: NDArray[np.int32]) -> NDArray[np.int64]:
            """Write the cells of a row group to their place, and count the rows of each."""
            if os.pwrite(out.fileno(), cells.data, group.start * cells.itemsize) < cells.nbytes:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))
            return np.bincount(cells + 1, minlength=available.size + 1)[1:]

        def read(group: Group, rows: pa.Table) -> tuple[Group, pa.Table, NDArray[np.int64] | None]:
            return group, rows, keep(group, cells_of_rows(target, rows)) if every else None

        for group, rows, counts in scan_with(read, catalog, groups_of(catalog), columns, coded):
            number = group.rows
            if counts is None:  # the database answers one thread at a time
                found = condition.matching(numbered(rows, group), [*names, "__row"])
                cells = np.full(group.rows, -1, np.int32)
                cells[found["__row"].to_numpy() - group.first] = cells_of_rows(target, found)
                counts, number = keep(group, cells), found.num_rows
            available += counts
            matched += number
            if counts.any():
                groups.append(group)
    return Pool(catalog, groups, file, matched, available.reshape(target.shares.shape))
