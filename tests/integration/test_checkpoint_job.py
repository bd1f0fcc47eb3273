"""A job generates from a checkpoint, on any number of workers, and knows its file again."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.attributes.directions import BANDS
from pipeline.catalog.read import open_catalog
from pipeline.engine.driver import run_job
from pipeline.errors import CatalogError
from pipeline.generators import load_generator
from pipeline.spec import JobSpec, parse_spec
from pipeline.storage import open_store
from tests.engine.test_driver import Watch
from tests.generators.saved import tiny


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's current folder, with a checkpoint in it."""
    monkeypatch.chdir(tmp_path)
    tiny(tmp_path / "net.safetensors")
    return tmp_path


def order(output: str, checkpoint: str = "net.safetensors", **changes: Any) -> JobSpec:
    generator = {"checkpoint": checkpoint, "truncation": 0.7}
    document = {
        "name": "net", "count": 8, "generator": generator, "scorer": "builtin:null",
        "image": {"size": 64, "format": "png"}, "shard_size": 4, "batch_size": 3, "output": output,
    }  # fmt: skip
    return parse_spec(document | changes)


def test_one_and_two_workers_seal_the_same_and_rows_rebuild_their_faces(folder: Path) -> None:
    one = run_job(order("one"), Watch(), workers=1)
    two = run_job(order("two"), Watch(), workers=2)
    assert (one.count, one.content_digest) == (8, two.content_digest)
    spec = order("one")
    generator = load_generator(spec.generator, 64)
    catalog = open_catalog(open_store(one.uri))
    rows = [row for table in catalog.tables() for row in table.to_pylist()]
    faces = list(catalog.images(rows))
    assert len(faces) == 8
    for row, image in faces:
        w = np.array([row["w"]], np.float32)
        np.testing.assert_array_equal(generator.render(w, 64)[0], image)


def test_a_checkpoint_may_move_but_not_change(folder: Path) -> None:
    run_job(order("out"), Watch(), workers=1)
    (folder / "net.safetensors").rename(folder / "moved.safetensors")
    assert run_job(order("out", "moved.safetensors"), Watch(), workers=1).already
    tiny(folder / "other.safetensors", channel_max=16)
    with pytest.raises(CatalogError, match="holds a job of another generator"):
        run_job(order("out", "other.safetensors"), Watch(), workers=1)


def test_a_network_is_calibrated_and_its_latents_are_screened(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the null scorer reads of a tiny network's colours is learned from 500 draws."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    balance = {"age": ["0-29", "30-39", "40-99"]}
    wish = {"calibration": 500, "balance": balance, "count": 12}
    one = run_job(order("one", **wish), Watch(), workers=1)
    report = json.loads(open_store(one.uri).get("report.json"))
    assert report["natural"]["draws"] == 500
    assert report["surrogate"]["age"]["error"] < 15
    assert report["work"]["draws"] > report["work"]["renders"]
    three = run_job(order("three", **wish), Watch(), workers=3)
    assert three.content_digest == one.content_digest


def test_people_of_a_network_are_varied_along_its_latent_directions(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Directions are found once; pictures are as asked, exact from rows, whoever makes them."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    wish = {"calibration": 500, "count": 4, "shard_size": 2, "variations": {"age": ["+0", "+15"]}}
    one = run_job(order("one", **wish), Watch(), workers=1)
    store = open_store(one.uri)
    catalog = open_catalog(store)
    rows = [row for table in catalog.tables() for row in table.to_pylist()]
    assert [row["variation"] for row in rows] == ["age=+0", "age=+15"] * 4
    generator = load_generator(order("one").generator, 64)
    for row, image in catalog.images(rows):
        w = np.array([row["w"]], np.float32)
        assert w.shape == (1, len(BANDS) * generator.latent_size)
        np.testing.assert_array_equal(generator.render(w, 64)[0], image)
    for before, after in zip(rows[::2], rows[1::2], strict=True):
        assert before["person_id"] == after["person_id"]
        asked = json.loads(after["edits"])["age"]
        assert asked == pytest.approx(before["age"] + 15, abs=0.01)
        assert abs(after["age"] - asked) <= 9.9
    told = json.loads(store.get("report.json"))["directions"]
    assert told["draws"] == 500
    assert catalog.document["directions"]["digest"] == told["digest"]
    assert "age" in [each["of"] for each in told["directions"]]
    assert "Latent directions" in store.get("report.html").decode()
    three = run_job(order("three", **wish), Watch(), workers=3)
    assert three.content_digest == one.content_digest
