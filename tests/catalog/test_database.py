"""The shared database is private to each connection, locked, and anew in every process."""

import multiprocessing

import duckdb
import pyarrow as pa
import pytest

from pipeline.catalog.database import shared_database


def test_what_one_connection_registers_no_other_sees():
    one, other = shared_database(), shared_database()
    one.register("faces", pa.table({"a": [1]}))
    other.register("faces", pa.table({"a": [2, 3]}))
    assert one.sql("SELECT sum(a) FROM faces").fetchall() == [(1,)]
    assert other.sql("SELECT sum(a) FROM faces").fetchall() == [(5,)]
    one.close()
    with pytest.raises(duckdb.CatalogException):
        shared_database().sql("SELECT * FROM faces")
    assert other.sql("SELECT count(*) FROM faces").fetchall() == [(2,)]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM mine",
        "SELECT * FROM read_text('{file}')",
        "COPY (SELECT 1) TO '{file}.csv'",
        "ATTACH '{file}.db'",
        "SET enable_external_access = true",
        "SET python_enable_replacements = true",
        "SELECT getenv('HOME')",
    ],
)
def test_it_reaches_nothing_else(tmp_path, statement):
    mine = pa.table({"a": [1]})  # a variable that DuckDB would find if it were let
    assert mine.num_rows == 1
    file = tmp_path / "file.txt"
    file.write_text("nobody's business")
    with pytest.raises(duckdb.Error):
        shared_database().execute(statement.format(file=file)).fetchall()
    assert list(tmp_path.iterdir()) == [file]


def test_a_fork_has_a_database_of_its_own(catalog):
    assert catalog.where("age >= 0").count() == 24
    child = multiprocessing.get_context("fork").Process(target=_ask, args=(catalog,))
    child.start()
    child.join(120)
    assert child.exitcode == 0


def _ask(catalog):
    assert catalog.where("age >= 0").count() == 24
