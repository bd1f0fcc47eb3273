"""A pool tries again what may pass, stops at what does not, and counts every shard that is lost."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import ray

from pipeline.engine.cluster import cluster
from pipeline.engine.pool import IN_FLIGHT, TRIES, Pool
from pipeline.errors import CatalogError, JobError, StoreError


@pytest.fixture(scope="module", autouse=True)
def _house() -> Iterator[None]:
    with cluster(None, 1, False):
        yield


class Failing:
    """Raises an error at the first so many tries of shard 0; `folder` counts them."""

    def __init__(self, folder: Path, error: Exception, times: int) -> None:
        self._folder, self._error, self._times = folder, error, times

    def run(self, shard: int) -> dict[str, int]:
        tried = len(list(self._folder.iterdir()))
        if shard == 0 and tried < self._times:
            (self._folder / str(tried)).touch()
            raise self._error
        return {"shard": shard}

    def progress(self) -> dict[str, int]:
        return {}


class Dying:
    """Dies over shard 0 while it holds another."""

    def run(self, shard: int) -> dict[str, int]:
        time.sleep(0.3 if shard == 0 else 60)
        os._exit(1)

    def progress(self) -> dict[str, int]:
        return {}


def pool_of(kind: type, *told: object) -> Pool:
    actor = ray.remote(kind).options(num_cpus=0, max_concurrency=IN_FLIGHT + 1)
    return Pool(lambda: actor.remote(*told), 1, iter(range(2)), lambda totals: None)


@pytest.mark.parametrize("times", [TRIES - 1, TRIES])
def test_a_store_that_fails_is_asked_again(tmp_path: Path, times: int) -> None:
    pool = pool_of(Failing, tmp_path, StoreError("s3://bucket answered 503"), times)
    try:
        if times < TRIES:
            assert sorted(receipt["shard"] for receipt in pool.receipts()) == [0, 1]
        else:
            with pytest.raises(JobError) as caught:
                list(pool.receipts())
            assert str(caught.value) == "shard 0 failed 3 times: s3://bucket answered 503"
    finally:
        pool.stop()


def test_what_no_other_try_mends_stops_the_job_at_once(tmp_path: Path) -> None:
    pool = pool_of(Failing, tmp_path, CatalogError("commits other content"), TRIES)
    with pytest.raises(CatalogError, match="commits other content"):
        list(pool.receipts())
    pool.stop()
    assert len(list(tmp_path.iterdir())) == 1


def test_all_shards_of_a_dead_worker_are_counted() -> None:
    pool = pool_of(Dying)
    with pytest.raises(JobError, match=r"shard \d failed 3 times"):
        list(pool.receipts())
    pool.stop()
    assert pool._deaths == TRIES
    assert sorted(pool._tries.values()) == [TRIES - 1, TRIES]
