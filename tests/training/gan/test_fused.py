"""Training by compiled arithmetic."""

import shutil
from pathlib import Path

import pytest
import torch

from pipeline.errors import SpecError
from pipeline.training.gan import fused
from pipeline.training.gan.log import read_log
from pipeline.training.gan.run import train_gan

from .tiny import spec


def silent(line: str) -> None:
    """Tell nobody."""


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler")
def test_a_compiled_run_learns_the_same(tmp_path: Path) -> None:
    losses, gradients = [], []
    for whether in (False, True):
        wanted = spec(
            tmp_path / str(whether),
            compile=whether,
            precision="fp32",
            regress={"kimg": 0.048, "batch": 8, "focus": 3, "setting": 0.5},
            adversarial={"kimg": 0},
            checkpoint_kimg=0.008,
        )
        train_gan(wanted, silent)
        log = read_log(Path(wanted.to) / "log.jsonl")
        losses.append([entry["loss"] for entry in log])
        gradients.append([entry["gradient"] for entry in log])
    assert len(losses[0]) == 6
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    assert gradients[0] == pytest.approx(gradients[1], rel=1e-2)


def test_without_a_compiler_a_run_is_refused_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from torch._inductor import config

    monkeypatch.setattr(config.cpp, "cxx", (None, str(tmp_path / "nowhere" / "g++")))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "cache"))
    torch._dynamo.reset()
    fused._compiled.cache_clear()
    with pytest.raises(SpecError, match=r"^compile: true needs a C\+\+ compiler .*write false"):
        train_gan(spec(tmp_path / "run", compile=True), silent)
    assert not (tmp_path / "run").exists()
