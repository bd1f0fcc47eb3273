"""Remember a few words of every row on disk: find repeats, gaps and rows that nobody committed."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pipeline.catalog.manifest import extras_in

_HEX = "CASE WHEN regexp_full_match({0}, '[0-9a-f]{{64}}') THEN unhex({0}) END"
"""A sha256 in half its bytes; what is none has no place here, its file will tell."""

_REPEATS = {
    "places": ("place", "place IS NOT NULL"),
    "files": ("file", "file IS NOT NULL"),
    "pixels": ("pixels", "pixels IS NOT NULL"),
}


class Register:
    """Place, digests and a hash of every row, in a DuckDB database in `folder`.

    variations: in words, where people are in several; a row's place is its slot, or slot x
    variations + variation, and null where it is none.

    What does not fit in `memory` (a DuckDB size such as `1GB`) spills into the same folder.
    """

    def __init__(
        self,
        folder: Path,
        schema: pa.Schema,
        memory: str,
        threads: int,
        variations: Sequence[str] = (),
    ) -> None:
        self._database = duckdb.connect(
            str(folder / "register.duckdb"),
            config={
                "memory_limit": memory,
                "temp_directory": str(folder / "spill"),
                "threads": threads,
            },
        )
        row = f"hash({', '.join(_quoted(name) for name in schema.names)})"
        lengths = ["length", *(f"{kind}_length" for kind in extras_in(schema))]
        # Wide, since somebody may have written any length.
        size = " + ".join(f"coalesce({_quoted(name)}, 0)::HUGEINT" for name in lengths)
        place = "slot"
        if variations:
            told = ", ".join("'" + label.replace("'", "''") + "'" for label in variations)
            place = f"slot * {len(variations)} + list_position([{told}], variation) - 1"
        columns = f"{place} AS place, shard, asset_id, {row} AS row, {size} AS size"
        digests = f"{_HEX.format('sha256')} AS file, {_HEX.format('pixels_sha256')} AS pixels"
        self._columns = {"delivered": f"{columns}, {digests}", "committed": columns}
        for table in self._columns:
            self._project(table, schema.empty_table()).create(table)

    def close(self) -> None:
        """Close the database; the folder is the caller's."""
        self._database.close()

    def add(self, rows: pa.RecordBatch) -> None:
        """Remember rows of the manifest."""
        self._project("delivered", pa.Table.from_batches([rows])).insert_into("delivered")

    def add_committed(self, rows: pa.Table) -> None:
        """Remember the rows of a shard as its receipt commits them."""
        self._project("committed", rows).insert_into("committed")

    def repeats(self, what: str) -> Iterator[tuple[Any, list[str]]]:
        """`places`, `files` or `pixels` that several rows have: which, and up to nine assets."""
        column, there = _REPEATS[what]
        yield from self._all(
            f"SELECT {column}, min(asset_id, 9) FROM delivered "
            f"WHERE {column} IN (SELECT {column} FROM delivered WHERE {there} "
            f"GROUP BY {column} HAVING count(*) > 1) GROUP BY {column} ORDER BY {column}"
        )

    def gaps(self, count: int) -> Iterator[tuple[int, int]]:
        """First and last of every run of places 0 .. count-1 that no row fills."""
        yield from self._all(
            "SELECT before + 1, place - 1 FROM (SELECT place, lag(place) OVER (ORDER BY place) AS "
            f"before FROM (SELECT place FROM delivered WHERE place BETWEEN 0 AND {count - 1} UNION "
            f"ALL VALUES (CAST(-1 AS BIGINT)), (CAST({count} AS BIGINT)))) "
            "WHERE place > before + 1"
        )

    def shards(self) -> dict[int, tuple[int, int]]:
        """Shard -> its rows, and the bytes of their files."""
        found = self._all(
            "SELECT shard, count(*), sum(size) FROM delivered "
            "WHERE shard IS NOT NULL GROUP BY shard"
        )
        return {shard: (rows, size) for shard, rows, size in found}

    def size(self) -> int:
        """Bytes of all files."""
        ((size,),) = self._all("SELECT coalesce(sum(size), 0) FROM delivered")
        return int(size)

    def strangers(self) -> Iterator[tuple[int, str | None, str | None]]:
        """Place, delivered asset and committed asset wherever the two rows are not the same.

        Looks at the shards of which rows were committed only.
        """
        yield from self._all(
            "SELECT coalesce(d.place, c.place), d.asset_id, c.asset_id "
            "FROM (SELECT * FROM delivered WHERE shard IN (SELECT DISTINCT shard FROM committed)) "
            "AS d FULL JOIN committed AS c ON d.place = c.place "
            "WHERE d.row IS DISTINCT FROM c.row ORDER BY 1"
        )

    def _project(self, table: str, rows: pa.Table) -> duckdb.DuckDBPyRelation:
        return self._database.from_arrow(rows).project(self._columns[table])

    def _all(self, query: str) -> Iterator[tuple[Any, ...]]:
        cursor = self._database.cursor().execute(query)
        while some := cursor.fetchmany(4096):
            yield from some


def _quoted(name: str) -> str:
    return '"' + name + '"'
