"""A sealed catalog of 24 faces behind the service, with keys and without."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from pipeline.catalog import Catalog
from pipeline.catalog.seal import seal
from pipeline.service.app import create_app
from pipeline.service.audit_log import AuditLog
from pipeline.service.keys import KeyRing, add_key
from pipeline.service.library import Library
from pipeline.storage import open_store
from tests.catalog.fake_job import FakeJob


@pytest.fixture(scope="session")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one catalog as `files` and as `packs`, beside a file that nobody serves."""
    folder = tmp_path_factory.mktemp("sealed")
    for layout in ("files", "packs"):
        store = open_store(str(folder / layout))
        seal(store, FakeJob(layout=layout).run(store))
    (folder / "secret.txt").write_text("nobody's business")
    return folder


@pytest.fixture(scope="session")
def library(sealed: Path) -> Library:
    """Both catalogs."""
    return Library.open([str(sealed / "files"), str(sealed / "packs")])


@pytest.fixture(scope="session")
def catalog(library: Library) -> Catalog:
    """The one in packs."""
    return library.get("packs")


@pytest.fixture(scope="session")
def rows(catalog: Catalog) -> list[dict]:
    """All rows of the catalogs, in the manifest's order; the files' places are those in packs."""
    return [row for table in catalog.tables() for row in table.to_pylist()]


@pytest.fixture(scope="module")
def client(library: Library) -> Iterator[TestClient]:
    """A service that asks for no keys."""
    with TestClient(create_app(library), follow_redirects=False) as client:
        yield client


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """The file of keys of `secured`, with none in it that is known."""
    add_key(tmp_path / "keys.json", "nobody", ["nothing"], ["read"])
    return tmp_path / "keys.json"


@pytest.fixture
def audit(tmp_path: Path) -> Path:
    """The audit log of `secured`."""
    return tmp_path / "audit.jsonl"


@pytest.fixture
def secured(library: Library, keys: Path, audit: Path) -> TestClient:
    """A service that asks for keys, and writes down what is fetched."""
    app = create_app(library, KeyRing(keys), audit=AuditLog(audit))
    return TestClient(app, follow_redirects=False)


@pytest.fixture
def key(keys: Path) -> Callable[..., dict[str, str]]:
    """Makes a key; the header that sends it."""

    def make(*actions: str, name: str = "studio", catalogs: str = "packs", **more) -> dict:
        text = add_key(keys, name, catalogs.split(","), actions or ("read",), **more)
        return {"Authorization": f"Bearer {text}"}

    return make


@pytest.fixture(scope="session")
def served(sealed: Path) -> Iterator[str]:
    """A real `populace serve` on a free port; its address, `http://127.0.0.1:port`."""
    command = [sys.executable, "-m", "pipeline.cli", "serve", "--port", "0"]
    places = [str(sealed / "files"), str(sealed / "packs")]
    with subprocess.Popen([*command, *places], stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            assert line.startswith("Serving files, packs at http://127.0.0.1:"), line
            yield line.split()[-1].rstrip("/")
        finally:
            process.terminate()
        assert process.wait(60) in (0, -15)
