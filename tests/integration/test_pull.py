"""Whatever breaks a pull off, the next one goes on, and nothing half written is taken for whole."""

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipeline.catalog.bring import PullState
from pipeline.catalog.pull import PullSummary, pull
from pipeline.catalog.read import Catalog, open_catalog
from pipeline.catalog.seal import seal
from pipeline.errors import SpecError, StoreError
from pipeline.storage import Store, open_store
from tests.catalog.fake_job import FakeJob
from tests.storage.faulty_proxy import Fault, proxy_to

HANGS = """
import itertools, os, sys, time
from pathlib import Path
from pipeline.catalog.pull import pull
from pipeline.catalog.read import open_catalog
from pipeline.storage import open_store

whole, written = os.write, itertools.count(1)

def hangs(file, data):
    picture = bytes(data[:2]) in (b"RI", bytes([0xFF, 0xD8]))
    if not picture or next(written) != 10:
        return whole(file, data)
    half = whole(file, data[: len(data) // 2])
    print("half", flush=True)
    time.sleep(600)
    return half

os.write = hangs
options = {"format": "webp", "size": 16} if sys.argv[3] == "converted" else {}
pull(open_catalog(open_store(sys.argv[1])), Path(sys.argv[2]), threads=1, **options)
"""


def sealed(store: Store, layout: str) -> Catalog:
    seal(store, FakeJob(layout=layout).run(store))
    return open_catalog(store)


def check(folder: Path) -> int:
    """Every row's file is the one it names, and nothing else is there; how many rows."""
    rows = pq.read_table(folder / "manifest.parquet").to_pylist()
    for row in rows:
        assert hashlib.sha256((folder / row["uri"]).read_bytes()).hexdigest() == row["sha256"]
    found = {path for path in (folder / "images").rglob("*") if path.is_file()}
    assert found == {folder / row["uri"] for row in rows}
    return len(rows)


@pytest.mark.parametrize("layout", ["files", "packs"])
@pytest.mark.parametrize("way", ["plain", "converted"])
def test_a_killed_pull_goes_on_where_it_was(tmp_path: Path, layout: str, way: str) -> None:
    catalog = sealed(open_store(str(tmp_path / "out")), layout)
    to = tmp_path / "to"

    def again() -> PullSummary:
        if way == "converted":
            return pull(catalog, to, size=16, format="webp")
        return pull(catalog, to)

    with subprocess.Popen(
        [sys.executable, "-c", HANGS, str(tmp_path / "out"), str(to), way],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    ) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "half\n"
            with pytest.raises(SpecError, match="another pull is writing"):
                again()
        finally:
            child.send_signal(signal.SIGKILL)
    assert len([p for p in to.rglob("*") if p.name.startswith(".populace-") and p.is_file()]) >= 2
    assert not (to / "manifest.parquet").exists()
    summary = again()
    assert (summary.faces, summary.fetched, summary.skipped) == (24, 15, 9)
    assert check(to) == 24
    assert again().files == 0


def test_a_sync_after_a_kill_knows_all_that_the_killed_pull_wrote(tmp_path: Path) -> None:
    catalog = sealed(open_store(str(tmp_path / "out")), "packs")
    to = tmp_path / "to"
    with subprocess.Popen(
        [sys.executable, "-c", HANGS, str(tmp_path / "out"), str(to), "converted"],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    ) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "half\n"
        finally:
            child.send_signal(signal.SIGKILL)
    assert pull(catalog, to, where="cell = 0", sync=True).removed == 9
    assert check(to) == 4


@pytest.mark.parametrize("layout", ["files", "packs"])
def test_passing_faults_of_a_network_are_not_noticed(
    tmp_path: Path, s3_endpoint: str, s3_uri: str, layout: str
) -> None:
    sealed(open_store(s3_uri, endpoint=s3_endpoint), layout)
    folder = "packs/" if layout == "packs" else "images/"
    with proxy_to(s3_endpoint) as proxy:
        catalog = open_catalog(open_store(s3_uri, endpoint=proxy.endpoint))
        proxy.faults += [Fault("GET", act, folder) for act in ("cut", "reset", 503)]
        assert pull(catalog, tmp_path / "to", size=16).fetched == 24
        assert check(tmp_path / "to") == 24
        sent = proxy.count("GET", folder)
        assert sent == (24 if layout == "files" else 4) + 3
        assert pull(catalog, tmp_path / "to", size=16).fetched == 0
        assert proxy.count("GET", folder) == sent


def test_a_lost_network_is_one_error_and_the_next_pull_goes_on(
    tmp_path: Path, s3_endpoint: str, s3_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    sealed(open_store(s3_uri, endpoint=s3_endpoint), "files")
    to = tmp_path / "to"
    with proxy_to(s3_endpoint) as proxy:
        catalog = open_catalog(open_store(s3_uri, endpoint=proxy.endpoint))

        def breaks(state: PullState) -> None:
            if state.files == 5:
                proxy.faults.append(Fault("GET", "reset", "images/", times=10**6))

        with pytest.raises(StoreError, match=r"cannot be reached .* then run the command again$"):
            pull(catalog, to, threads=2, progress=breaks)
        proxy.faults.clear()
        there = len(list((to / "images").rglob("*.jpg")))
        assert 5 <= there < 24
        assert not list((to / "images").rglob(".populace-*"))
        summary = pull(catalog, to)
        assert (summary.fetched, summary.skipped) == (24 - there, there)
    assert check(to) == 24


def test_the_command_stopped_by_a_signal_says_how_to_go_on(tmp_path: Path) -> None:
    sealed(open_store(str(tmp_path / "out")), "packs")
    slow = HANGS.rsplit("options =", 1)[0] + (
        "from pipeline.cli import main\nmain(['pull', sys.argv[1], '--to', sys.argv[2]])\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", slow.replace("600", "2"), str(tmp_path / "out"), str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline() == "half\n"
        child.send_signal(signal.SIGTERM)
        said = child.stderr.read()
        assert child.wait() == 130
    assert said.splitlines()[-1].startswith("Stopped. What was fetched stays in")
