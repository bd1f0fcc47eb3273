"""An empty local store, and small sealed catalogs."""

import shutil
from pathlib import Path

import pytest
from fake_job import FakeJob

from pipeline.catalog.read import Catalog, open_catalog
from pipeline.catalog.seal import seal
from pipeline.storage import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty local store."""
    return open_store(str(tmp_path / "output"))


@pytest.fixture(scope="session")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a sealed catalog of 24 faces in 6 cells, as single files and as packs."""
    folder = tmp_path_factory.mktemp("sealed")
    for layout in ("files", "packs"):
        store = open_store(str(folder / layout))
        seal(store, FakeJob(layout=layout).run(store))
    return folder


@pytest.fixture(params=["files", "packs"])
def catalog(request: pytest.FixtureRequest, sealed: Path, store: Store, tmp_path: Path) -> Catalog:
    """A copy of the sealed catalog in `store`, in both layouts."""
    shutil.copytree(sealed / request.param, tmp_path / "output")
    return open_catalog(store)
