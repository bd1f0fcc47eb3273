"""A job runs to its sealed catalog on real Ray, and resumes from whatever is there."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.catalog.layout import receipt_key
from pipeline.catalog.read import open_catalog
from pipeline.engine.cluster import cluster
from pipeline.engine.driver import job_status, make_shards, plan_job, run_job
from pipeline.engine.job import Job
from pipeline.engine.missing import Missing
from pipeline.engine.plan import plan
from pipeline.engine.shard import run_shard
from pipeline.engine.worker import Errand, load_models
from pipeline.errors import CatalogError, JobError, SpecError
from pipeline.spec import parse_spec
from pipeline.storage import open_store


class Watch:
    """A view that remembers which shards were committed."""

    def __init__(self) -> None:
        self.shards: list[int] = []

    def start(self, shards: int, committed: int, faces: int) -> None:
        self.before = committed

    def calibrating(self, done: int, total: int) -> None:
        pass

    def measuring(self, done: int, total: int) -> None:
        pass

    def working(self, totals: dict[str, int]) -> None:
        pass

    def committed(self, receipt: dict[str, Any]) -> None:
        self.shards.append(receipt["shard"])

    def capped(self, workers: int, asked: int) -> None:
        self.cap = (workers, asked)

    def sealing(self) -> None:
        pass


def test_a_job_is_sealed_then_left_alone_and_one_and_three_workers_agree(
    null_job: Callable[..., Job], tmp_path: Path
) -> None:
    one = run_job(null_job().spec, Watch(), workers=1)
    again = Watch()
    second = run_job(null_job().spec, again, workers=1)
    assert (one.already, second.already, again.shards) == (False, True, [])
    three = run_job(null_job(output=str(tmp_path / "three")).spec, Watch(), workers=3)
    assert three.content_digest == one.content_digest
    catalog = open_catalog(open_store(one.uri))
    assert [cell["delivered"] for cell in catalog.document["cells"]] == [15, 15, 15, 15]


def test_resuming_makes_only_what_has_no_receipt(null_job: Callable[..., Job]) -> None:
    job = null_job()
    store, models = open_store(job.spec.location.uri), load_models(job)
    run_shard(job, 2, models, store)
    watch = Watch()
    run_job(job.spec, watch, workers=1)
    assert watch.before == 1
    assert sorted(watch.shards) == [0, 1, 3]
    assert job_status(store)["sealed"]


def test_another_spec_at_the_same_place_is_refused(null_job: Callable[..., Job]) -> None:
    run_job(null_job().spec, Watch(), workers=1)
    with pytest.raises(CatalogError, match="holds a job of another spec"):
        run_job(null_job(seed=6).spec, Watch(), workers=1)


def test_an_unreachable_cell_stops_the_job_and_seals_nothing(
    null_job: Callable[..., Job],
) -> None:
    job = null_job(balance={"age": ["10-39", "97-98"]}, max_attempts=40)
    with pytest.raises(JobError, match="does not reach the cell 'age=97-98'"):
        run_job(job.spec, Watch(), workers=1)
    store = open_store(job.spec.location.uri)
    assert not store.exists("catalog.json")
    assert not store.exists(receipt_key(0))


def test_a_plan_counts_without_writing(null_job: Callable[..., Job], tmp_path: Path) -> None:
    rare = {"age": ["10-39", "99"], "skin_tone": ["1-9", "10"], "hair_length": ["bald", "long"]}
    made = plan(null_job(balance=rare)).document()
    assert made["shards"] == 4
    assert "age=99, skin_tone=10, hair_length=long" in made["cells_not_seen"]
    assert made["renders"] > 60
    assert not (tmp_path / "out").exists()


def test_workers_that_cannot_start_stop_the_job_with_their_reason(
    null_job: Callable[..., Job],
) -> None:
    job = null_job()
    stranger = Job(job.spec, "0" * 64, job.scorer_digest)
    store = open_store(job.spec.location.uri)
    with (
        cluster(None, 1, False) as seats,
        pytest.raises(JobError, match="install the same version of populace on every node"),
    ):
        make_shards(stranger, Missing(store, 60, 15), store, Watch(), seats)


def test_a_relative_output_means_the_drivers_folder(
    null_job: Callable[..., Job], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run_job(null_job(output="./here").spec, Watch(), workers=1)
    assert (tmp_path / "here/catalog.json").exists()


def test_workers_use_the_server_that_the_drivers_environment_names(
    null_job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    job = null_job(output="s3://bucket/jobs")
    sent = pickle.dumps(Errand.of(job, open_store(job.spec.location.uri)))
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    store = pickle.loads(sent).store
    assert (store.uri, store.endpoint) == ("s3://bucket/jobs", "http://127.0.0.1:9")


def test_true_shares_need_to_know_how_the_scorer_errs(null_job: Callable[..., Job]) -> None:
    with pytest.raises(SpecError, match=r"balance\.correct: nothing is known of how this scorer"):
        null_job(balance={"age": ["10-39", "40-80"], "correct": True})


def test_true_shares_are_ordered_by_what_is_bundled(tmp_path: Path) -> None:
    spec = {"name": "a", "count": 400, "output": str(tmp_path / "out")}
    balance = {"age": ["18-29", "30-44", "45-59", "60-80"]}
    plain = plan_job(parse_spec({**spec, "balance": balance}))
    job = plan_job(parse_spec({**spec, "balance": {**balance, "correct": True}}))
    assert plain.slots.quotas.tolist() == [100] * 4
    assert job.slots.quotas.sum() == 400
    assert job.slots.quotas[3] > 110
    assert Errand.of(job, open_store(job.spec.location.uri)).job().slots.quotas.tolist() == (
        job.slots.quotas.tolist()
    )
    assert job.identity["order"] != plain.identity["order"]
