"""A shard is committed once, by its receipt, and is the same whoever makes it."""

import io
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from pipeline.assets.encode import decode, sha256
from pipeline.attributes.null_scorer import NullScorer
from pipeline.catalog.layout import own_key, receipt_key, shard_key
from pipeline.engine.job import Job
from pipeline.engine.shard import read_receipt, run_shard
from pipeline.engine.worker import load_models
from pipeline.errors import CatalogError
from pipeline.generators.null import Null
from pipeline.provenance.xmp import read_xmp
from pipeline.storage import Store, open_store
from tests.catalog.fake_job import snapshot


def store_of(job: Job) -> Store:
    return open_store(job.spec.location.uri)


def test_a_shard_made_twice_is_committed_once_and_alike(null_job: Callable[..., Job]) -> None:
    job = null_job()
    store, models = store_of(job), load_models(job)
    first = run_shard(job, 1, models, store)
    rows = store.get(shard_key(1))
    assert run_shard(job, 1, models, store) == first
    other = open_store(f"{job.spec.location.uri}-again")
    run_shard(job, 1, models, other)
    assert other.get(shard_key(1)) == rows
    before = snapshot(store)
    assert run_shard(job, 1, models, Blind(store)) == first
    assert snapshot(store) == before


@pytest.mark.parametrize("layout", ["files", "packs"])
def test_the_same_bits_of_another_device_leave_what_is_committed(
    null_job: Callable[..., Job], layout: str
) -> None:
    """Two cards that compute alike: one content, though rows name the card."""
    job = null_job(layout=layout)
    store, models = store_of(job), load_models(job)
    first = run_shard(job, 0, models, store)
    before = snapshot(store)
    late = run_shard(job, 0, replace(models, device="another card"), Blind(store))
    assert late == first
    assert before.items() <= snapshot(store).items()
    check_committed(store, 0)


@pytest.mark.parametrize("format", ["jpeg", "png", "webp"])
def test_rows_point_at_labelled_files_whose_scores_are_the_rows_own(
    null_job: Callable[..., Job], format: str
) -> None:
    job = null_job(image={"size": 64, "format": format, "quality": 60})
    store = store_of(job)
    run_shard(job, 0, load_models(job), store)
    rows = pq.read_table(io.BytesIO(store.get(shard_key(0)))).to_pylist()
    assert [row["slot"] for row in rows] == list(range(15))
    for row in rows:
        data = store.get(row["uri"])
        assert sha256(data) == row["sha256"]
        assert "trainedAlgorithmicMedia" in (read_xmp(data) or "")
        again = NullScorer().score(decode(data)[None])
        for name in ("age", "yaw", "smile", "light_azimuth"):
            assert again.values[name][0] == row[name]


def test_a_pack_holds_every_image_as_one_range(null_job: Callable[..., Job]) -> None:
    job = null_job(layout="packs", image={"size": 64, "format": "webp"})
    store = store_of(job)
    run_shard(job, 2, load_models(job), store)
    rows = pq.read_table(io.BytesIO(store.get(shard_key(2)))).to_pylist()
    for row in rows:
        assert row["uri"] == "packs/000002.tar"
        assert sha256(store.get(row["uri"], row["offset"], row["length"])) == row["sha256"]
    with tarfile.open(fileobj=io.BytesIO(store.get("packs/000002.tar"))) as tar:
        assert len(tar.getnames()) == 15
    assert not list(store.list("images/"))


@pytest.mark.parametrize("layout", ["files", "packs"])
def test_a_receipt_for_other_content_is_refused_and_its_files_stay(
    null_job: Callable[..., Job], layout: str
) -> None:
    job = null_job(layout=layout)
    store, models = store_of(job), load_models(job)
    run_shard(job, 0, models, store)
    before = snapshot(store)
    with pytest.raises(CatalogError, match="commits other content than this run made"):
        run_shard(job, 0, replace(models, generator=Rounding()), Blind(store))
    assert before.items() <= snapshot(store).items()
    check_committed(store, 0)


@pytest.mark.parametrize("layout", ["files", "packs"])
def test_who_commits_first_vouches_for_its_own_files(
    null_job: Callable[..., Job], layout: str
) -> None:
    """What an attempt on other hardware left, or still writes, is never written over nor mixed."""
    job = null_job(layout=layout)
    store, models = store_of(job), load_models(job)
    run_shard(job, 0, models, store)
    dead = snapshot(store)
    (Path(job.spec.location.uri.removeprefix("file://")) / receipt_key(0)).unlink()
    other = replace(models, generator=Rounding(), device="another card")
    receipt = run_shard(job, 0, other, store)
    rows = check_committed(store, 0)
    assert all("-" in row["uri"] for row in rows)
    assert receipt["manifest"]["key"] == own_key(shard_key(0), receipt["manifest"]["sha256"])
    left = snapshot(store)
    assert all(left[key] == data for key, data in dead.items() if key != receipt_key(0))
    again = run_shard(job, 0, replace(other, device="a third card"), Blind(store))
    assert again == receipt
    assert check_committed(store, 0) == rows


def check_committed(store: Store, shard: int) -> list[dict[str, Any]]:
    """The rows of a shard, once all that its receipt vouches for is found to be there."""
    manifest = read_receipt(store, shard)["manifest"]
    data = store.get(manifest["key"])
    assert sha256(data) == manifest["sha256"]
    rows = pq.read_table(io.BytesIO(data)).to_pylist()
    for row in rows:
        assert sha256(store.get(row["uri"], row["offset"], row["length"])) == row["sha256"]
    return rows


class Rounding(Null):
    """Other hardware: every sixteenth row of a picture is a level brighter."""

    def render(self, w: NDArray[np.float32], size: int) -> NDArray[np.uint8]:
        images = super().render(w, size)
        images[:, ::16] += 1
        return images


class Blind:
    """A store where somebody else commits while we are at work."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def exists(self, key: str) -> bool:
        return False
