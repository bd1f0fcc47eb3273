"""A job is scored by an ONNX model, on any number of workers, and knows its files again."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from pipeline.assets.encode import decode
from pipeline.attributes import load_scorer
from pipeline.catalog.read import open_catalog
from pipeline.engine.driver import plan_job, run_job
from pipeline.engine.plan import plan
from pipeline.errors import CatalogError, SpecError
from pipeline.spec import JobSpec, parse_spec
from pipeline.storage import open_store
from tests.attributes.onnx_models import STRIPES, network, stripes
from tests.engine.test_driver import Watch


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's current folder, with a model and its card in it."""
    monkeypatch.chdir(tmp_path)
    stripes(tmp_path / "net.onnx")
    (tmp_path / "net.yaml").write_text(yaml.safe_dump(STRIPES))
    return tmp_path


def order(output: str, scorer: dict[str, str] | str | None = None, **changes: Any) -> JobSpec:
    document = {
        "name": "net", "count": 12, "seed": 3, "generator": "builtin:null",
        "scorer": scorer or {"model": "net.onnx", "card": "net.yaml"},
        "balance": {"age": ["0-29", "30-79"], "gender_presentation": "uniform"},
        "image": {"size": 64, "format": "png"}, "shard_size": 5, "batch_size": 3, "output": output,
    }  # fmt: skip
    return parse_spec(document | changes)


def rows(uri: str) -> list[dict[str, Any]]:
    tables = open_catalog(open_store(uri)).tables()
    return sorted((r for t in tables for r in t.to_pylist()), key=lambda row: row["slot"])


def test_one_and_two_workers_seal_the_same_and_the_rows_hold_the_model_s_readings(
    folder: Path,
) -> None:
    one = run_job(order("one"), Watch(), workers=1)
    two = run_job(order("two"), Watch(), workers=2)
    assert (one.count, one.content_digest) == (12, two.content_digest)
    catalog = open_catalog(open_store(one.uri))
    assert [cell["delivered"] for cell in catalog.document["cells"]] == [3, 3, 3, 3]
    scorer = load_scorer(order("one").scorer)
    assert catalog.document["scorer"] == {"name": "net.onnx", "digest": scorer.digest}
    found = rows(one.uri)
    for row in found:
        path = folder / "one" / row["uri"]
        seen = scorer.score(decode(path.read_bytes())[None])
        assert row["age"] == seen.values["age"][0]
        assert row["gender_presentation_p"] == list(seen.probabilities["gender_presentation"][0])
        assert row["sharpness"] == seen.quality["sharpness"][0]
        # What the model does not read is not made up.
        assert (row["age_p"], row["glasses"], row["realism"]) == (None, None, None)


def test_it_finds_the_faces_that_the_null_scorer_finds(folder: Path) -> None:
    theirs = run_job(order("theirs", {"model": "net.onnx", "card": "net.yaml",
                                      "rest": "builtin:null"}), Watch(), workers=1)  # fmt: skip
    ours = run_job(order("ours", "builtin:null"), Watch(), workers=1)
    for one, other in zip(rows(theirs.uri), rows(ours.uri), strict=True):
        assert abs(one["age"] - other["age"]) <= 0.51  # the null scorer rounds
        assert one["gender_presentation"] == other["gender_presentation"]
        assert one["glasses"] is not None


def test_files_may_move_but_not_change(folder: Path) -> None:
    run_job(order("out"), Watch(), workers=1)
    (folder / "net.onnx").rename(folder / "moved.onnx")
    moved = {"model": "moved.onnx", "card": "net.yaml"}
    assert run_job(order("out", moved), Watch(), workers=1).already
    warmer = json.loads(json.dumps(STRIPES))
    warmer["outputs"][0]["temperature"] = 2
    (folder / "net.yaml").write_text(yaml.safe_dump(warmer))
    with pytest.raises(CatalogError, match=r"holds a job of another scorer \('moved\.onnx' is"):
        run_job(order("out", moved), Watch(), workers=1)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"balance": {"glasses": "uniform"}}, "balance.glasses"),
        ({"where": {"yaw": "-5..5"}}, "where.yaw"),
        ({"quality": {"min_realism": 0.5}}, "quality.min_realism"),
    ],
)
def test_what_the_model_does_not_read_is_refused_before_anything_is_written(
    changes: dict[str, Any], field: str, folder: Path
) -> None:
    with pytest.raises(SpecError, match=f"{field}: the scorer net.onnx does not read it"):
        run_job(order("out", **changes), Watch(), workers=1)
    assert not (folder / "out").exists()
    rest = {"model": "net.onnx", "card": "net.yaml", "rest": "builtin:null"}
    assert plan_job(order("out", rest, **changes)).spec.count == 12


def test_a_model_behind_a_digest_must_be_that_one(folder: Path) -> None:
    wrong = {"model": "net.onnx#sha256=" + "0" * 64, "card": "net.yaml"}
    with pytest.raises(SpecError, match=r"^scorer\.model: net\.onnx is another file than meant"):
        plan_job(order("out", wrong))
    gone = {"model": "net.onnx", "card": "http://example.org/net.yaml"}
    with pytest.raises(SpecError, match=r"^scorer\.card: .* comes over plain http"):
        plan_job(order("out", gone))


def test_a_plan_counts_on_the_model(folder: Path) -> None:
    made = plan(plan_job(order("out", preview_size=0)))
    assert made.unseen == []
    assert made.renders > 12


def test_the_command_runs_heads_with_a_model_of_another_size(folder: Path) -> None:
    network(folder / "face.onnx")
    card = {
        "input": {"size": 16},
        "outputs": [
            {"attribute": "gender_presentation", "slice": [7, 9], "temperature": 50,
             "classes": {"Male": "masculine", "Female": "feminine"}},
        ],
    }  # fmt: skip
    (folder / "face.yaml").write_text(yaml.safe_dump(card))
    job = {
        "name": "heads", "count": 3, "generator": "builtin:heads",
        "scorer": {"model": "face.onnx", "card": "face.yaml"}, "preview_size": 0,
        "image": {"size": 64}, "batch_size": 3, "output": "out",
    }  # fmt: skip
    (folder / "job.yaml").write_text(yaml.safe_dump(job))
    command = [sys.executable, "-m", "pipeline.cli"]
    done = subprocess.run(
        [*command, "run", "job.yaml", "--workers", "1", "--json"],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, json.loads(done.stdout)["count"]) == (0, 3), done.stderr
    found = rows("out")
    assert np.isclose([sum(row["gender_presentation_p"]) for row in found], 1).all()
    done = subprocess.run(
        [*command, "run", "job.yaml", "--set", "scorer.card=job.yaml"],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith(f"populace: {folder}/job.yaml: ")
