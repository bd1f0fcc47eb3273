"""Draw a balanced subset of a sealed catalog, the same one each time, and write its rows."""

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from pipeline.catalog.balance import Balanced, Method, balance_of
from pipeline.catalog.choice import DrawSummary
from pipeline.catalog.local_file import whole_file
from pipeline.catalog.manifest import write_tables
from pipeline.catalog.query import Selection
from pipeline.catalog.read import Catalog
from pipeline.catalog.scan import Group
from pipeline.errors import SpecError

_COLUMNS = ("asset_id", "uri", "offset", "length", "sha256")
_BATCH = 4096


class Drawn:
    """A draw that was made; it lies on disk until it is closed.

    summary: what the draw did, cell by cell.
    """

    def __init__(
        self, selection: Selection, summary: DrawSummary, folder: "TemporaryDirectory[str]"
    ) -> None:
        self._selection, self.summary, self._folder = selection, summary, folder

    def __enter__(self) -> "Drawn":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove what lies on disk."""
        self._selection.close()
        self._folder.cleanup()

    def names(self) -> Iterator[str]:
        """The asset_ids, in an order whose every beginning is nearly as balanced as the whole."""
        for batch in self._selection.names(_BATCH):
            yield from batch

    def rows(self, columns: list[str] | None = None) -> Iterator[pa.Table]:
        """The rows in the manifest's order, all columns or these, and `draw_cell`, `draw_weight`.

        A table for each row group of the manifest that has some.
        """
        return self._selection.rows(columns)

    def places(self) -> Iterator[tuple[Group, NDArray[np.int64], NDArray[np.int32]]]:
        """For each row group that has some: the drawn rows, counted from its first, and the cell
        of each in `summary.cells`; both [rows], in the manifest's order.
        """
        return self._selection.places()

    def write(self, path: Path) -> None:
        """Write the rows, in the manifest's order, to a file that appears whole or not at all.

        `.parquet` gets all columns of the manifest; `.csv` and `.json`, an array of objects, get
        asset_id, uri, offset, length, sha256 and the balanced attributes. All have `draw_cell` and
        `draw_weight`. Raises SpecError for another suffix.
        """
        write = _writer_for(path)
        balanced = self.summary.cells[0].bins
        columns = None if write is write_tables else [*_COLUMNS, *balanced]
        with whole_file(path, "draw again") as hidden:
            write(hidden, self.rows(columns))


def draw(
    catalog: Catalog,
    balanced: Balanced,
    count: int | None = None,
    *,
    method: Method = "quotas",
    where: str | None = None,
    seed: int = 0,
    allow_short: bool = False,
) -> Drawn:
    """Choose faces of a catalog so that they are balanced over any of its attributes.

        with draw(catalog, ["age", "gender_presentation"], 1000) as drawn:
            names = list(drawn.names())

    Which faces come depends on their asset_ids and the seed alone, and not on how the manifest is
    ordered or cut. Memory does not grow with the catalog.

    Args:
        catalog: a sealed one.
        balanced: names of attributes, with bins behind them if you like (`age=fairface`,
            `age=[18-39,40+]`), or a mapping as `balance` in a job spec, where None stands for no
            bins: then those that the catalog's job ordered, or else the usual ones. Faces with a
            value in no bin are left out. Nothing, `{}`, draws from all faces alike.
        count: how many faces. None: as many as the quotas allow, or every face with its weight.
        method: `quotas` takes from each cell its whole number of faces, whatever the catalog's
            shares: every bin of every attribute gets its exact share, rounded, and every cell is
            within one of its own. `weights` takes every face, with the weight that balances the
            whole or, with a count, draws without replacement with chances in proportion to these
            weights (Efraimidis and Spirakis, 2006).
        where: a SQL condition over the manifest's columns, for faces to draw from.
        seed: 0 .. 2^63-1; another one, other faces.
        allow_short: where a cell has too few faces, take them all, and let the others fill up in
            proportion to their shares.

    Returns:
        what was drawn. Where no quota is smaller in it, a larger draw with the same seed holds all
        of a smaller one; by weights it always does, but for a floor (`at_least`).

    Raises:
        SpecError: attributes, bins, the condition or the count cannot be meant, or a cell has too
            few faces; then it says which one and how many would do.
    """
    balance = balance_of(catalog, balanced, method, seed, allow_short)
    folder = TemporaryDirectory(prefix="populace-")
    try:
        selection = Selection(catalog, Path(folder.name), where, count, balance=balance)
    except BaseException:
        folder.cleanup()
        raise
    assert selection.drawn is not None
    return Drawn(selection, selection.drawn, folder)


def check_writable(path: Path) -> None:
    """SpecError for a file that `Drawn.write` would not take."""
    _writer_for(path)


def _writer_for(path: Path) -> Callable[[Path, Iterable[pa.Table]], None]:
    writers = {".parquet": write_tables, ".csv": _write_csv, ".json": _write_json}
    if path.suffix.lower() not in writers:
        raise SpecError(
            f"to: {path} ends in none of {', '.join(writers)}; choose one of these for its format"
        )
    return writers[path.suffix.lower()]


def _write_csv(path: Path, tables: Iterable[pa.Table]) -> None:
    writer = None
    try:
        for table in tables:
            writer = writer or csv.CSVWriter(str(path), table.schema)
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()


def _write_json(path: Path, tables: Iterable[pa.Table]) -> None:
    with path.open("w", encoding="utf-8") as file:
        comma = "[\n"
        for table in tables:
            for row in table.to_pylist():
                file.write(comma + json.dumps(row, ensure_ascii=False))
                comma = ",\n"
        file.write("\n]\n")
