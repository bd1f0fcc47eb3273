"""Generators without parameters vary people along latent directions that a job finds first."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from click.testing import CliRunner

from pipeline.attributes.changes import slack
from pipeline.attributes.directions import Direction
from pipeline.attributes.readings import Reading
from pipeline.catalog.calibrated import DIRECTIONS, keep_directions, known_directions
from pipeline.cli import main
from pipeline.engine import directions
from pipeline.engine.calibrate import Stage
from pipeline.engine.face import Face
from pipeline.engine.faces import Faces
from pipeline.engine.job import Job
from pipeline.engine.plan import plan
from pipeline.engine.plan_view import plan_view
from pipeline.engine.variations import MOST_PEOPLE
from pipeline.engine.worker import load_models
from pipeline.errors import CatalogError, JobError, SpecError
from pipeline.storage import open_store
from tests.engine.conftest import NULL
from tests.engine.learned import learned

DRAWS = 600
WISHES = {"age": ["+0", "+15"], "expression": ["neutral", "sadness"]}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def job(null_job: Callable[..., Job]) -> Callable[..., Job]:
    plain = {"calibration": DRAWS, "variations": WISHES, "count": 6, "shard_size": 3}
    return lambda **changes: null_job(**{**plain, **changes})


def found(job: Job) -> list[Face]:
    models = load_models(job)
    return [
        face
        for shard in range(job.spec.shards)
        for face in Faces(job, shard, models.generator, models.scorer, models.screen)
    ]


def test_people_are_varied_as_asked_and_stay_in_their_cell(job: Callable[..., Job]) -> None:
    made = learned(job())
    faces = found(made)
    assert len(faces) == 6 * 4
    for face in faces:
        for name, asked in face.edits.items():
            assert abs(float(face.scores.values[name][face.index]) - asked) <= slack(name)
    by_person = [faces[i : i + 4] for i in range(0, 24, 4)]
    for four in by_person:
        ages = [face.edits["age"] for face in four]
        assert ages[2] - ages[0] == pytest.approx(15)
        genders = {int(f.scores.values["gender_presentation"][f.index]) for f in four}
        assert len(genders) == 1


def test_a_slot_has_the_same_pictures_in_any_batch_and_shard(job: Callable[..., Job]) -> None:
    first = learned(job())

    def plain(**changes: Any) -> list[tuple[object, ...]]:
        other = replace(job(**changes), calibration=first.calibration, directions=first.directions)
        faces = sorted(found(other), key=lambda face: (face.slot, face.variation))
        return [(f.slot, f.variation, f.attempt, f.w.tobytes(), f.file) for f in faces]

    assert plain(batch_size=1) == plain() == plain(batch_size=64, shard_size=6)


def test_what_nobody_can_be_made_stops_the_job_and_is_named(job: Callable[..., Job]) -> None:
    """The scorer reads no smile wherever this direction leads."""
    made = learned(job(variations={"smile": [0.05, 0.95]}, balance={}, count=1))
    assert made.directions is not None
    useless = Direction(Reading("smile"), np.eye(16, dtype=np.float32)[15], 0.5, effect=0.1)
    each = [useless if one.reading == useless.reading else one for one in made.directions.each]
    with pytest.raises(JobError) as caught:
        found(replace(made, directions=replace(made.directions, each=tuple(each))))
    assert str(caught.value).startswith(f"variations: {MOST_PEOPLE} people of the cell")
    assert "refused in its shard by variation:smile" in str(caught.value)


def test_a_wish_without_a_direction_is_refused_before_any_shard(job: Callable[..., Job]) -> None:
    made = learned(job())
    assert made.directions is not None
    each = [one for one in made.directions.each if one.reading.attribute != "expression"]
    with pytest.raises(SpecError, match=r"variations\.expression: no latent direction leads to ex"):
        directions.check_led(replace(made, directions=replace(made.directions, each=tuple(each))))


def test_whoever_measures_a_direction_finds_the_same(job: Callable[..., Job]) -> None:
    first, second = learned(job()), learned(job(output=job().spec.location.uri + "-too"))
    assert first.directions is not None
    assert second.directions is not None
    assert first.directions.to_bytes() == second.directions.to_bytes()


def test_those_of_an_output_count_and_others_come_from_this_machine(
    job: Callable[..., Job], tmp_path: Path
) -> None:
    made = learned(job())
    assert made.directions is not None
    stage, store = Stage.of(made), open_store(made.spec.location.uri)
    keep_directions(made.directions, store, stage.pair)
    (key, *_) = (key for key in store.list(stage.pair) if "/directions/" in key)
    store.put(key, b"rubbish")
    fitted = directions.fit(made, stage, load_models(made).generator)
    with pytest.raises(CatalogError, match=r"000\.safetensors is damaged .*; delete it, and run"):
        directions.gathered(fitted, stage, store)
    fewer = replace(made.directions, draws=10)
    assert keep_directions(fewer, store, stage.pair).draws == DRAWS  # who was first
    assert keep_directions(fewer, open_store(str(tmp_path / "poor")), stage.pair).draws == 10
    other = open_store(str(tmp_path / "other"))
    for draws, there in ((DRAWS, True), (DRAWS + 1, False), (DRAWS - 1, False), (None, True)):
        assert (known_directions(other, stage.pair, draws) is not None) == there
    store.put(stage.pair + DIRECTIONS, b"rubbish")
    with pytest.raises(CatalogError, match=r"directions\.safetensors is damaged .*remove it"):
        known_directions(store, stage.pair)


def test_a_plan_counts_the_pictures_that_measure_them(job: Callable[..., Job]) -> None:
    before = plan(job())
    assert before.document()["direction_pictures"] == 28 * 24
    from rich.console import Console

    console = Console(record=True, width=80)
    console.print(plan_view(before))
    assert "about 672 pictures to measure them" in console.export_text()


def test_the_command_finds_them_once_and_shows_them(tmp_path: Path) -> None:
    spec = tmp_path / "null.yaml"
    spec.write_text(yaml.safe_dump({**NULL, "output": str(tmp_path / "out"), "calibration": DRAWS}))
    first = CliRunner().invoke(main, ["directions", str(spec), "--workers", "1", "--json"])
    assert first.exit_code == 0, first.output
    told = json.loads(first.stdout)
    assert told["draws"] == DRAWS
    age = told["directions"][0]
    assert (age["of"], age["unit"], age["layers"]) == ("age", "years", "all")
    assert 8 < age["effect"] < 35
    again = CliRunner().invoke(main, ["directions", str(spec), "--json"])
    assert json.loads(again.stdout) == told
    table = CliRunner().invoke(main, ["directions", str(spec)], env={"COLUMNS": "80"})
    assert "28 directions from 600 draws" in table.stdout
    assert "expression=surprise" in table.stdout
    none = CliRunner().invoke(main, ["directions", str(spec), "--set", "calibration=off"])
    assert none.exit_code == 2
    assert "add --set calibration=5000" in none.stderr
