"""Keep rows on disk in a database that can reach nothing else."""

import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa

from pipeline.catalog.limits import check_time, current_limits
from pipeline.catalog.manifest import in_blocks

_MEMORY = "1GB"
_SHARED_MEMORY = "2GB"


def locked_database(folder: Path) -> duckdb.DuckDBPyConnection:
    """A database in `folder` whose expressions reach no file, no network and no variable.

    Where limits hold, it is interrupted when their time is up; TimeUp where it is already.
    """
    check_time()
    return _watched(_locked(str(folder / "chosen.duckdb"), str(folder / "spill"), _MEMORY))


def shared_database() -> duckdb.DuckDBPyConnection:
    """A connection of one's own to this process's database in memory, which is locked as well.

    What is registered by it, it alone sees, and closing it drops that. It costs a thousandth of a
    database, so that many small questions at once are cheap; all of them together have 2 GB, and
    what does not fit goes to the temporary folder. Limits hold as for `locked_database`.
    """
    check_time()
    return _watched(_shared(os.getpid())[0].cursor())


@cache
def _shared(process: int) -> "tuple[duckdb.DuckDBPyConnection, TemporaryDirectory[str]]":
    """The database and its folder; another one in every process, since forks have no threads."""
    folder = TemporaryDirectory(prefix="populace-")
    return _locked(":memory:", folder.name, _SHARED_MEMORY), folder


def _locked(name: str, spill: str, memory: str) -> duckdb.DuckDBPyConnection:
    database = duckdb.connect(
        name,
        config={
            "memory_limit": memory,
            "temp_directory": spill,
            "python_enable_replacements": "false",
        },
    )
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")
    return database


def _watched(database: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
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
