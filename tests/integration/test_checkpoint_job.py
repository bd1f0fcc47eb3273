"""A job generates from a checkpoint, on any number of workers, and knows its file again."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

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
