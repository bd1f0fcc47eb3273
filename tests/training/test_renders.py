"""Labelled sets on disk: whole, resumable, and the same however many processes render."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from toys import Discs

from pipeline.attributes.resample import area_average
from pipeline.errors import JobError
from pipeline.generators.generator import Pictures
from pipeline.training.renders import SHARD, Order, render_set


def order(count: int) -> Order:
    w = Discs().latents(np.random.default_rng(0).standard_normal((count, 13)).astype(np.float32))
    return Order("toys", w, np.where(np.arange(count) % 3 == 0, 128, 64))


def silent(done: int, total: int) -> None:
    """Tell nobody."""


class Improved(Discs):
    """The same generator after a change."""

    digest = "improved"


class Fatal(Discs):
    """A generator that takes its process down."""

    def pictures(self, w: np.ndarray, size: int) -> Pictures:
        os._exit(1)


def test_images_of_any_size_come_back_at_the_network_size(tmp_path: Path) -> None:
    found = render_set(order(10), tmp_path, Discs, 1, silent)
    assert found.images.shape == (10, 128, 128, 3)
    assert found.masks.shape == (10, 32, 32)
    assert np.array_equal(found.w, order(10).w)
    alone = Discs().pictures(order(10).w[3:4], 128)
    assert np.array_equal(found.images[3], alone.images[0])
    assert np.allclose(found.landmarks[3], alone.landmarks[0] / 128)
    small = Discs().pictures(order(10).w[1:2], 64)
    assert np.abs(area_average(found.images[1:2], 64) - small.images).mean() < 4
    assert found.landmarks[1] == pytest.approx(small.landmarks[0] / 64)


def test_only_missing_shards_are_rendered_again(tmp_path: Path) -> None:
    whole = render_set(order(2 * SHARD + 5), tmp_path, Discs, 1, silent)
    shards = sorted(tmp_path.iterdir())
    assert [path.name for path in shards] == [f"toys-{i:05d}.npz" for i in range(3)]
    shards[0].unlink()
    shards[1].write_bytes(shards[1].read_bytes()[:1000])
    kept = shards[2].stat().st_mtime_ns
    steps: list[int] = []
    again = render_set(
        order(2 * SHARD + 5), tmp_path, Discs, 1, lambda done, total: steps.append(done)
    )
    assert steps == [5, SHARD + 5, 2 * SHARD + 5]
    assert shards[2].stat().st_mtime_ns == kept
    assert np.array_equal(again.images, whole.images)


def test_shards_of_another_generator_are_not_taken(tmp_path: Path) -> None:
    render_set(order(5), tmp_path, Discs, 1, silent)
    steps: list[int] = []
    render_set(order(5), tmp_path, Improved, 1, lambda done, total: steps.append(done))
    assert steps == [0, 5]


def test_processes_render_the_same(tmp_path: Path) -> None:
    one = render_set(order(SHARD + 9), tmp_path / "one", Discs, 1, silent)
    two = render_set(order(SHARD + 9), tmp_path / "two", Discs, 2, silent)
    assert np.array_equal(one.images, two.images)
    assert np.array_equal(one.masks, two.masks)


def test_a_process_that_dies_stops_the_run_and_says_how_to_go_on(tmp_path: Path) -> None:
    with pytest.raises(JobError, match="run the same command again"):
        render_set(order(SHARD + 9), tmp_path, Fatal, 2, silent)


class Endless(Discs):
    """A generator that tells its process's id and never ends."""

    def pictures(self, w: np.ndarray, size: int) -> Pictures:
        Path(os.environ["TOYS_PIDS"], str(os.getpid())).touch()
        time.sleep(60)
        raise AssertionError


def test_processes_end_with_a_killed_parent(tmp_path: Path) -> None:
    script = (
        "import pathlib, test_renders as t\n"
        "from pipeline.training.renders import SHARD, render_set\n"
        "if __name__ == '__main__':\n"
        f"    out = pathlib.Path({str(tmp_path / 'out')!r})\n"
        "    render_set(t.order(2 * SHARD), out, t.Endless, 2, t.silent)\n"
    )
    path = tmp_path / "run.py"
    path.write_text(script)
    pids = tmp_path / "pids"
    pids.mkdir()
    places = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    parent = subprocess.Popen(
        [sys.executable, str(path)],
        env={
            **os.environ,
            "PYTHONPATH": places,
            "TOYS_PIDS": str(pids),
        },
    )
    wait_until(lambda: len(list(pids.iterdir())) == 2)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    wait_until(lambda: not any(is_alive(int(p.name)) for p in pids.iterdir()))


def wait_until(true: Callable[[], bool]) -> None:
    for _ in range(600):
        if true():
            return
        time.sleep(0.1)
    raise AssertionError("waited for a minute")


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
