"""Keep rows on disk in a database that can reach nothing else."""

from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow as pa

from pipeline.catalog.limits import check_time, current_limits
from pipeline.catalog.manifest import in_blocks

_MEMORY = "1GB"


def locked_database(folder: Path) -> duckdb.DuckDBPyConnection:
    """A database in `folder` whose expressions reach no file, no network and no variable.

    Where limits hold, it is interrupted when their time is up; TimeUp where it is already.
    """
    check_time()
    database = duckdb.connect(
        str(folder / "chosen.duckdb"),
        config={"memory_limit": _MEMORY, "temp_directory": str(folder / "spill")},
    )
    database.execute("SET python_enable_replacements = false")
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")
    if (limits := current_limits()) is not None:
        limits.watch(database)
    return database


def make_table(
    database: duckdb.DuckDBPyConnection, name: str, schema: pa.Schema, tables: Iterable[pa.Table]
) -> None:
    """Make a table of all these rows.

    From tables, and not from one stream that DuckDB pulls: an error of the store would come out of
    DuckDB as one of its own.
    """
    database.from_arrow(schema.empty_table()).create(name)
    for table in in_blocks(tables):  # an insertion costs as much as thousands of rows
        database.from_arrow(table).insert_into(name)
