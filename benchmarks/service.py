"""Measure a running service on made-up rows: how long clients that ask at once wait, by request.

python benchmarks/service.py 1000000 20 [FOLDER]   # rows, clients; FOLDER keeps the manifest
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
from draw import make

REQUESTS = 5
"""Of each kind by each client, every one of them another question."""


def measure(folder: Path, clients: int) -> None:
    """Start a service and print p50, p99 and the server's CPU-seconds of each kind of request."""
    command = [sys.executable, "-m", "pipeline.cli", "serve", f"made={folder}", "--port", "0"]
    command += ["--query-seconds", "600"]  # on a busy machine, too
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        url = server.stderr.readline().split()[-1] + "v1/catalogs/made"
        try:
            _measure(url, server.pid, clients)
        finally:
            server.terminate()


def _measure(url: str, process: int, clients: int) -> None:
    with httpx.Client(timeout=600) as client:
        page = client.get(f"{url}/assets", params={"columns": "asset_id", "limit": 1000}).json()
        names = [row["asset_id"] for row in page["rows"]]
        client.get(f"{url}/assets/{names[0]}")  # makes the index
        three = ["age", "gender_presentation", "skin_tone"]
        kinds: dict[str, Callable[[int], httpx.Response]] = {
            "facets of 3 attributes": lambda n: client.get(
                f"{url}/facets", params={"by": three, "where": f"age > {20 + n % 40}"}
            ),
            "page of 100 rows": lambda n: client.get(
                f"{url}/assets", params={"where": f"age > {20 + n % 40}"}
            ),
            "page of the oldest": lambda n: client.get(
                f"{url}/assets", params={"order": "-age", "where": f"age < {30 + n % 40}"}
            ),
            "balanced draw of 100": lambda n: client.post(
                f"{url}/draws", json={"count": 100, "balance": ["age"], "seed": n}
            ),
            "one asset": lambda n: client.get(f"{url}/assets/{names[n % len(names)]}"),
        }
        load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
        print(f"{page['total']:,} rows, {clients} clients, {os.cpu_count()} CPUs, load {load}")
        print(f"{'':24} {'p50 s':>7} {'p99 s':>7} {'CPU-s each':>11}")
        for kind, ask in kinds.items():
            before = _cpu(process)
            with ThreadPoolExecutor(clients) as pool:
                waits = list(pool.map(lambda n, ask=ask: _timed(ask, n), range(clients * REQUESTS)))
            cpu = (_cpu(process) - before) / len(waits)
            p50, p99 = np.percentile(waits, [50, 99])
            print(f"{kind:24} {p50:7.2f} {p99:7.2f} {cpu:11.3f}")


def _timed(ask: Callable[[int], httpx.Response], number: int) -> float:
    start = time.perf_counter()
    ask(number).raise_for_status()
    return time.perf_counter() - start


def _cpu(process: int) -> float:
    """CPU-seconds that a process has taken."""
    words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(sys.argv[3] if len(sys.argv) > 3 else temporary) / sys.argv[1]
        if not place.exists():
            make(place, int(sys.argv[1]))
        measure(place, int(sys.argv[2]))
