"""Hold all rows of a job on disk: count them, check them, sort them, in constant memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from pipeline.attributes.taxonomy import ATTRIBUTES
from pipeline.catalog.order import Order
from pipeline.errors import CatalogError

_AGAIN = "run the same job again; if this stays, run it into a new output"


@dataclass(frozen=True)
class CellFigures:
    """The faces of one cell: how many, candidates for each and confidence on average."""

    delivered: int
    tried: float
    confidence: float | None


def _times(order: Order) -> str:
    return f" in {len(order.variations)} variations each" if order.variations else ""


class Ledger:
    """The rows of all shards, read by DuckDB from Parquet files in a temporary folder.

    What does not fit in `memory` (a DuckDB size such as `1GB`) spills into the same folder.
    variations: in words and in their order, where people are pictured in several.
    """

    def __init__(
        self,
        folder: Path,
        schema: pa.Schema,
        memory: str,
        threads: int,
        variations: Sequence[str] = (),
    ) -> None:
        self._schema = schema
        self._order = "cell, slot"
        if variations:
            told = ", ".join("'" + label.replace("'", "''") + "'" for label in variations)
            self._order += f", list_position([{told}], variation)"
        self._database = duckdb.connect(
            config={
                "memory_limit": memory,
                "temp_directory": str(folder / "spill"),
                "threads": threads,
            }
        )
        self._database.read_parquet(str(folder / "*.parquet")).create_view("rows")

    def close(self) -> None:
        """Close the database; the folder is the caller's."""
        self._database.close()

    def check(self, order: Order) -> None:
        """Raise CatalogError unless the rows are exactly what was ordered.

        Every slot is there once, or once in each variation, every cell holds its quota, and no
        asset's name is used twice.
        """
        delivered = dict(self._all("SELECT cell, count(*) FROM rows GROUP BY cell"))
        wrong = [cell for cell in order.cells if delivered.get(cell.index, 0) != cell.count]
        if wrong:
            cell = wrong[0]
            more = f", and {len(wrong) - 1} more cells are off" if len(wrong) > 1 else ""
            raise CatalogError(
                f"cell {cell.index} ({cell.label}) holds {delivered.get(cell.index, 0)} of "
                f"{cell.count} ordered faces{more}; {_AGAIN}"
            )
        strangers = set(delivered) - {cell.index for cell in order.cells}
        if strangers:
            raise CatalogError(f"the rows name cells {sorted(strangers)}, never ordered; {_AGAIN}")
        for column in ("slot, variation" if order.variations else "slot", "asset_id"):
            twice = self._all(
                f"SELECT {column} FROM rows GROUP BY {column} HAVING count(*) > 1 "
                f"ORDER BY {column} LIMIT 1"
            )
            if twice:
                found = ", ".join(repr(value) for value in twice[0])
                raise CatalogError(f"{column} {found} is delivered twice; {_AGAIN}")
        ((low, high, rows),) = self._all("SELECT min(slot), max(slot), count(slot) FROM rows")
        if (low, high, rows) != (0, order.people - 1, order.count):
            raise CatalogError(
                f"the slots run from {low} to {high} in {rows} rows, ordered were 0 to "
                f"{order.people - 1}{_times(order)}; {_AGAIN}"
            )
        if order.variations:
            # With as many rows as slots and variations make, and none twice, all are there.
            known = self._all("SELECT DISTINCT variation FROM rows ORDER BY ALL")
            strange = [label for (label,) in known if label not in order.variations]
            if strange:
                raise CatalogError(f"variation {strange[0]!r} was never ordered; {_AGAIN}")

    def sorted_tables(self, rows: int) -> Iterator[pa.Table]:
        """All rows by cell, slot and variation, in tables of exactly `rows` rows but the last."""
        relation = self._database.sql(f"SELECT * FROM rows ORDER BY {self._order}")
        waiting: list[pa.Table] = []
        size = 0
        for batch in relation.to_arrow_reader(rows):
            waiting.append(pa.Table.from_batches([batch]).cast(self._schema))
            size += batch.num_rows
            while size >= rows:
                whole = pa.concat_tables(waiting)
                yield whole.slice(0, rows).combine_chunks()
                waiting, size = [whole.slice(rows)], size - rows
        if size:
            yield pa.concat_tables(waiting).combine_chunks()

    def first_of_cells(self, cells: Sequence[int], per_cell: int) -> list[dict[str, Any]]:
        """The rows of each cell's first slots, without latents, by cell, then slot."""
        relation = self._database.sql(
            "SELECT * EXCLUDE (w) FROM rows WHERE list_contains($cells, cell) "
            f"QUALIFY row_number() OVER (PARTITION BY cell ORDER BY {self._order}) <= $per_cell "
            f"ORDER BY {self._order}",
            params={"cells": list(cells), "per_cell": per_cell},
        )
        rows: list[dict[str, Any]] = relation.to_arrow_table().to_pylist()
        return rows

    def cells(self) -> dict[int, CellFigures]:
        """Cell -> what its faces took, for every cell with faces."""
        found = self._all(
            "SELECT cell, count(*), avg(attempt + 1.0), avg(confidence) FROM rows GROUP BY cell"
        )
        return {cell: CellFigures(*figures) for cell, *figures in found}

    def pictures(self) -> list[tuple[int, int, str]]:
        """Width, height (px) and format of the images: one entry, unless shards disagree."""
        return self._all("SELECT DISTINCT width, height, format FROM rows ORDER BY ALL")

    def classes(self) -> dict[str, dict[str, int]]:
        """Attribute -> class -> faces, for every attribute with named classes."""
        result = {}
        for attribute in ATTRIBUTES:
            if attribute.kind == "class":
                found = dict(
                    self._all(
                        f'SELECT "{attribute.name}", count(*) FROM rows '
                        f'WHERE "{attribute.name}" IS NOT NULL GROUP BY 1'
                    )
                )
                if found:
                    result[attribute.name] = {k: found.get(k, 0) for k in attribute.classes}
        return result

    def numbers(self) -> dict[str, dict[str, float]]:
        """Attribute -> its 5 %, 50 % and 95 % quantiles over all faces, for every number."""
        result = {}
        for attribute in ATTRIBUTES:
            if attribute.kind == "number":
                ((low, middle, high),) = self._all(
                    f'SELECT quantile_disc("{attribute.name}", 0.05), '
                    f'quantile_disc("{attribute.name}", 0.5), '
                    f'quantile_disc("{attribute.name}", 0.95) FROM rows'
                )
                if middle is not None:
                    result[attribute.name] = {"p05": low, "p50": middle, "p95": high}
        return result

    def _all(self, query: str) -> list[tuple[Any, ...]]:
        return self._database.execute(query).fetchall()
