"""A job scores natural draws once, fits what guesses them, and later jobs have it."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.catalog.read import open_catalog
from pipeline.engine.calibrate import Stage, known_calibration, missing_shards, read_naturally
from pipeline.engine.driver import read_job, run_job
from pipeline.engine.job import Job
from pipeline.engine.plan import plan
from pipeline.engine.worker import load_models
from pipeline.errors import CatalogError
from pipeline.spec import parse_spec
from pipeline.storage import open_store
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
        read_job(open_store(place))["surrogate"]["digest"]
        for place in (one.uri, str(tmp_path / "other"))
    }
    assert len(digests) == 1
    assert "" not in digests


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
    found = known_calibration(made, open_store(made.spec.location.uri))
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
        assert open_catalog(store).count == 60
        renders.append(json.loads(store.get("report.json"))["work"]["renders_per_face"])
    assert renders[1] < renders[0] / 3


def test_an_output_begun_without_the_stage_is_not_gone_on_with(job: Callable[..., Job]) -> None:
    run_job(job(calibration="off").spec, Told(), workers=1)
    with pytest.raises(CatalogError, match="holds a job of another spec"):
        run_job(job().spec, Told(), workers=1)


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
    assert known_calibration(made, store) is None


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
