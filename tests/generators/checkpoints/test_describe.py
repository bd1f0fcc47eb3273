"""`populace inspect` and `populace convert` say what a checkpoint holds."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.cli import main
from pipeline.generators.checkpoints.checkpoint import Checkpoint
from pipeline.generators.checkpoints.ours import write_ours

from .writer import SMALL2, ada, random_state


def invoke(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, arguments)
    return result.exit_code, result.stdout, result.stderr


def test_inspect_tells_kind_size_and_digests(tmp_path: Path) -> None:
    path = ada(tmp_path / "a.pkl", random_state(SMALL2))
    code, out, _ = invoke("inspect", str(path), "--json")
    found = json.loads(out)
    assert code == 0
    assert (found["kind"], found["resolution"], found["labels"]) == ("stylegan2", 16, 0)
    assert found["file_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert found["ignored"] == ["training_set_kwargs"]
    told = invoke("inspect", str(path))[1]
    assert told.startswith(f"{path}: stylegan2, 16 px (NVIDIA StyleGAN2-ADA pickle)\n")
    assert found["digest"] in told


def test_a_file_cannot_speak_to_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    loud = "x\x1b]0;owned\x07\nfake line" + 10_000 * "y"
    state = {name: value.contiguous() for name, value in random_state(SMALL2).items()}
    write_ours(Checkpoint("stylegan2", asdict(SMALL2), state, loud), path)
    code, out, _ = invoke("inspect", str(path))
    assert code == 0
    assert "\x1b" not in out
    assert "\\x1b]0;owned\\x07\\nfake line" in out
    assert max(map(len, out.splitlines())) < 3000


def test_converting_keeps_the_digest(tmp_path: Path) -> None:
    source, target = ada(tmp_path / "a.pkl", random_state(SMALL2)), tmp_path / "a.safetensors"
    assert invoke("convert", str(source), str(target))[0] == 0
    one, other = (
        json.loads(invoke("inspect", str(path), "--json")[1]) for path in (source, target)
    )
    assert one["digest"] == other["digest"]
    code, out, err = invoke("convert", str(source), str(target))
    assert (code, out) == (2, "")
    assert "--force" in err


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    code, _, err = invoke("inspect", str(tmp_path / "a.pkl"))
    assert code == 2
    assert "cannot be read (No such file or directory); give a checkpoint file." in err


def test_an_onnx_generator(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    from .test_onnx_model import write

    told = invoke("inspect", str(write(tmp_path / "a.onnx")))[1]
    assert told.startswith(f"{tmp_path}/a.onnx: onnx, 8 px (ONNX, opset 17)\n")
