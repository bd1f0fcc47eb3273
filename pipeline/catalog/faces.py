"""Find faces of a catalog, count, sample and load them: what `Catalog.where` gives."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.catalog.balance import Balanced, Method
from pipeline.catalog.condition import Condition, refusal
from pipeline.catalog.database import shared_database
from pipeline.catalog.dataset import TABLE, database_of
from pipeline.catalog.draw import draw
from pipeline.catalog.facets import Facets, bins_of, counted, counting
from pipeline.catalog.fetch import COLUMNS
from pipeline.catalog.manifest import with_draw
from pipeline.catalog.read import Catalog
from pipeline.catalog.scan import Group, scan
from pipeline.errors import SpecError, suggestion

if TYPE_CHECKING:
    import pandas
    import torch

    from pipeline.catalog.torch_set import FaceSet

_BATCH = 1024


@dataclass(frozen=True)
class _Drawn:
    """The places of a balanced draw: rows and cells of each row group, as `Drawn.places` has them.

    labels, weights: of each cell.
    """

    places: tuple[tuple[Group, NDArray[np.int64], NDArray[np.int32]], ...]
    labels: tuple[str, ...]
    weights: NDArray[np.float64]

    def table(self, catalog: Catalog, columns: Sequence[str]) -> pa.Table:
        """The drawn rows, in the manifest's order: these columns of it, and those of the draw."""
        none = catalog.schema().empty_table().select(list(columns))
        parts = [self._marked(none, np.zeros(0, np.int32))]
        groups = [group for group, _, _ in self.places]
        read = scan(catalog, groups, list(columns))
        for (_, rows, cells), (_, table) in zip(self.places, read, strict=True):
            parts.append(self._marked(table.take(pa.array(rows, pa.int64())), cells))
        return pa.concat_tables(parts)

    def _marked(self, rows: pa.Table, cells: NDArray[np.int32]) -> pa.Table:
        return with_draw(rows, self.labels, self.weights, cells)


@dataclass(frozen=True)
class Faces:
    """Some faces of a catalog, or all; nothing is read before it is asked for.

        faces = Catalog.open("out/demo").where("age BETWEEN 20 AND 29 AND skin_tone >= 7")
        faces.count(), faces.facets(["glasses"]), faces.to_arrow(["asset_id", "age"])

    Only the columns that are needed are transferred, and no row group of the manifest whose
    statistics show that a condition holds for none of its rows.

    conditions: what holds for each of them. drawn: the sample that they were drawn in, if any.
    earlier: how many of the conditions had narrowed what was drawn from.

    Every method raises StoreError or CatalogError where the catalog cannot be read.
    """

    catalog: Catalog = field(repr=False)
    conditions: tuple[str, ...] = ()
    drawn: _Drawn | None = field(default=None, repr=False)
    earlier: int = 0

    def where(self, condition: str) -> "Faces":
        """Those of them for which a SQL condition (DuckDB) over the columns holds, too.

        It can reach no file, network or other table. Raises SpecError when it cannot be meant.
        """
        if not isinstance(condition, str):
            raise SpecError(f"where: {condition!r} is no text; write a SQL condition, 'age >= 30'")
        self._condition(condition)
        return replace(self, conditions=(*self.conditions, condition))

    def count(self) -> int:
        """How many they are."""
        if self.drawn is None and not self.conditions:
            return self.catalog.count()
        with self._asked(f"SELECT count(*) FROM {TABLE}", ()) as found:
            ((count,),) = found.fetchall()
        return int(count)

    def facets(self, facets: Facets) -> dict[str, dict[str, int]]:
        """How many lie in each bin of attributes, counted in one pass.

        facets: names of attributes, which have their usual bins; or name -> labels of bins, as
        `["18-39", "40+"]`, the name of a preset, as `"fairface"`, or None.

        Returns attribute -> bin -> faces. Beside the bins stands `outside`, for faces in none.
        Raises SpecError for attributes or bins that cannot be meant.
        """
        bins = bins_of(facets)
        with self._asked(f"SELECT {counting(bins)} FROM {TABLE}", tuple(bins)) as found:
            (row,) = found.fetchall()
        return counted(bins, row)

    def sample(
        self,
        n: int,
        balance: Balanced = (),
        seed: int = 0,
        *,
        method: Method = "quotas",
        allow_short: bool = False,
    ) -> "Faces":
        """Draw `n` of them without replacement, balanced over attributes; always the same ones.

        Without `balance`, all are alike. Arguments mean what they do in
        `pipeline.catalog.draw.draw`. The sample can be narrowed and counted as any faces; its rows
        have the columns `draw_cell` and `draw_weight`, too.

        Raises SpecError where it cannot be had, and for a sample of a sample.
        """
        if self.drawn is not None:
            raise SpecError(
                "sample: these faces are a sample already; sample once, and narrow by where before"
            )
        where = " AND ".join(f"({one}\n)" for one in self.conditions) or None
        with draw(
            self.catalog, balance, n, where=where, seed=seed, method=method, allow_short=allow_short
        ) as drawn:
            cells = drawn.summary.cells
            labels = tuple(cell.label for cell in cells)
            weights = np.array([cell.weight for cell in cells])
            sample = _Drawn(tuple(drawn.places()), labels, weights)
        return replace(self, drawn=sample, earlier=len(self.conditions))

    def to_arrow(
        self,
        columns: Sequence[str] | None = None,
        *,
        sort: str | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> pa.Table:
        """Their rows as a table in memory: all columns of the manifest, or these, in this order.

        sort: a column by which the rows come, smallest first, or with `-` before it, largest
        first; rows without a value come last. Without it, they come in the manifest's order.
        limit: no more rows than that. offset: so many rows of the order are left out before.

        Raises SpecError for a column that there is not.
        """
        names = self.named(columns)
        order, more = self._order(sort)
        limited = "" if limit is None else f" LIMIT {int(limit)}"
        limited += f" OFFSET {int(offset)}" if offset else ""
        query = f"SELECT {_quoted(names)} FROM {TABLE}"
        with self._asked(query, (*names, *more), order + limited) as found:
            table: pa.Table = found.to_arrow_table()
        # The columns' types and what they mean are lost on the way through SQL.
        return table.cast(self._schema_of(names))

    def to_pandas(self, columns: Sequence[str] | None = None) -> "pandas.DataFrame":
        """Their rows as a pandas data frame: see `to_arrow`; SpecError where pandas is missing."""
        if find_spec("pandas") is None:
            raise SpecError("to_pandas: pandas is not installed; run `pip install pandas`")
        frame: pandas.DataFrame = self.to_arrow(columns).to_pandas()
        return frame

    def images(
        self, columns: Sequence[str] | None = None, threads: int = 16
    ) -> Iterator[tuple[Mapping[str, Any], NDArray[np.uint8]]]:
        """Each row, with all columns or these, and its decoded image: uint8 [H, W, 3] sRGB.

        They come in the manifest's order, few in memory at a time; threads read ahead. Raises
        CatalogError for a file that is not the one that the manifest names.
        """
        names = self.named(columns)
        for row, image in self.catalog.images(self._rows(names), threads):
            yield {name: row[name] for name in names}, image

    def torch(
        self,
        transform: "Callable[[torch.Tensor], Any] | None" = None,
        columns: Sequence[str] | None = None,
    ) -> "FaceSet":
        """A map-style dataset of (image, labels) for a `DataLoader`: see `FaceSet`.

        transform: is given each image, uint8 [3, H, W], and its result taken instead. columns: the
        labels; None: every attribute that was measured.
        """
        from pipeline.catalog.torch_set import face_set

        return face_set(self, transform, columns)

    def columns(self) -> list[str]:
        """The names of all columns that their rows have."""
        return self._schema_of(None).names

    def _rows(self, names: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Rows with these columns and the file's, in the manifest's order, few in memory."""
        every = list(dict.fromkeys([*names, *COLUMNS]))
        with self._asked(f"SELECT {_quoted(every)} FROM {TABLE}", every) as found:
            for batch in found.to_arrow_reader(_BATCH):
                yield from batch.to_pylist()

    @contextmanager
    def _asked(
        self, query: str, columns: Sequence[str], tail: str = ""
    ) -> Iterator[duckdb.DuckDBPyRelation]:
        """The result of a query of these columns of the faces, which stays in the block."""
        texts = self.conditions if self.drawn is None else self.conditions[self.earlier :]
        conditions = [self._condition(text) for text in texts]
        needed = set(columns).union(*(condition.columns for condition in conditions))
        names = self._of_manifest(needed)
        rows = None if self.drawn is None else self.drawn.table(self.catalog, names)
        ranges = [one for condition in conditions for one in condition.ranges]
        where = " AND ".join(f"({text}\n)" for text in texts)
        try:
            with database_of(self.catalog, rows, names, ranges) as database:
                yield database.sql(f"{query}{where and f' WHERE {where}'}{tail}")
        except duckdb.Error as error:
            if not where:
                raise
            # It could be meant, but not for these values, as 'a'::INT.
            raise refusal(" AND ".join(texts), error) from error

    def _condition(self, text: str) -> Condition:
        """A condition as it is meant for these rows; SpecError where it cannot be."""
        with closing(shared_database()) as database:
            return Condition(database, text, self._schema_of(None))

    def _of_manifest(self, names: set[str]) -> list[str]:
        """Those of the names that the manifest has, in its order; the least where there are none.

        Numbers first: where only rows are counted, DuckDB reads the first column, whatever it is.
        """
        schema = self.catalog.schema()
        known = [name for name in schema.names if name in names] or ["slot"]
        return sorted(known, key=lambda name: not pa.types.is_primitive(schema.field(name).type))

    def named(self, columns: Sequence[str] | None) -> list[str]:
        """The columns asked for, or all; SpecError for one that there is not."""
        known = self.columns()
        if columns is None:
            return known
        names = [columns] if isinstance(columns, str) else list(dict.fromkeys(columns))
        if not names:
            raise SpecError("columns: none is named; name some, such as asset_id, or leave it out")
        for name in names:
            if name not in known:
                mend = suggestion(str(name), known, "choose from docs/catalog.md#columns")
                raise SpecError(f"columns: {name!r} is no column of this catalog; {mend}")
        return names

    def _order(self, sort: str | None) -> tuple[str, list[str]]:
        """The SQL that orders rows by `sort`, and the columns for that."""
        if sort is None:
            return "", []
        name = sort.removeprefix("-")
        try:
            self.named([name])
        except SpecError as error:
            raise SpecError(str(error).replace("columns", "sort", 1)) from None
        way = "DESC" if sort.startswith("-") else "ASC"
        return f' ORDER BY "{name}" {way} NULLS LAST, asset_id', [name, "asset_id"]

    def _schema_of(self, columns: Sequence[str] | None) -> pa.Schema:
        """The schema of these columns of their rows, or of all."""
        rows = self.catalog.schema().empty_table()
        if self.drawn is not None:
            rows = with_draw(rows, [""], np.zeros(1), np.zeros(0, np.int32))
        return rows.schema if columns is None else rows.select(list(columns)).schema


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
