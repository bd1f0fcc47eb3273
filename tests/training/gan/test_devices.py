"""One run on several devices: here, processes of one CPU."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest
import torch
import yaml

from pipeline.errors import JobError, SpecError
from pipeline.training.gan import log
from pipeline.training.gan.run import train_gan
from pipeline.training.gan.spec import GanSpec

from .test_run import silent, tensors
from .tiny import spec


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all runs share their pictures."""
    return tmp_path_factory.mktemp("devices")


def state_of(run: GanSpec) -> dict[str, torch.Tensor]:
    found = tensors(torch.load(Path(run.to) / "state.pt", weights_only=True))
    del found["/seconds"]
    return {name: value.double() for name, value in found.items()}


def told(path: Path) -> str:
    """What a file below /proc says; nothing where its thread or process has ended."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def command_of(pid: str) -> str:
    return told(Path(f"/proc/{pid}/cmdline"))


def once_saved(run: GanSpec, act: Callable[[], None]) -> Thread:
    """Do something as soon as a run has left its first state."""

    def watch() -> None:
        while not (Path(run.to) / "state.pt").exists():
            time.sleep(0.005)
        act()

    thread = Thread(target=watch, daemon=True)
    thread.start()
    return thread


def test_two_devices_learn_what_one_learns(folder: Path) -> None:
    runs = []
    for devices in (1, 2):
        run = spec(
            folder / f"on{devices}",
            devices=devices,
            precision="fp32",
            regress={"kimg": 0.016, "batch": 8},
            adversarial={
                "kimg": 0.008, "batch": 8, "augment": {"p": 0.5}, "style_mixing": 0.5, "anchor": 0,
            },
        )  # fmt: skip
        train_gan(run, silent)
        runs.append(run)
    one, two = map(state_of, runs)
    assert one.keys() == two.keys()
    assert one["/signs/1"] == two["/signs/1"] == 8
    for name, value in one.items():
        near = 1e-3 * float(value.abs().max())
        assert torch.allclose(value, two[name], rtol=1e-3, atol=near), name
    entries = [log.read_log(Path(run.to) / "log.jsonl")[-1] for run in runs]
    assert {"path_length", "r1", "loss_generator", "score_real"} <= entries[0].keys()
    for name in entries[0].keys() - {"time", "stage"}:
        assert entries[0][name] == pytest.approx(entries[1][name], rel=1e-3, abs=1e-5), name


def test_a_run_whose_process_died_says_so_and_goes_on_to_the_same_bits(folder: Path) -> None:
    whole, broken = (spec(folder / name, devices=2) for name in ("whole", "broken"))
    train_gan(whole, silent)

    def kill() -> None:
        os.kill(multiprocessing.active_children()[0].pid or 0, signal.SIGKILL)

    killer = once_saved(broken, kill)
    with pytest.raises(JobError, match=r"^train gan: process [12] of 2 (died|failed)"):
        train_gan(broken, silent)
    killer.join()
    assert multiprocessing.active_children() == []
    assert 0 < state_of(broken)["/step"] < broken.steps
    train_gan(broken, silent)
    one, other = state_of(whole), state_of(broken)
    assert [name for name in one if not torch.equal(one[name], other[name])] == []
    for name in ("network.safetensors", "discriminator.safetensors"):
        same = [(folder / run / name).read_bytes() for run in ("whole", "broken")]
        assert same[0] == same[1], name
    # Another number of devices goes on with the same run, and a rank's error is the run's.
    longer = broken.adversarial.model_dump() | {"kimg": 0.056}
    train_gan(spec(folder / "broken", adversarial=longer), silent)
    assert state_of(broken)["/step"] == broken.steps + 1
    (folder / "broken" / "state.pt").write_bytes(b"torn")
    with pytest.raises(SpecError, match=r"state.pt: is no state of this run; delete it"):
        train_gan(broken, silent)


def test_a_stopped_command_leaves_no_process(folder: Path) -> None:
    run = spec(folder / "stopped", devices=2, regress={"kimg": 8, "batch": 8})
    path = folder / "stopped.yaml"
    path.write_text(yaml.safe_dump(run.model_dump(mode="json", by_alias=True, exclude_unset=True)))
    command = [sys.executable, "-m", "pipeline.cli", "train", "gan", str(path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        ranks: list[str] = []

        def stop() -> None:
            tasks = Path(f"/proc/{process.pid}/task").glob("*/children")
            started = [pid for task in tasks for pid in told(task).split()]
            ranks.extend(pid for pid in started if "spawn_main" in command_of(pid))
            process.send_signal(signal.SIGTERM)

        once_saved(run, stop)
        _, said = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "run the same command again to continue" in said.splitlines()[-1]
    assert "Traceback" not in said
    assert len(ranks) == 2
    assert [pid for pid in ranks if "spawn_main" in command_of(pid)] == []


def test_batches_that_cannot_be_shared_are_refused_before_anything_is_made(folder: Path) -> None:
    for changes, sentence in (
        ({"devices": 3}, "regress.batch: 8 cannot be shared evenly among 3 devices; write 9 or "),
        ({"devices": 4}, "adversarial.batch: 8 cannot be shared evenly among 4 devices; write 16 "),
    ):
        with pytest.raises(SpecError) as caught:
            train_gan(spec(folder / "uneven", device="cpu", **changes), silent)
        assert str(caught.value).startswith(sentence)
    assert not (folder / "uneven").exists()
