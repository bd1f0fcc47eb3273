"""An empty local store, and a small sealed catalog."""

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


@pytest.fixture(params=["files", "packs"])
def catalog(request: pytest.FixtureRequest, store: Store) -> Catalog:
    """A sealed catalog of 24 faces in 6 cells, as single files and as packs."""
    seal(store, FakeJob(layout=request.param).run(store))
    return open_catalog(store)
