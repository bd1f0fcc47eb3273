"""A newcomer gets from the demo to a training loop by what the README says, word for word."""

import hashlib
import io
import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.request import urlopen

import pyarrow.parquet as pq
import pytest

ROOT = Path(__file__).parents[2]
CLI = [sys.executable, "-m", "pipeline.cli"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the README's first job has run, smaller as the README says."""
    folder = tmp_path_factory.mktemp("newcomer")
    (folder / "jobs").symlink_to(ROOT / "jobs")
    smaller = re.search(r"`(--set count=\d+ --set image\.size=\d+)`", readme("Two commands"))
    assert smaller is not None
    (first,) = commands("Two commands", "populace run")
    run([*first, *shlex.split(smaller[1])], folder)
    return folder


def readme(heading: str) -> str:
    """A section of the README."""
    text = (ROOT / "README.md").read_text()
    return re.split(r"^## ", text.split(f"\n## {heading}\n", 1)[1], maxsplit=1, flags=re.M)[0]


def commands(heading: str, beginning: str = "populace") -> list[list[str]]:
    """The words of the commands of a section that begin so."""
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", readme(heading), re.S))
    lines = [part.strip() for line in blocks.splitlines() for part in line.split("&&")]
    return [shlex.split(line) for line in lines if line.startswith(beginning)]


def run(command: list[str], folder: Path) -> str:
    """What a command prints; its first word is `populace`."""
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(folder)}
    done = subprocess.run(
        [*CLI, *command[1:]],
        cwd=folder,
        env=environment | {"OMP_NUM_THREADS": "1", "RAY_USAGE_STATS_ENABLED": "0"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, f"{shlex.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_every_command_about_a_catalog_works(home: Path) -> None:
    found = commands("Using a catalog")
    assert [words[1] for words in found] == ["ls", "query", "pull", "pull", "pull", "export"]
    for words in found:
        assert run(words, home)
    for name, faces in (("faces", 4), ("small", 24), ("balanced", 24)):
        rows = pq.read_table(home / name / "manifest.parquet").to_pylist()
        assert len(rows) == faces
        for row in rows:
            data = (home / name / row["uri"]).read_bytes()
            assert hashlib.sha256(data).hexdigest() == row["sha256"]
    assert list((home / "Assets" / "Faces").rglob("*.png.meta"))


def test_the_training_loop_runs(home: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", readme("Using a catalog"), re.S)
    printed = script(["-c", code], home)
    assert "torch.Size([8, 3, 128, 128])" in printed


def test_the_notebook_runs_and_changes_nothing(home: Path) -> None:
    before = sorted((home / "out").rglob("*"))
    printed = script([str(ROOT / "docs/examples/catalog.py")], home)
    assert "24 faces, version 1, demo" in printed
    assert "version 2 has 23 faces, version 1 24" in printed
    assert printed.endswith("24 faces pulled from version 1; 1 removed by the newest\n")
    assert sorted((home / "out").rglob("*")) == before


def script(arguments: list[str], folder: Path) -> str:
    """What a Python script prints."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_gallery_shows_filters_and_packs(home: Path) -> None:
    command = [*CLI, "browse", "out/demo", "--no-open", "--port", "0"]
    with subprocess.Popen(
        command,
        cwd=home,
        env={"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().split()[2]
            assert "24 faces" in urlopen(address).read().decode()
            view = "c/demo/pack?gender_presentation=feminine&skin_tone=7,8,9,10"
            pack = urlopen(address + view, data=b"").read()
        finally:
            process.terminate()
        assert process.wait(60) in (0, -15)
    with zipfile.ZipFile(io.BytesIO(pack)) as names:
        pictures = [name for name in names.namelist() if name.endswith(".jpg")]
        assert {"manifest.csv", "manifest.json", "LICENCE.txt"} <= {
            Path(name).name for name in names.namelist()
        }
    assert len(pictures) == 4
