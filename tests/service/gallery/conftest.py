"""A gallery that listens, of sealed catalogs of flat pictures, and a browser to look at it."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, sync_playwright

from pipeline.catalog import Catalog
from pipeline.catalog.seal import seal
from pipeline.service.gallery.app import browse_app, listening
from pipeline.service.library import Library
from pipeline.storage import open_store
from tests.catalog.fake_job import FakeJob

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def villagers(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A sealed catalog of 600 faces in 6 cells, in packs."""
    store = open_store(str(tmp_path_factory.mktemp("gallery") / "villagers"))
    seal(store, FakeJob(per_cell=100, shard_size=100, layout="packs").run(store))
    return store.uri


@pytest.fixture(scope="session")
def catalog(villagers: str) -> Catalog:
    """The same, opened."""
    return Catalog.open(villagers)


@pytest.fixture(scope="session")
def address(villagers: str) -> Iterator[str]:
    """Where its gallery listens, `http://127.0.0.1:port`."""
    with served(Library.open([villagers])) as found:
        yield found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The Chromium of this system, without a window."""
    if CHROMIUM is None:
        pytest.skip("no chromium is installed: apt-get install chromium")
    with sync_playwright() as playwright:
        # As root, and in containers, Chromium has no sandbox.
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


class served:  # noqa: N801
    """A gallery that listens while the block runs."""

    def __init__(self, library: Library) -> None:
        self._socket = listening(0)
        config = uvicorn.Config(browse_app(library), log_level="warning")
        self._server = uvicorn.Server(config)
        run = {"sockets": [self._socket]}
        self._thread = threading.Thread(target=self._server.run, kwargs=run, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()


@pytest.fixture
def copied(villagers: str, tmp_path: Path) -> Path:
    """A copy of the catalog, to tamper with."""
    return Path(shutil.copytree(villagers.removeprefix("file://"), tmp_path / "villagers"))
