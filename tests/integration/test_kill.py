"""Killed at any moment, a job loses and repeats nothing: the catalog is an undisturbed run's."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

JOB = """
name: killed
count: 300
seed: 5
generator: builtin:null
scorer: builtin:null
balance: {age: [10-39, 40-80], gender_presentation: uniform}
image: {size: 256, format: png}
shard_size: 10
batch_size: 4
preview_size: 0
output: ./out
"""


def command(job: Path, output: Path, workers: int) -> list[str]:
    arguments = ["run", str(job), "--output", str(output), "--workers", str(workers), "--json"]
    return [sys.executable, "-m", "pipeline.cli", *arguments]


def finish(job: Path, output: Path, workers: int) -> str:
    done = subprocess.run(
        command(job, output, workers), capture_output=True, text=True, timeout=180, check=True
    )
    digest: str = json.loads(done.stdout)["content_digest"]
    return digest


def receipts(output: Path) -> int:
    return len(list((output / "receipts").glob("*.json"))) if output.exists() else 0


def workers_of(driver: int) -> list[int]:
    """The pids of the actors that run below a driver: Ray names their processes."""
    below, found = {driver}, []
    stats = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            stats.append((int(path.name), parent, (path / "cmdline").read_text()))
        except (OSError, ValueError):
            continue
    for _ in stats:
        grown = {pid for pid, parent, _ in stats if parent in below} - below
        if not grown:
            break
        below |= grown
    found = [pid for pid, _, line in stats if pid in below and line.startswith("ray::Worker")]
    return sorted(found)


def wait_for(output: Path, driver: "subprocess.Popen[str]", count: int) -> None:
    deadline = time.monotonic() + 120
    while receipts(output) < count and driver.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)


@pytest.fixture
def job(tmp_path: Path) -> Path:
    path = tmp_path / "job.yaml"
    path.write_text(JOB)
    return path


def test_killed_drivers_and_workers_leave_the_same_catalog(job: Path, tmp_path: Path) -> None:
    undisturbed = finish(job, tmp_path / "undisturbed", 1)
    output, moments = tmp_path / "killed", random.Random(4)

    driver = subprocess.Popen(
        command(job, output, 1), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    wait_for(output, driver, moments.randint(1, 8))
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    assert receipts(output) < 30

    driver = subprocess.Popen(
        command(job, output, 3), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_for(output, driver, receipts(output) + moments.randint(1, 6))
    victims = workers_of(driver.pid)
    assert victims
    os.kill(moments.choice(victims), signal.SIGKILL)
    said, errors = driver.communicate(timeout=180)
    assert driver.returncode == 0, errors
    assert json.loads(said)["content_digest"] == undisturbed
    assert len(list((output / "images").rglob("*.png"))) == 300


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_how_to_continue(
    job: Path, tmp_path: Path, stop: signal.Signals
) -> None:
    output = tmp_path / "out"
    driver = subprocess.Popen(
        command(job, output, 1),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # Tests started in the background inherit an ignored SIGINT; a terminal's job does not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    wait_for(output, driver, 2)
    driver.send_signal(stop)
    _, errors = driver.communicate(timeout=60)
    assert driver.returncode == 130
    assert "run the same command again to continue" in errors
    assert receipts(output) < 30
    finish(job, output, 1)
