"""Every asset is found by its name, wherever the manifest is cut."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.catalog.limits import limited
from pipeline.service.places import Places, Shelves
from pipeline.storage import open_store
from tests.catalog.fake_manifest import fake_catalog, name_of


@pytest.mark.parametrize(("part", "group"), [(1000, 1000), (70, 30), (33, 1)])
def test_every_asset_is_found_by_its_name(tmp_path: Path, part: int, group: int) -> None:
    rows = [{"asset_id": name_of(i), "age": float(i)} for i in range(200)]
    catalog = fake_catalog(open_store(str(tmp_path)), rows, part_rows=part, group_rows=group)
    places = Places(catalog)
    for keep in (False, True):
        for row in rows[::7]:
            assert places.row(row["asset_id"], ["age"], keep=keep) == {"age": row["age"]}
    for name in ("", "ghost", name_of(200), "f" * 1000, "é"):
        assert places.row(name, ["age"]) is None


def test_names_of_any_length_are_told_apart(tmp_path: Path) -> None:
    names = ["a", "ab", "b", "é", "a" * 100]
    rows = [{"asset_id": name, "age": float(i)} for i, name in enumerate(names)]
    places = Places(fake_catalog(open_store(str(tmp_path)), rows))
    assert [places.row(name, ["age"])["age"] for name in names] == [0, 1, 2, 3, 4]


def test_an_index_is_made_once_and_by_no_request_alone(tmp_path: Path) -> None:
    rows = [{"asset_id": name_of(i), "age": float(i)} for i in range(50)]
    catalog = fake_catalog(open_store(str(tmp_path)), rows, group_rows=5)
    shelves = Shelves()

    def ask(index: int) -> float:
        with limited(0):  # its time is up, and others wait for the index
            return shelves.places("a", catalog).row(name_of(index), ["age"])["age"]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(50))) == [float(i) for i in range(50)]
    assert shelves.places("a", catalog) is shelves.places("a", catalog)
    other = fake_catalog(open_store(str(tmp_path / "other")), rows[:1])
    assert shelves.places("a", other).row(name_of(7), ["age"]) is None
