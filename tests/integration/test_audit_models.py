"""Catalogs of networks of one's own are audited, and scored again where the scorer's files are."""

from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from pipeline.catalog.audit.audit import audit
from pipeline.catalog.read import open_catalog
from pipeline.engine.driver import run_job
from pipeline.spec import parse_spec
from pipeline.storage import open_store
from tests.attributes.onnx_models import STRIPES, stripes
from tests.engine.test_driver import Watch
from tests.generators.saved import tiny


def state(made: dict[str, Any], check: str) -> tuple[str, str]:
    return next((c["state"], c["detail"]) for c in made["checks"] if c["check"] == check)


def test_an_onnx_scorer_scores_again_where_its_files_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    stripes(tmp_path / "net.onnx")
    (tmp_path / "net.yaml").write_text(yaml.safe_dump(STRIPES))
    job = {
        "name": "net", "count": 12, "seed": 3, "generator": "builtin:null",
        "scorer": {"model": "net.onnx", "card": "net.yaml"},
        "balance": {"age": ["0-29", "30-79"], "gender_presentation": "uniform"},
        "image": {"size": 64, "format": "png"}, "shard_size": 5, "batch_size": 3, "output": "out",
    }  # fmt: skip
    run_job(parse_spec(job), Watch(), workers=1)
    catalog = open_catalog(open_store("out"))
    made = audit(catalog, threads=2)
    assert made["findings"] == []
    assert made["images"]["exact"] == 12
    (tmp_path / "net.onnx").rename(tmp_path / "moved.onnx")
    made = audit(catalog, threads=2)
    assert made["balanced_as_ordered"]
    why = "the scorer net.onnx does not lie on this machine"
    assert state(made, "scores") == ("skipped", why)


def test_faces_of_a_checkpoint_in_the_generators_own_mix_are_audited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tiny(tmp_path / "net.safetensors")
    job = {
        "name": "net", "count": 8, "generator": {"checkpoint": "net.safetensors"},
        "scorer": "builtin:null", "image": {"size": 64}, "shard_size": 4, "batch_size": 3,
        "output": "out",
    }  # fmt: skip
    run_job(parse_spec(job), Watch(), workers=1)
    (tmp_path / "net.safetensors").unlink()
    made = audit(open_catalog(open_store("out")), threads=2)
    assert made["findings"] == []
    assert made["images"]["exact"] == 8
    assert "balances nothing" in made["notes"][0]
