"""Training by compiled arithmetic."""

import shutil
from pathlib import Path

import pytest
import torch

from pipeline.errors import SpecError
from pipeline.training.gan import fused
from pipeline.training.gan import run as run_module
from pipeline.training.gan.log import read_log
from pipeline.training.gan.run import train_gan
from pipeline.training.gan.spec import GanSpec

from .tiny import spec


def silent(line: str) -> None:
    """Tell nobody."""


def power_fails(*_: object) -> None:
    """Break a run off behind its last state."""
    raise KeyboardInterrupt


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler")
def test_a_compiled_run_learns_the_same_and_goes_on_to_the_bit(tmp_path: Path) -> None:
    def run(name: str, compile: bool) -> GanSpec:
        regress = {"kimg": 0.048, "batch": 8, "focus": 3, "setting": 0.5}
        return spec(tmp_path / name, compile=compile, precision="fp32", regress=regress,
                    adversarial={"kimg": 0}, checkpoint_kimg=0.008)  # fmt: skip

    losses, gradients = [], []
    for wanted in (run("plain", False), run("compiled", True)):
        train_gan(wanted, silent)
        log = read_log(Path(wanted.to) / "log.jsonl")
        losses.append([entry["loss"] for entry in log])
        gradients.append([entry["gradient"] for entry in log])
    assert len(losses[0]) == 6
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
    assert gradients[0] == pytest.approx(gradients[1], rel=1e-2)

    broken = run("broken", True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GanSpec, "steps", property(lambda _: 3))
        patch.setattr(run_module, "write_result", power_fails)
        with pytest.raises(KeyboardInterrupt):
            train_gan(broken, silent)
    train_gan(broken, silent)
    whole, again = ((tmp_path / n / "network.safetensors") for n in ("compiled", "broken"))
    assert whole.read_bytes() == again.read_bytes()


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
