"""Converted checkpoints hold the same weights, whole or not at all, and read anywhere."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from pipeline.errors import SpecError
from pipeline.generators.checkpoints import read_checkpoint
from pipeline.generators.checkpoints.convert import convert

from .writer import SMALL2, ada, random_state


def test_a_converted_checkpoint_has_the_same_digest_and_reads_with_the_library(
    tmp_path: Path,
) -> None:
    state = random_state(SMALL2)
    source, target = ada(tmp_path / "a.pkl", state), tmp_path / "a.safetensors"
    convert(source, target)
    before, after = read_checkpoint(source), read_checkpoint(target)
    assert before.digest() == after.digest()
    assert (before.config, before.layout) == (after.config, after.layout)
    library = load_file(target)
    assert all(torch.equal(library[name], state[name]) for name in state)
    assert json.loads(json.dumps(dict(after.config)))["resolution"] == 16


def test_half_keeps_what_is_small_as_it_is(tmp_path: Path) -> None:
    source, target = ada(tmp_path / "a.pkl", random_state(SMALL2)), tmp_path / "a.safetensors"
    convert(source, target, half=True)
    found = read_checkpoint(target)
    assert found.dtypes == ("float16", "float32")
    assert found.state["mapping.w_avg"].dtype == torch.float32
    assert found.state["synthesis.b16.conv1.weight"].dtype == torch.float16


def test_half_refuses_what_float16_cannot_hold(tmp_path: Path) -> None:
    state = random_state(SMALL2)
    state["mapping.fc1.weight"][0, 0] = 1e6
    target = tmp_path / "a.safetensors"
    with pytest.raises(SpecError, match=r"fc1\.weight' that float16 cannot hold; convert without"):
        convert(ada(tmp_path / "a.pkl", state), target, half=True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.pkl"]


def test_an_existing_file_is_replaced_only_by_force(tmp_path: Path) -> None:
    source, target = ada(tmp_path / "a.pkl", random_state(SMALL2)), tmp_path / "a.safetensors"
    target.write_bytes(b"mine")
    with pytest.raises(SpecError, match="is there already; give another name, or --force"):
        convert(source, target)
    assert target.read_bytes() == b"mine"
    convert(source, target, force=True)
    assert read_checkpoint(target).kind == "stylegan2"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.pkl", "a.safetensors"]


def test_the_target_must_be_named_safetensors(tmp_path: Path) -> None:
    source = ada(tmp_path / "a.pkl", random_state(SMALL2))
    with pytest.raises(SpecError, match=r"end it in \.safetensors"):
        convert(source, tmp_path / "b.pkl")
