"""Assets come in few ranges, checked, and only from within the catalog."""

import threading
from typing import Any

import pyarrow as pa
import pytest
from fake_job import Watched
from hypothesis import given
from hypothesis import strategies as st

from pipeline.catalog.fetch import (
    Asset,
    asset_of,
    assets_of,
    extra_of,
    fetch_group,
    group,
    in_order,
    paths_of,
)
from pipeline.errors import CatalogError
from pipeline.storage import open_store

ROW = {
    "asset_id": "f1",
    "shard": 3,
    "uri": "packs/000003.tar",
    "offset": 512,
    "length": 10,
    "sha256": "a" * 64,
    "format": "webp",
}


def asset(uri: str, offset: int, length: int = 100) -> Asset:
    return Asset(f"{uri}-{offset}", 0, uri, offset, length, "", "jpeg")


def test_an_assets_path_does_not_depend_on_the_layout():
    assert asset_of(ROW).path == asset_of(ROW | {"uri": "x.webp"}).path == "images/000003/f1.webp"


@pytest.mark.parametrize(
    "change",
    [
        {"asset_id": "../../etc/passwd"},
        {"asset_id": "a/b"},
        {"asset_id": "a\\b"},
        {"asset_id": "a\nb"},
        {"format": "../x"},
        {"uri": "../other/secret"},
        {"uri": "/etc/passwd"},
        {"uri": "images//x"},
        {"format": "sh"},
        {"offset": -1},
        {"length": 0},
        {"shard": -1},
    ],
)
def test_a_row_that_points_outside_is_refused(change):
    with pytest.raises(CatalogError, match="do not trust"):
        asset_of(ROW | change)


FILES = st.fixed_dictionaries(
    {
        "asset_id": st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True),
        "shard": st.integers(0, 2**31 - 1),
        "uri": st.sampled_from(["packs/000003.tar", "images/a/b.jpg"]),
        "offset": st.integers(0, 2**40),
        "length": st.integers(1, 2**30),
        "sha256": st.just("a" * 64),
        "format": st.sampled_from(["jpeg", "png", "webp"]),
        "depth_uri": st.sampled_from([None, "packs/000003.tar"]),
        "depth_offset": st.just(512),
        "depth_length": st.just(10),
        "depth_sha256": st.just("b" * 64),
    }
)
SCHEMA = pa.schema(
    [
        (name, pa.int32() if name == "shard" else pa.int64() if name in whole else pa.string())
        for whole in [("offset", "length", "depth_offset", "depth_length")]
        for name in (*ROW, "depth_uri", "depth_offset", "depth_length", "depth_sha256")
    ]
)


@given(st.lists(FILES, max_size=5))
def test_many_rows_at_once_name_the_files_that_each_names(rows: list[dict[str, Any]]) -> None:
    table = pa.Table.from_pylist(rows, SCHEMA).combine_chunks()
    (records,) = table.to_batches() or [pa.RecordBatch.from_pylist([], SCHEMA)]
    extras = [extra_of(row, "depth") for row in rows]
    both = [[asset_of(row), extra] for row, extra in zip(rows, extras, strict=True)]
    assert assets_of(records) == [image for image, _ in both]
    assert assets_of(records, ["depth"]) == [one for pair in both for one in pair if one]
    assert paths_of(table).to_pylist() == [asset_of(row).path for row in rows]
    assert paths_of(table, "depth").to_pylist() == [extra and extra.path for extra in extras]


def test_one_row_of_many_that_points_outside_is_refused() -> None:
    row = ROW | {"depth_uri": "../x", "depth_offset": 0, "depth_length": 1, "depth_sha256": ""}
    records = pa.RecordBatch.from_pylist([row], SCHEMA)
    assert len(assets_of(records)) == 1
    with pytest.raises(CatalogError, match="do not trust"):
        assets_of(records, ["depth"])


def test_neighbours_in_a_pack_become_one_range():
    members = [asset("a.tar", 512), asset("a.tar", 2048), asset("b.tar", 512), asset("c.jpg", 0)]
    assert group(members[::-1]) == [members[:2], [members[2]], [members[3]]]


def test_far_members_overlapping_members_and_long_ranges_stay_apart():
    assert len(group([asset("a.tar", 0), asset("a.tar", 10_000_000)])) == 2
    assert len(group([asset("a.tar", 0), asset("a.tar", 50)])) == 2
    big = 3 * 1024 * 1024
    assert [len(g) for g in group([asset("a.tar", i * big, big) for i in range(4)])] == [2, 2]


def test_a_group_is_one_read_and_every_file_its_own(catalog):
    rows = next(catalog.tables()).to_pylist()
    watched = Watched(catalog.store)
    groups = group([asset_of(row) for row in rows])
    files = [file for assets in groups for file in fetch_group(watched, assets)]
    assert watched.reads == len(groups) <= len(files) == 24
    if rows[0]["uri"].startswith("packs/"):
        assert len(groups) == 4


def test_results_come_in_order_and_an_error_stops_the_rest():
    assert list(in_order(lambda n: n * n, range(50), threads=4)) == [n * n for n in range(50)]
    started = []
    lock = threading.Lock()

    def work(number):
        with lock:
            started.append(number)
        if number == 5:
            raise CatalogError("five")

    with pytest.raises(CatalogError, match="five"):
        list(in_order(work, range(1000), threads=2))
    assert len(started) < 20


def test_a_missing_pack_is_named(tmp_path):
    with pytest.raises(CatalogError, match=r"asset 'f1' is gone: .*packs/000003\.tar"):
        fetch_group(open_store(str(tmp_path)), [asset_of(ROW)])
