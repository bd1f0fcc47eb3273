"""Let SQL read a manifest in place: only the columns and row groups that a query needs."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from copy import copy

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

from pipeline.attributes.taxonomy import ATTRIBUTES
from pipeline.catalog.database import shared_database
from pipeline.catalog.pruning import Range, groups_that_may_match
from pipeline.catalog.read import Catalog, Part, StoreFile
from pipeline.errors import CatalogError, StoreError
from pipeline.storage import MissingObject

TABLE = "faces"
"""The name of the manifest, or of what is left of it, in SQL."""


_WORDS = {attribute.name for attribute in ATTRIBUTES if attribute.kind == "class"} | {
    *("cell_label", "format", "proposal", "generator_digest", "scorer_digest", "device")
}


@contextmanager
def database_of(
    catalog: Catalog,
    rows: pa.Table | None = None,
    columns: Sequence[str] | None = None,
    ranges: Sequence[Range] = (),
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A locked database with the one table `faces`: the manifest or, where given, these rows.

    columns: those of the manifest that it has; None: all. ranges: row groups without a row in all
    of them are left out.

    The manifest is read by range requests while a query runs. Where it cannot be read, the block
    ends with a StoreError or CatalogError, and not with one of DuckDB's.
    """
    failures: list[StoreError | CatalogError] = []
    with closing(shared_database()) as database:
        try:
            if rows is None:
                names = catalog.schema().names if columns is None else columns
                database.register(TABLE, _dataset(catalog, names, ranges, failures))
            else:
                database.register(TABLE, rows)
            yield database
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            if failures:
                # A copy: the traceback of the failure keeps Arrow's files, and so the database.
                raise copy(failures[0]) from error
            if rows is None and not isinstance(error, OSError):
                for part in catalog.parts:
                    catalog.open_part(part)  # CatalogError where its footer is damaged
            raise


def _dataset(
    catalog: Catalog,
    columns: Sequence[str],
    ranges: Sequence[Range],
    failures: list[StoreError | CatalogError],
) -> ds.Dataset:
    """The manifest as an Arrow dataset; errors of the store are added to `failures`, too."""
    schema = catalog.schema()
    words = _words(schema)
    form = ds.ParquetFileFormat(
        read_options=ds.ParquetReadOptions(dictionary_columns=words),
        default_fragment_scan_options=ds.ParquetFragmentScanOptions(pre_buffer=True),
    )
    fragments = []
    for part in catalog.parts:
        some = groups_that_may_match(catalog, part, ranges) if ranges else None
        if some != []:
            file = pa.PythonFile(_PartFile(catalog, part, failures), mode="r")
            fragments.append(form.make_fragment(file, row_groups=some))  # type: ignore[arg-type]
    kind = pa.dictionary(pa.int32(), pa.string())
    fields = [pa.field(n, kind) if n in words else schema.field(n) for n in columns]
    return ds.FileSystemDataset(fragments, pa.schema(fields), form)


def _words(schema: pa.Schema) -> list[str]:
    """Columns of few different strings: read as numbers into a list, they take half the time."""
    return [
        field.name
        for field in schema
        if field.name in _WORDS or (field.name.endswith("_bin") and pa.types.is_string(field.type))
    ]


class _PartFile(StoreFile):
    """A part as a file that notes the errors of its store, of which Arrow makes others."""

    def __init__(
        self, catalog: Catalog, part: Part, failures: list[StoreError | CatalogError]
    ) -> None:
        super().__init__(catalog.store, part.key, part.bytes)
        self._catalog, self._part, self._failures = catalog, part, failures

    def read(self, size: int = -1, /) -> bytes:
        """As any file's."""
        try:
            return super().read(size)
        except StoreError as error:
            gone = isinstance(error, MissingObject)
            self._failures.append(self._catalog.damaged(self._part) if gone else error)
            raise OSError(str(error)) from None
