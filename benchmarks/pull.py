"""Measure `populace pull` against bare concurrent loops over the same objects.

python benchmarks/pull.py [--faces 1500] [--side 112] [--rounds 3] [--only folder|s3] [--gbit 1]
    [--layout files|packs]

Each of 4 catalogs (single files and packs; in a folder and on a local S3 server, which is moto's)
is read in several ways, by as many threads as pulls of it have: `get`, only the bytes of every
object, by the client that pulls use; `boto3`, the same by plain boto3; `get + write`, which also
writes the files in them to the same places, unchecked; and `pull`, which also chooses, checks,
remembers, renames and writes the manifest. The ratio is pull's bytes a second by those of each bare
loop. Best of several rounds, in turns. `CPU` is what this process takes for a file, which says more
where the machine is busy; the S3 server is another process. A second pull transfers nothing: what
it takes is what choosing, checking and the manifest take.

With --gbit the S3 server is reached by `link.py`: so many bits a second, 5 ms more a request, as
from a server across the street. Without, nothing but this machine's cores limits anybody.

Files are made in the temporary folder: set TMPDIR to measure another disk.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))

from pipeline.catalog.pull import pull  # noqa: E402
from pipeline.catalog.read import Catalog, open_catalog  # noqa: E402
from pipeline.catalog.seal import seal  # noqa: E402
from pipeline.storage import Store, open_store  # noqa: E402
from pipeline.storage.s3 import S3Store  # noqa: E402
from pipeline.storage.s3_client import connect  # noqa: E402
from tests.catalog.fake_job import FakeJob  # noqa: E402


def noise(side: int) -> Callable[[int], NDArray[np.uint8]]:
    """Pictures that no encoder makes small: about side² · 2.5 bytes as JPEG."""
    return lambda slot: np.random.default_rng(slot).integers(0, 256, (side, side, 3), np.uint8)


def bare(catalog: Catalog, read: Callable[[str], bytes], to: Path | None = None) -> None:
    """Read every object by threads, and write the files in it where a pull does, unchecked."""
    files: dict[str, list[dict[str, Any]]] = {}
    for table in catalog.tables(["asset_id", "shard", "uri", "offset", "length"]):
        for row in table.to_pylist():
            files.setdefault(row["uri"], []).append(row)
    if to is not None:
        for shard in {row["shard"] for rows in files.values() for row in rows}:
            (to / f"images/{shard:06d}").mkdir(parents=True)

    def get(key: str) -> None:
        data = read(key)
        if to is not None:
            for row in files[key]:
                file = data[row["offset"] : row["offset"] + row["length"]]
                (to / f"images/{row['shard']:06d}/{row['asset_id']}.jpg").write_bytes(file)

    with ThreadPoolExecutor(catalog.store.readers) as pool:
        list(pool.map(get, files))


def by_boto3(store: S3Store) -> Callable[[str], bytes]:
    """What a script of one's own would do."""
    client, place = connect(store.endpoint), store.location

    def read(key: str) -> bytes:
        data: bytes = client.get_object(Bucket=place.bucket, Key=place.root + key)["Body"].read()
        return data

    return read


def seconds(work: Callable[[Path], object]) -> tuple[float, float]:
    """Wall and CPU time of work on an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        start, cpu = time.perf_counter(), time.process_time()
        work(Path(folder))
        return time.perf_counter() - start, time.process_time() - cpu


def measure(name: str, store: Store, rounds: int) -> None:
    """Print the rates and ratios of one catalog."""
    catalog = open_catalog(store)
    size = sum(int(table["length"].to_numpy().sum()) for table in catalog.tables(["length"]))
    ways: dict[str, Callable[[Path], object]] = {
        "get": lambda _: bare(catalog, store.get),
        "get + write": lambda to: bare(catalog, store.get, to),
        "pull": lambda to: pull(catalog, to),
    }
    if isinstance(store, S3Store):
        read = by_boto3(store)
        ways = {"boto3": lambda _: bare(catalog, read), **ways}
    tried: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, work in ways.items():
            tried[way].append(seconds(work))
    wall = {way: min(one for one, _ in some) for way, some in tried.items()}
    cpu = {way: min(one for _, one in some) for way, some in tried.items()}
    with tempfile.TemporaryDirectory() as folder:
        pull(catalog, Path(folder))
        start = time.perf_counter()
        assert pull(catalog, Path(folder)).files == 0
        again = time.perf_counter() - start
    rates = ", ".join(
        f"{way} {size / 1e6 / wall[way]:.1f} MB/s ({cpu[way] / catalog.count() * 1e6:.0f} µs CPU)"
        for way in ways
    )
    ratios = " and ".join(
        f"{wall[way] / wall['pull']:.0%} of {way}" for way in ways if way != "pull"
    )
    print(f"{name}: {rates}; pull is {ratios}; a second one takes {again:.2f} s", flush=True)


def main() -> None:
    """Make the catalogs, and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--faces", type=int, default=1500)
    parser.add_argument("--side", type=int, default=112, help="px; 112 is some 30 kB a file")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=["folder", "s3"])
    parser.add_argument("--layout", choices=["files", "packs"], action="append")
    parser.add_argument("--gbit", type=float, help="rate of the network to the S3 server")
    options = parser.parse_args()
    faces = max(1, options.faces // 6)
    server = link = None
    if options.only != "folder":
        os.environ |= {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
        server = subprocess.Popen(
            [sys.executable, str(ROOT / "tests" / "storage" / "moto_server.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert server.stdout is not None
        endpoint = server.stdout.readline().strip()
        if options.gbit:
            link = subprocess.Popen(
                [
                    *(sys.executable, str(ROOT / "benchmarks" / "link.py")),
                    *(endpoint.removeprefix("http://"), "--gbit", str(options.gbit)),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert link.stdout is not None
            endpoint = f"http://127.0.0.1:{link.stdout.readline().strip()}"
    folder = Path(tempfile.mkdtemp())
    try:
        for layout in options.layout or ("files", "packs"):
            job = FakeJob(
                per_cell=faces, shard_size=200, layout=layout, picture=noise(options.side)
            )
            stores: dict[str, Store] = {}
            if options.only != "s3":
                stores["folder"] = open_store(str(folder / layout))
            if server is not None:
                stores["s3"] = _bucket(endpoint)
            for name, store in stores.items():
                seal(store, job.run(store))
                measure(f"{name}, {layout}", store, options.rounds)
    finally:
        shutil.rmtree(folder)
        for process in (link, server):
            if process is not None:
                process.kill()


def _bucket(endpoint: str) -> Store:
    import boto3

    bucket = f"bench-{uuid.uuid4().hex[:8]}"
    boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1").create_bucket(Bucket=bucket)
    return open_store(f"s3://{bucket}", endpoint=endpoint)


if __name__ == "__main__":
    main()
