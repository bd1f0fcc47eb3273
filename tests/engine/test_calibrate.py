"""A job scores natural draws once, fits what guesses them, and later jobs have it."""

import io
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.attributes.calibration import Calibration
from pipeline.attributes.value_file import write_values
from pipeline.catalog.read import open_catalog
from pipeline.engine.calibrate import (
    CHOSEN,
    Stage,
    fit,
    keep,
    known_calibration,
    missing_shards,
    read_naturally,
)
from pipeline.engine.driver import check_learned, job_status, run_job
from pipeline.engine.job import Job
from pipeline.engine.missing import Missing
from pipeline.engine.plan import plan
from pipeline.engine.shard import run_shard
from pipeline.engine.worker import load_models
from pipeline.errors import CatalogError
from pipeline.spec import parse_spec, read_spec
from pipeline.storage import open_store
from pipeline.training.surrogate import fit_surrogate
from tests.engine.learned import learned
from tests.engine.test_driver import Watch

DRAWS = 600
"""Three shards, the last one short."""


class Told(Watch):
    """A view that remembers the stage's progress, too."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[int, int]] = []

    def calibrating(self, done: int, total: int) -> None:
        self.told.append((done, total))


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def job(null_job: Callable[..., Job]) -> Callable[..., Job]:
    return lambda **changes: null_job(**{"calibration": DRAWS, **changes})


def test_the_stage_runs_once_and_the_next_job_has_what_it_found(
    job: Callable[..., Job], tmp_path: Path
) -> None:
    first, second = Told(), Told()
    one = run_job(job().spec, first, workers=2)
    assert first.told == [(0, 3), (1, 3), (2, 3), (3, 3)]
    other = job(output=str(tmp_path / "other"), seed=9)
    run_job(other.spec, second, workers=1)
    assert second.told == []
    digests = {
        open_catalog(open_store(place)).document["surrogate"]["digest"]
        for place in (one.uri, str(tmp_path / "other"))
    }
    assert len(digests) == 1
    assert "" not in digests


def test_only_a_job_of_as_many_draws_has_what_another_one_found(
    job: Callable[..., Job], tmp_path: Path
) -> None:
    """Else its faces would depend on what ran on this machine before."""
    made = learned(job())
    assert made.calibration is not None
    keep(made.calibration, Stage.of(made), open_store(made.spec.location.uri))
    other = open_store(str(tmp_path / "other"))
    for draws, there in ((DRAWS, True), (DRAWS - 100, False), (DRAWS + 100, False)):
        found = known_calibration(Stage.of(job(calibration=draws)), other)
        assert (found is not None) == there


def test_a_begun_job_does_not_go_on_with_another_surrogate(
    job: Callable[..., Job], tmp_path: Path
) -> None:
    made = learned(job())
    assert made.calibration is not None
    stage, store = Stage.of(made), open_store(made.spec.location.uri)
    keep(made.calibration, stage, store)
    run_shard(made, 1, load_models(made), store)
    shutil.rmtree(tmp_path / "out/calibration")
    missing = Missing(store, made.spec.count, made.spec.shard_size)
    check_learned(store, replace(made, calibration=known_calibration(stage, store)), missing)
    shutil.rmtree(tmp_path / "cache")
    natural = {name: values[::-1] for name, values in made.calibration.natural.items()}
    w = load_models(made).generator.latents(stage.normals(range(DRAWS), 16))
    digests = (made.generator_digest, made.scorer_digest)
    surrogate, figures = fit_surrogate(w, natural, digests)
    other = Calibration(surrogate, natural, figures)
    keep(other, stage, open_store(str(tmp_path / "elsewhere")))
    with pytest.raises(CatalogError, match=r"shards that were made with other surrogate .*restore"):
        run_job(made.spec, Told(), workers=1)


def test_what_the_cache_gave_stays_with_the_output(job: Callable[..., Job], tmp_path: Path) -> None:
    """Begun on a machine that had it, gone on with on one that has not."""
    run_job(job().spec, Told(), workers=1)
    second = job(output=str(tmp_path / "second"))
    one = run_job(second.spec, Told(), workers=1)
    shutil.rmtree(tmp_path / "cache")
    for name in ("catalog.json", "receipts/000001.json"):
        (tmp_path / "second" / name).unlink()
    watch = Told()
    assert run_job(second.spec, watch, workers=1).content_digest == one.content_digest
    assert (watch.told, watch.shards) == ([], [1])


def damage(folder: Path) -> None:
    for path in folder.rglob("natural.parquet"):
        path.write_bytes(path.read_bytes()[:100])


def test_a_damaged_cache_is_none_and_is_mended(job: Callable[..., Job], tmp_path: Path) -> None:
    run_job(job().spec, Told(), workers=1)
    damage(tmp_path / "cache")
    for name, stages in (("second", 4), ("third", 0)):
        watch = Told()
        run_job(job(output=str(tmp_path / name)).spec, watch, workers=1)
        assert len(watch.told) == stages


def test_a_damaged_output_is_named_with_the_mend(job: Callable[..., Job], tmp_path: Path) -> None:
    run_job(job().spec, Told(), workers=1)
    damage(tmp_path / "out")
    (tmp_path / "out/catalog.json").unlink()
    with pytest.raises(CatalogError, match=r"calibration/.* is damaged .*remove it to calibrate"):
        run_job(job().spec, Told(), workers=1)


def test_a_job_is_known_while_it_calibrates(job: Callable[..., Job]) -> None:
    made = job()
    store = open_store(made.spec.location.uri)

    class Asking(Told):
        def calibrating(self, done: int, total: int) -> None:
            super().calibrating(done, total)
            assert job_status(store)["faces_committed"] == 0

    watch = Asking()
    run_job(made.spec, watch, workers=1)
    assert watch.told
    with pytest.raises(CatalogError, match="another spec"):
        run_job(job(calibration=800).spec, Told(), workers=1)


def test_workers_and_kills_change_nothing(job: Callable[..., Job], tmp_path: Path) -> None:
    """One worker; and three, in an empty house, after a run that was stopped in the stage."""
    one = run_job(job().spec, Told(), workers=1)
    (tmp_path / "cache").rename(tmp_path / "away")
    begun = job(output=str(tmp_path / "begun"))
    store, models, stage = open_store(str(tmp_path / "begun")), load_models(begun), Stage.of(begun)
    read_naturally(stage, 1, models.generator, models.scorer, store)
    watch = Told()
    three = run_job(begun.spec, watch, workers=3)
    assert watch.told[0] == (1, 3)
    assert three.content_digest == one.content_digest


def test_natural_readings_are_those_of_the_generator(job: Callable[..., Job]) -> None:
    made = job()
    run_job(made.spec, Told(), workers=1)
    found = known_calibration(Stage.of(made), open_store(made.spec.location.uri))
    assert found is not None
    models = load_models(made)
    normals = Stage.of(made).normals(range(DRAWS), models.generator.latent_size)
    read = models.scorer.score(models.generator.render(models.generator.latents(normals), 64))
    assert np.array_equal(found.natural["age"], read.values["age"])
    assert np.array_equal(found.natural["glasses"], read.values["glasses"])
    assert found.figures["hair_length"]["agreement"] > 0.5


def test_latents_are_screened_by_what_was_found(job: Callable[..., Job], tmp_path: Path) -> None:
    rare = {"age": ["60-80"], "hair_length": ["long"]}
    blind = job(balance=rare, calibration="off", output=str(tmp_path / "blind"))
    seeing = job(balance=rare, calibration=2000)
    run_job(blind.spec, Told(), workers=1)
    run_job(seeing.spec, Told(), workers=1)
    renders = []
    for one in (blind, seeing):
        store = open_store(one.spec.location.uri)
        assert open_catalog(store).count() == 60
        renders.append(json.loads(store.get("report.json"))["work"]["renders_per_face"])
    assert renders[1] < renders[0] / 3


def test_a_plan_tells_of_the_stage_and_uses_what_is_known(job: Callable[..., Job]) -> None:
    before = plan(job()).document()
    assert before["calibration_draws"] == DRAWS
    run_job(job().spec, Told(), workers=1)
    after = plan(job()).document()
    assert after["calibration_draws"] == 0
    assert after["natural_draws"] == DRAWS


def test_a_stage_that_is_half_done_is_gone_on_with(job: Callable[..., Job]) -> None:
    made = job()
    stage, models = Stage.of(made), load_models(made)
    store = open_store(made.spec.location.uri)
    assert missing_shards(stage, store) == [0, 1, 2]
    assert read_naturally(stage, 2, models.generator, models.scorer, store) == DRAWS - 512
    assert missing_shards(stage, store) == [0, 1]
    assert known_calibration(stage, store) is None
    assert not store.exists(stage.folder + CHOSEN)


def test_a_damaged_shard_of_draws_is_named_with_the_mend(job: Callable[..., Job]) -> None:
    made = job()
    stage, models = Stage.of(made), load_models(made)
    store = open_store(made.spec.location.uri)
    for shard in range(stage.shards):
        read_naturally(stage, shard, models.generator, models.scorer, store)
    whole, short = store.get(stage.shard_key(1)), store.get(stage.shard_key(2))
    other = io.BytesIO()
    write_values(other, {"": {"age": np.ones(256)}}, "0" * 64, made.scorer_digest)
    for damaged in (b"", b"rubbish", whole[:-20], whole[20:], short, other.getvalue()):
        store.put(stage.shard_key(1), damaged)
        with pytest.raises(
            CatalogError, match=r"draws/00001\.parquet is damaged .*; delete it, an"
        ):
            fit(stage, store, models.generator)
    store.put(stage.shard_key(1), whole)
    assert fit(stage, store, models.generator).figures


@pytest.mark.parametrize(
    ("changes", "draws"),
    [
        ({}, 0),
        ({"generator": {"checkpoint": "net.pkl"}, "count": 5000}, 5000),
        ({"generator": {"checkpoint": "net.pkl"}, "count": 500_000}, 20_000),
        ({"generator": {"checkpoint": "net.pkl"}, "count": 500}, 0),
        ({"generator": {"checkpoint": "net.pkl"}, "count": 5000, "calibration": "off"}, 0),
        ({"generator": {"checkpoint": "net.pkl"}, "count": 5000, "balance": {}}, 0),
        ({"count": 50, "calibration": 700}, 700),
    ],
)
def test_networks_are_calibrated_where_it_pays(changes: dict[str, object], draws: int) -> None:
    plain = {"name": "a", "count": 10, "output": "./x", "balance": {"age": "uniform"}}
    assert parse_spec(plain | changes).calibration_draws == draws


def test_leaving_it_to_us_is_the_spec_that_it_was() -> None:
    plain = {"name": "a", "count": 10, "output": "./x"}
    assert parse_spec(plain | {"calibration": "auto"}).digest == parse_spec(plain).digest
    assert parse_spec(plain | {"calibration": "off"}).digest != parse_spec(plain).digest
    # Of a spec before there was a calibration.
    assert parse_spec(plain).digest.startswith("332b6aad194576b3")


def test_a_bare_off_in_yaml_is_off(tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text("name: a\ncount: 10\noutput: ./x\ncalibration: off\n")
    assert read_spec(path).calibration == "off"
    assert read_spec(path, ["calibration=700"]).calibration == 700
