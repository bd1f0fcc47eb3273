"""A shard is committed once, by its receipt, and is the same whoever makes it."""

import io
import json
import tarfile
from collections.abc import Callable

import pyarrow.parquet as pq
import pytest

from pipeline.assets.encode import decode, sha256
from pipeline.attributes.null_scorer import NullScorer
from pipeline.catalog.layout import receipt_key, shard_key
from pipeline.engine.job import Job
from pipeline.engine.shard import run_shard
from pipeline.engine.worker import load_models
from pipeline.errors import CatalogError
from pipeline.provenance.xmp import read_xmp
from pipeline.storage import Store, open_store


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


def test_a_receipt_for_other_content_is_refused(null_job: Callable[..., Job]) -> None:
    job = null_job()
    store, models = store_of(job), load_models(job)
    receipt = run_shard(job, 0, models, open_store(f"{job.spec.location.uri}-other"))

    class Late:
        """A store where somebody else commits while we are at work."""

        def __getattr__(self, name: str) -> object:
            return getattr(store, name)

        def exists(self, key: str) -> bool:
            return False

    store.create(receipt_key(0), json.dumps(receipt | {"content_digest": "other"}).encode())
    with pytest.raises(CatalogError, match="commits other content than this run made"):
        run_shard(job, 0, models, Late())
