"""Row groups come in their order, however far ahead they are read."""

import pyarrow as pa
import pytest
from fake_job import Watched
from fake_manifest import fake_catalog, name_of

from pipeline.catalog import scan as scanning
from pipeline.catalog.read import open_catalog
from pipeline.catalog.scan import groups_of, numbered, numbered_schema, scan

ROWS = [{"asset_id": name_of(index), "age": float(index)} for index in range(50)]


@pytest.fixture
def cut(store):
    """50 rows in parts of 20, row groups of 8."""
    return fake_catalog(store, ROWS, part_rows=20, group_rows=8)


def test_groups_say_where_they_start(cut):
    groups = groups_of(cut)
    assert [group.rows for group in groups] == [8, 8, 4, 8, 8, 4, 8, 2]
    assert [group.start for group in groups] == [0, 8, 16, 20, 28, 36, 40, 48]
    assert [group.first for group in groups] == [0, 8, 16, 0, 8, 16, 0, 8]


@pytest.mark.parametrize("ahead", [0, 1 << 14, 1 << 30])
def test_rows_come_in_order_whatever_is_read_ahead(cut, ahead, monkeypatch):
    monkeypatch.setattr(scanning, "_AHEAD_BYTES", ahead)
    groups = groups_of(cut)
    found = list(scan(cut, groups, ["age"]))
    assert [group for group, _ in found] == groups
    assert pa.concat_tables(table for _, table in found)["age"].to_pylist() == list(range(50))
    some = [groups[6], groups[1]]
    assert [t["age"][0].as_py() for _, t in scan(cut, some, ["age"])] == [40, 8]
    whole = next(iter(scan(cut, some)))[1]
    assert whole.schema.equals(cut.schema())


def test_wide_columns_are_not_read_ahead(store, cut, monkeypatch):
    monkeypatch.setattr(scanning, "_AHEAD_BYTES", 0)
    watched = Watched(store)
    catalog = open_catalog(watched)
    tables = iter(scan(catalog, groups_of(catalog)))
    before = watched.reads
    next(tables)
    one = watched.reads - before
    assert len(list(tables)) == 7
    assert watched.reads - before == 8 * one


def test_rows_are_numbered_in_their_part(cut):
    (_, table), *_ = scan(cut, groups_of(cut)[4:5], ["age"])
    marked = numbered(table, groups_of(cut)[4])
    assert marked["__part"].to_pylist() == [1] * 8
    assert marked["__row"].to_pylist() == list(range(8, 16))
    assert marked.schema.equals(numbered_schema(table.schema))
