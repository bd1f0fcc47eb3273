"""A training run from its spec to its folder."""

import json
import math
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import torch
from torch import Tensor

from pipeline.errors import JobError, SpecError
from pipeline.generators.checkpoint_generator import load_checkpoint
from pipeline.generators.checkpoint_spec import GeneratorSpec
from pipeline.training.gan import log, run
from pipeline.training.gan.run import train_gan

from .tiny import spec


def silent(line: str) -> None:
    """Tell nobody."""


def tensors(value: Any, name: str = "") -> dict[str, Tensor]:
    """Every tensor and number of a state by its path."""
    if isinstance(value, dict):
        found = {}
        for key, part in value.items():
            found |= tensors(part, f"{name}/{key}")
        return found
    if isinstance(value, list | tuple):
        return tensors(dict(enumerate(value)), name)
    if isinstance(value, Tensor):
        return {name: value}
    return {name: torch.tensor(value)} if isinstance(value, int | float) else {}


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_run_broken_off_goes_on_and_ends_the_same_to_the_bit(
    precision: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "SECONDS", 0.0)
    whole = spec(tmp_path / "whole", precision=precision)
    train_gan(whole, silent)
    broken = spec(tmp_path / "broken", precision=precision)
    for steps in (3, 4, 3):  # within the first stage, across both, within the second
        left = steps

        def break_off(line: str) -> None:
            nonlocal left
            left -= not line.startswith("render")
            if left < 0:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            train_gan(broken, break_off)
    train_gan(broken, silent)
    one, other = (
        tensors(torch.load(Path(run.to) / "state.pt", weights_only=True)) for run in (whole, broken)
    )
    assert one.keys() == other.keys()
    differing = [name for name in one if not torch.equal(one[name], other[name])]
    assert [name for name in differing if name != "/seconds"] == []
    files = ["network.safetensors", "discriminator.safetensors"]
    files += [f"samples/{name.name}" for name in (tmp_path / "whole" / "samples").iterdir()]
    for name in files:
        same = [(tmp_path / run / name).read_bytes() for run in ("whole", "broken")]
        assert same[0] == same[1], name
    logs = [log.read_log(tmp_path / run / "log.jsonl") for run in ("whole", "broken")]
    assert [entry["step"] for entry in logs[0]] == [entry["step"] for entry in logs[1]]
    assert all("features" in entry for entry in logs[0])


def test_a_finished_run_draws_as_a_generator_and_is_not_run_again(tmp_path: Path) -> None:
    regress = {"kimg": 0.048, "batch": 8, "features": 0.1}
    wanted = spec(tmp_path / "run", regress=regress, adversarial={"kimg": 0})
    lines: list[str] = []
    card = train_gan(wanted, lines.append)
    assert lines[-2].startswith("regress: 0.0 of 0.0 thousand")
    folder = tmp_path / "run"
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "MODEL_CARD.md", "card.json", "log.jsonl", "network.safetensors", "plot.svg", "run.json",
        "samples", "state.pt",
    }  # fmt: skip
    assert {path.name for path in (folder / "samples").iterdir()} == {
        "000000032.png", "000000048.png", "real.png",
    }  # fmt: skip
    assert json.loads((folder / "card.json").read_text()) == card
    assert {"loss", "features", "gradient"} <= log.read_log(folder / "log.jsonl")[-1].keys()
    assert len(ElementTree.parse(folder / "plot.svg").getroot()) > 3
    generator = load_checkpoint(GeneratorSpec(checkpoint=str(folder / "network.safetensors")))
    w = generator.latents(torch.randn(2, generator.latent_size).numpy())
    assert generator.render(w, 16).shape == (2, 16, 16, 3)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    assert train_gan(wanted, silent) == card
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_folder_that_cannot_be_or_is_damaged_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for to in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(SpecError, match=r"^to: the folder .* cannot be made \(.*\); give"):
            train_gan(spec(to), silent)
    (tmp_path / "run").mkdir()
    for name in ("card.json", "run.json"):
        (tmp_path / "run" / name).write_text("{torn")
    with pytest.raises(SpecError, match=r"^to: .* holds a run of another spec"):
        train_gan(spec(tmp_path / "run"), silent)


def test_steps_that_come_to_nothing_end_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "_MOST_LOST", 3)
    monkeypatch.setattr(run, "regress_step", lambda *_: {"loss": math.nan, "gradient": math.nan})
    with pytest.raises(JobError, match=r"^train gan: 3 steps of the stage 'regress' came to noth"):
        train_gan(spec(tmp_path / "run", checkpoint_kimg=0.008), silent)
    text = (tmp_path / "run" / "log.jsonl").read_text()
    assert text.count("regress") == 2
    assert "NaN" not in text


def test_a_second_stage_may_be_prolonged_and_another_run_is_kept_out(tmp_path: Path) -> None:
    longer = spec(tmp_path / "longer")
    shorter = spec(tmp_path / "run", adversarial=longer.adversarial.model_dump() | {"kimg": 0.016})
    train_gan(longer, silent)
    train_gan(shorter, silent)
    train_gan(spec(tmp_path / "run"), silent)
    same = [(tmp_path / run / "network.safetensors").read_bytes() for run in ("longer", "run")]
    assert same[0] == same[1]
    with pytest.raises(SpecError, match=r"^to: .* holds a run of another spec or of"):
        train_gan(spec(tmp_path / "run", seed=1), silent)
    (tmp_path / "run" / "state.pt").write_bytes(b"torn")
    with pytest.raises(SpecError, match=r"state.pt: is no state of this run; delete it"):
        train_gan(spec(tmp_path / "run", metrics={"count": 8}), silent)
