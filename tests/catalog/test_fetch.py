"""Assets come in few ranges, checked, and only from within the catalog."""

import threading

import pytest
from fake_job import Watched

from pipeline.catalog.fetch import Asset, asset_of, fetch_group, group, in_order
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
