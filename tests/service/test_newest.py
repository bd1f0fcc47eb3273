"""A service that runs sees versions of its catalogs come, and its requests go on meanwhile."""

import logging
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from pipeline.catalog import Catalog
from pipeline.catalog.seal import seal
from pipeline.catalog.versions import revoke
from pipeline.service import newest
from pipeline.service.app import create_app
from pipeline.service.library import Library
from pipeline.storage import Store, open_store
from tests.catalog.fake_job import FakeJob, Watched

NAMES = ["f0000003", "f0000011"]


@pytest.fixture
def place(sealed: Path, tmp_path: Path) -> Path:
    """A copy of the sealed catalog, to change."""
    return Path(shutil.copytree(sealed / "packs", tmp_path / "packs"))


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A get with a look waits for it, however slow the machine."""
    monkeypatch.setattr(newest, "_PATIENCE", 60.0)


def revoked(place: Path) -> None:
    assert revoke(open_store(str(place)), NAMES, "They were questioned.").count == 22


def test_a_new_version_is_given_from_the_next_look_on(place: Path) -> None:
    library = Library.open([str(place), f"first={place}@1"], every=0)
    before = library.get("packs")
    assert library.get("packs") is before
    revoked(place)
    after = library.get("packs")
    assert (after.version, after.count()) == (2, 22)
    assert library.get("packs") is after
    assert [catalog.version for _, catalog in library.items()] == [2, 1]
    # Those who have the old one go on with it.
    assert before.where("age > 0").count() == 24


def test_between_looks_nothing_is_asked_of_the_store(place: Path) -> None:
    store = Watched(open_store(str(place)))
    opened = Catalog.open(str(place))
    watched = Catalog(store, opened.document, opened.parts)
    library = Library({"packs": watched}, every=3600)
    revoked(place)
    assert library.get("packs") is watched
    assert store.reads == 0


def test_a_look_that_finds_nothing_new_reads_the_document_once(place: Path) -> None:
    store = Watched(open_store(str(place)))
    opened = Catalog.open(str(place))
    library = Library({"packs": Catalog(store, opened.document, opened.parts)}, every=0)
    for _ in range(5):
        assert library.get("packs").version == 1
    assert store.reads == 1


def test_another_job_at_the_same_place_is_seen(place: Path) -> None:
    library = Library.open([str(place)], every=0)
    assert library.get("packs").count() == 24
    shutil.rmtree(place)
    store = open_store(str(place))
    seal(store, FakeJob(per_cell=2, layout="packs").run(store))
    assert library.get("packs").count() == 12


def test_where_the_store_fails_the_last_version_stays(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    library = Library.open([str(place)], every=0)
    before = library.get("packs")
    hidden = place.rename(place.parent / "away")
    with caplog.at_level(logging.WARNING):
        assert library.get("packs") is before
    assert "version 1 goes on being served: " in caplog.text
    hidden.rename(place)
    revoked(place)
    assert library.get("packs").version == 2


class Slow(Watched):
    """A store whose listings wait to be let through."""

    def __init__(self, store: Store, through: threading.Event) -> None:
        super().__init__(store)
        self.through = through
        self.lists = 0

    def list(self, prefix: str) -> Iterator[str]:
        self.lists += 1
        self.through.wait(60)
        return super().list(prefix)


def test_nobody_waits_for_a_slow_store(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newest, "_PATIENCE", 0.05)
    through = threading.Event()
    store = Slow(open_store(str(place)), through)
    opened = Catalog.open(str(place))
    library = Library({"packs": Catalog(store, opened.document, opened.parts)}, every=0)
    revoked(place)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: library.get("packs").version, range(32)))
    assert found == [1] * 32
    wait_for(lambda: store.lists > 0)
    assert store.lists == 1
    through.set()
    wait_for(lambda: library.get("packs").version == 2)


def wait_for(holds, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_the_service_hands_out_revoked_faces_no_more(place: Path) -> None:
    client = TestClient(create_app(Library.open([str(place)], every=0)), follow_redirects=False)
    asset = f"/v1/catalogs/packs/assets/{NAMES[0]}"
    page = client.get("/v1/catalogs/packs/assets", params={"limit": 5}).json()
    assert client.get(f"{asset}/image").status_code == 200
    stop = threading.Event()

    def ask(path: str) -> set[int]:
        codes = set()
        while not stop.is_set():
            codes.add(client.get(path).status_code)
        return codes

    paths = [f"{asset}/image", asset, "/v1/catalogs/packs/facets?by=glasses", "/v1/catalogs/packs"]
    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask, path) for path in paths]
        try:
            revoked(place)
            wait_for(lambda: client.get(f"{asset}/image").status_code == 404)
            wait_for(lambda: client.get("/v1/catalogs/packs").json().get("version") == 2)
        finally:
            stop.set()
    codes = [future.result() for future in asking]
    assert codes[0] | codes[1] <= {200, 404}
    assert codes[2:] == [{200}, {200}]
    assert client.get(asset).status_code == 404
    kept = client.get("/v1/catalogs/packs/assets/f0000004/image")
    assert kept.status_code == 200
    assert client.get("/v1/catalogs/packs/assets").json()["total"] == 22
    old = client.get("/v1/catalogs/packs/assets", params={"cursor": page["next"], "limit": 5})
    assert old.status_code == 422
    assert "another version of the catalog; begin again" in old.json()["error"]["message"]


def test_a_new_version_in_s3_is_seen(s3_endpoint: str, s3_uri: str) -> None:
    store = open_store(s3_uri, endpoint=s3_endpoint)
    seal(store, FakeJob(layout="packs").run(store))
    library = Library.open([f"far={s3_uri}"], s3_endpoint, every=0)
    assert library.get("far").version == 1
    revoke(store, NAMES, "They were questioned.")
    assert library.get("far").version == 2
