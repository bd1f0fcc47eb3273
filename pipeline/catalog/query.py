"""Choose rows of a manifest: by a SQL condition, by turns through its cells, or balanced anew."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.catalog.balance import Balance
from pipeline.catalog.choice import DrawSummary, choose_balanced
from pipeline.catalog.condition import Condition
from pipeline.catalog.database import locked_database, make_table
from pipeline.catalog.fetch import COLUMNS, EXTRA_COLUMNS, Asset, assets_of
from pipeline.catalog.layout import EXTENSIONS
from pipeline.catalog.manifest import with_draw
from pipeline.catalog.read import Catalog
from pipeline.catalog.scan import Group, groups_of, numbered, numbered_schema, scan
from pipeline.errors import SpecError
from pipeline.spec import Extra

_ORDER = "ORDER BY turn, cell, slot, __part, __row"
_BY_PLACE = (
    f"ORDER BY regexp_extract(files.uri, '^({EXTENSIONS}[^/]+/)*'), files.slot, "
    'files.uri, files."offset"'
)
"""Slots are of each job by itself: the catalog's own come first, then those of its extensions."""

_MOST = 10**12


class Selection:
    """Chosen rows of a catalog, on disk, in a lasting order.

    folder: an empty one, for what does not fit in memory.
    where: a SQL condition over the manifest's columns, or None for all rows.
    count: how many faces, or None for all. Without `balance`, at most so many, spread evenly over
    the cells of the catalog.
    extras: kinds of files beside the images that `assets` gives too.
    balance: how the chosen rows are to be balanced, whatever the cells of the catalog.

    drawn: what the draw did, where there is a balance.

    Raises SpecError when the condition cannot be meant or matches nothing, or when the balance
    cannot be had.
    """

    def __init__(
        self,
        catalog: Catalog,
        folder: Path,
        where: str | None = None,
        count: int | None = None,
        extras: Sequence[Extra] = (),
        balance: Balance | None = None,
    ) -> None:
        if count is not None and not 1 <= count <= _MOST:
            raise SpecError(f"count: {count:,} faces cannot be chosen; ask for 1 to {_MOST:,}")
        self._catalog = catalog
        self._extras = extras
        self._groups = groups_of(catalog)
        self.drawn: DrawSummary | None = None
        self._database = locked_database(folder)
        try:
            condition = Condition(self._database, where, catalog.schema())
            if balance is None:
                self._match(condition)
                self._choose(count)
            else:
                self.drawn = choose_balanced(
                    self._database, catalog, condition, balance, count, folder
                )
            ((rows,),) = self._database.execute("SELECT count(*) FROM chosen").fetchall()
            self.count = int(rows)
            condition.check_some(self.count, catalog.count())
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Close the database; the folder is the caller's."""
        self._database.close()

    def names(self, batch: int) -> Iterator[list[str]]:
        """The asset_ids of a balanced draw in their order, `batch` at a time."""
        for records in self._records("asset_id", "chosen", batch):
            yield [str(row["asset_id"]) for row in records.to_pylist()]

    def assets(self, batch: int, *, by_place: bool = False) -> Iterator[list[Asset]]:
        """The files of the chosen assets in their order, `batch` assets at a time.

        by_place: in the order of their job's slots, in which they lie in packs, so that neighbours
        come together.
        """
        for records in self._files([], batch, by_place):
            yield assets_of(records, self._extras)

    def files(
        self, columns: Sequence[str], batch: int, *, by_place: bool = False
    ) -> Iterator[list[dict[str, Any]]]:
        """The chosen rows as `assets` orders them: these columns, and those of their files.

        Those of a balanced draw have `draw_cell` and `draw_weight` more.
        """
        for records in self._files(columns, batch, by_place):
            rows = records.to_pylist()
            for row in rows:
                cell = row.pop("__cell")
                if self.drawn is not None:
                    row["draw_cell"] = self.drawn.cells[cell].label
                    row["draw_weight"] = self.drawn.cells[cell].weight
            yield rows

    def rows(self, columns: list[str] | None = None) -> Iterator[pa.Table]:
        """The chosen rows in the manifest's order, a row group at a time: all columns, or these.

        Those of a balanced draw have the columns `draw_cell` and `draw_weight` more. Row groups
        without a chosen row are not read.
        """
        labels = [cell.label for cell in self.drawn.cells] if self.drawn else []
        weights = np.array([cell.weight for cell in self.drawn.cells] if self.drawn else [])
        for group, table in self._scan(columns):
            places, cells = self._chosen_in(group)
            rows = table.take(pa.array(places, pa.int64()))
            yield with_draw(rows, labels, weights, cells) if self.drawn else rows

    def places(self) -> Iterator[tuple[Group, NDArray[np.int64], NDArray[np.int32]]]:
        """The chosen rows of each row group that has some, counted from its first, and their cells.

        Cells are those of the draw, or else of the catalog.
        """
        for group in self._groups:
            places, cells = self._chosen_in(group)
            if places.size:
                yield group, places, cells

    def _files(
        self, columns: Sequence[str], batch: int, by_place: bool
    ) -> Iterator[pa.RecordBatch]:
        """The chosen rows: these columns, those of their files, and `__cell`."""
        extra = [f"{kind}_{name}" for kind in self._extras for name in EXTRA_COLUMNS]
        names = list(dict.fromkeys([*columns, *COLUMNS, *extra]))
        self._read_files([*names, "slot"] if by_place and "slot" not in names else names)
        quoted = ", ".join(f'files."{name}"' for name in names)
        joined = "chosen JOIN files USING (__part, __row)"
        order = _BY_PLACE if by_place else _ORDER
        yield from self._records(f"{quoted}, chosen.cell AS __cell", joined, batch, order)

    def _records(
        self, columns: str, table: str, batch: int, order: str = _ORDER
    ) -> Iterator[pa.RecordBatch]:
        """Columns of the chosen rows in their order; others may ask the database meanwhile."""
        with closing(self._database.cursor()) as cursor:
            relation = cursor.sql(f"SELECT {columns} FROM {table} {order}")
            yield from relation.to_arrow_reader(batch)

    def _match(self, condition: Condition) -> None:
        """Make the table `matches` of the places of the rows that the condition holds for."""
        columns = sorted({"cell", "slot", *condition.columns})
        kept = ["__part", "__row", "cell", "slot"]
        schema = numbered_schema(self._catalog.schema())
        tables = (
            condition.matching(numbered(table, group), kept)
            for group, table in scan(self._catalog, self._groups, columns)
        )
        make_table(self._database, "matches", pa.schema([schema.field(n) for n in kept]), tables)

    def _choose(self, count: int | None) -> None:
        """Make the table `chosen` in its order from `matches`.

        With a count, rows are taken by turns through the cells, so that the first few faces are as
        balanced as all of them.
        """
        limit = "" if count is None else f"LIMIT {count}"
        self._database.execute(
            "CREATE TABLE chosen AS SELECT *, CASE WHEN $turns THEN "
            "row_number() OVER (PARTITION BY cell ORDER BY slot, __part, __row) END AS turn "
            f"FROM matches {_ORDER} {limit}",
            {"turns": count is not None},
        )
        self._database.execute("DROP TABLE matches")

    def _read_files(self, columns: list[str]) -> None:
        """Make the table `files` of columns of the chosen rows, and their places."""

        def tables() -> Iterator[pa.Table]:
            for group, table in self._scan(columns):
                places, _ = self._chosen_in(group)
                yield numbered(table, group).take(pa.array(places, pa.int64()))

        schema = self._catalog.schema()
        found = numbered_schema(pa.schema([schema.field(name) for name in columns]))
        self._database.execute("DROP TABLE IF EXISTS files")
        make_table(self._database, "files", found, tables())

    def _scan(self, columns: list[str] | None) -> Iterator[tuple[Group, pa.Table]]:
        """The row groups that have a chosen row."""
        some = [group for group in self._groups if self._chosen_in(group)[0].size]
        return scan(self._catalog, some, columns)

    def _chosen_in(self, group: Group) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """The chosen rows of a row group, counted from its first, and the cell of each."""
        found = self._database.execute(
            "SELECT __row - $first AS place, cell FROM chosen "
            "WHERE __part = $part AND __row >= $first AND __row < $last ORDER BY 1",
            {"part": group.part, "first": group.first, "last": group.first + group.rows},
        ).fetchnumpy()
        return found["place"], found["cell"]
