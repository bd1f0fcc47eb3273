"""Choose rows of a manifest by a SQL condition, in a database that can reach nothing else."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from pipeline.catalog.fetch import COLUMNS, EXTRA_COLUMNS, Asset, asset_of, extra_of
from pipeline.catalog.read import Catalog
from pipeline.errors import SpecError
from pipeline.spec import Extra

_EXAMPLE = "write a SQL condition over its columns, such as \"age >= 30 AND glasses = 'none'\""
_MEMORY = "1GB"


class Selection:
    """Chosen rows of a catalog, on disk, in a lasting order.

    folder: an empty one, for what does not fit in memory.
    where: a SQL condition over the manifest's columns, or None for all rows.
    count: at most so many faces, spread evenly over the cells, or None for all.
    extras: kinds of files beside the images that `assets` gives too.

    Raises SpecError when the condition cannot be meant or matches nothing.
    """

    def __init__(
        self,
        catalog: Catalog,
        folder: Path,
        where: str | None = None,
        count: int | None = None,
        extras: Sequence[Extra] = (),
    ) -> None:
        if count is not None and count < 1:
            raise SpecError(f"count: {count} faces cannot be pulled; ask for 1 or more")
        self._catalog = catalog
        self._extras = extras
        self._columns = [
            *COLUMNS,
            *(f"{kind}_{name}" for kind in extras for name in EXTRA_COLUMNS),
        ]
        self._quoted = ", ".join(f'"{name}"' for name in self._columns)
        self._database = _locked_database(folder)
        try:
            self._match(where)
            self.count = self._choose(count)
        except BaseException:
            self._database.close()
            raise
        if not self.count:
            self._database.close()
            raise SpecError(f"where: {where!r} matches none of the {catalog.count} faces; widen it")

    def close(self) -> None:
        """Close the database; the folder is the caller's."""
        self._database.close()

    def assets(self, batch: int) -> Iterator[list[Asset]]:
        """The files of the chosen assets in their order, `batch` assets at a time."""
        relation = self._database.sql(
            f"SELECT {self._quoted} FROM chosen ORDER BY turn, cell, slot"
        )
        for records in relation.to_arrow_reader(batch):
            files = []
            for row in records.to_pylist():
                found = (extra_of(row, kind) for kind in self._extras)
                files += [asset_of(row), *(extra for extra in found if extra is not None)]
            yield files

    def rows(self) -> Iterator[pa.Table]:
        """The chosen rows with all columns, by cell, then slot, a row group at a time.

        Row groups without a chosen row are not read.
        """
        for number, part in enumerate(self._catalog.parts):
            for index, (first, rows) in enumerate(self._catalog.row_groups(part)):
                found = self._database.execute(
                    "SELECT __row - $first FROM chosen "
                    "WHERE __part = $part AND __row >= $first AND __row < $last ORDER BY 1",
                    {"part": number, "first": first, "last": first + rows},
                ).fetchall()
                if found:
                    places = pa.array([place for (place,) in found], pa.int64())
                    yield self._catalog.row_group(part, index).take(places)

    def _match(self, where: str | None) -> None:
        """Make the table `matches` of the rows that the condition holds for.

        Row group by row group, and not as one stream that DuckDB pulls: an error of the store
        would come out of DuckDB as one of its own.
        """
        schema = self._catalog.schema()
        named = {*self._columns, "cell", "slot", *self._columns_of(where, schema)}
        columns = [name for name in schema.names if name in named]
        self._keep(where, _numbered(schema.empty_table().select(columns), 0, 0))
        for number, part in enumerate(self._catalog.parts):
            for index, (first, _) in enumerate(self._catalog.row_groups(part)):
                table = self._catalog.row_group(part, index, columns)
                self._keep(where, _numbered(table, number, first))

    def _keep(self, where: str | None, rows: pa.Table) -> None:
        """Add the matching ones of these rows to `matches`, which the first call makes."""
        try:
            relation = self._database.from_arrow(rows)
            if where is not None:
                # A relation's filter parses one expression; no statement can hide in it.
                relation = relation.filter(where)
            relation = relation.project(f"__part, __row, cell, slot, {self._quoted}")
            if rows.num_rows:
                relation.insert_into("matches")
            else:
                relation.create("matches")
        except duckdb.Error as error:
            raise _refusal(where, error) from error

    def _columns_of(self, where: str | None, schema: pa.Schema) -> set[str]:
        """The manifest's columns that a condition names, after trying it on an empty manifest."""
        if where is None:
            return set()
        try:
            empty = self._database.from_arrow(schema.empty_table())
            # Once more in brackets: DuckDB 1.5 overlooks what follows an expression, as LIMIT 1.
            empty.filter(where).filter(f"({where}\n)").fetchall()
            ((answer,),) = self._database.execute(
                "SELECT json_serialize_sql($query)", {"query": f"SELECT 1 WHERE {where}"}
            ).fetchall()
        except duckdb.Error as error:
            raise _refusal(where, error) from error
        named: set[str] = set()
        everything = False
        waiting = [json.loads(answer)]
        while waiting:
            node = waiting.pop()
            if isinstance(node, dict):
                everything |= node.get("class") == "STAR"
                named.update(name.lower() for name in node.get("column_names", ()))
                waiting += node.values()
            elif isinstance(node, list):
                waiting += node
        return {name for name in schema.names if everything or name.lower() in named}

    def _choose(self, count: int | None) -> int:
        """Make the table `chosen` in its order from `matches`; how many rows it has.

        With a count, rows are taken by turns through the cells, so that the first few faces are as
        balanced as all of them.
        """
        limit = "" if count is None else f"LIMIT {count}"
        self._database.execute(
            "CREATE TABLE chosen AS SELECT *, CASE WHEN $turns THEN "
            "row_number() OVER (PARTITION BY cell ORDER BY slot) END AS turn "
            f"FROM matches ORDER BY turn, cell, slot {limit}",
            {"turns": count is not None},
        )
        self._database.execute("DROP TABLE matches")
        ((rows,),) = self._database.execute("SELECT count(*) FROM chosen").fetchall()
        return int(rows)


def _locked_database(folder: Path) -> duckdb.DuckDBPyConnection:
    """A database in `folder` whose expressions reach no file, no network and no variable."""
    database = duckdb.connect(
        str(folder / "chosen.duckdb"),
        config={"memory_limit": _MEMORY, "temp_directory": str(folder / "spill")},
    )
    database.execute("SET python_enable_replacements = false")
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")
    return database


def _numbered(rows: pa.Table, part: int, first: int) -> pa.Table:
    """These rows with the part they are from, and their row in it, counted from `first`."""
    places = np.arange(first, first + rows.num_rows, dtype=np.int64)
    numbered = rows.append_column("__part", pa.array(np.full_like(places, part)))
    return numbered.append_column("__row", pa.array(places))


def _refusal(where: str | None, error: duckdb.Error) -> SpecError:
    # DuckDB goes on with the query, which is ours and not the reader's.
    reason = re.split(r"\sLINE \d+:", str(error), maxsplit=1)[0]
    sentence = " ".join(reason.split())
    return SpecError(f"where: {where!r} cannot be applied to the manifest ({sentence}); {_EXAMPLE}")
