"""Measure the gallery of a manifest of made-up rows under concurrent visitors: times in ms.

python benchmarks/gallery.py 1000000 [FOLDER]   # rows; FOLDER keeps the manifest for the next time
"""

import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path

from draw import make

VISITORS = 20
REQUESTS = 15
"""Of each visitor, of each kind."""

CHOICES = {
    "age": ["0-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "70-79"],
    "skin_tone": [str(tone) for tone in range(1, 11)],
    "gender_presentation": ["feminine", "masculine"],
    "expression": ["neutral", "smile", "laugh", "surprise"],
    "hair_length": ["short", "medium", "long"],
    "glasses": ["none", "glasses"],
}
SORTS = ["mixed", "quality", "youngest", "oldest", "last"]


def some_view(rng: random.Random) -> str:
    """The query of a view that has up to three facets picked, seldom seen before."""
    picked = {
        name: ",".join(rng.sample(CHOICES[name], rng.randint(1, 2)))
        for name in rng.sample(list(CHOICES), rng.randint(0, 3))
    }
    picked["sort"] = rng.choice(SORTS)
    return "&".join(f"{name}={value}" for name, value in picked.items())


def measure(folder: Path) -> None:
    """Start the gallery, and let visitors ask all at once, kind by kind."""
    command = [sys.executable, "-m", "pipeline.cli", "browse", str(folder)]
    command += ["--no-open", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            found = re.search(r"http://([^/]+)/", server.stdout.readline())
            assert found is not None
            host, base = found[1], f"/c/{folder.name}"
            start = time.perf_counter()
            first = _get(HTTPConnection(host), f"{base}/view")
            load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
            print(f"{folder.name} rows, {os.cpu_count()} CPUs, load {load}; {VISITORS} visitors")
            seconds = time.perf_counter() - start
            print(f"manifest read in {seconds:.1f} s; counts are {first:,} bytes")
            kinds: dict[str, Callable[[random.Random], str]] = {
                "facet counts, any view": lambda rng: f"{base}/view?{some_view(rng)}",
                "facet counts, all faces": lambda rng: f"{base}/view",
                "page, any view": lambda rng: f"{base}?{some_view(rng)}",
                "192 faces, any view": lambda rng: (
                    f"{base}/rows?{some_view(rng)}&count=192&from={rng.randrange(20_000)}"
                ),
                "192 faces, anywhere": lambda rng: (
                    f"{base}/rows?count=192&from={rng.randrange(900_000)}"
                ),
            }
            print(f"{'':26} {'p50':>7} {'p99':>7} {'CPU':>7} {'a second':>9}")
            for kind, address in kinds.items():
                _report(kind, host, address, server.pid)
            (peak,) = re.findall(r"VmHWM:\s+(\d+)", Path(f"/proc/{server.pid}/status").read_text())
            print(f"server's peak memory {int(peak) // 1024:,} MB")
        finally:
            server.terminate()


def _report(kind: str, host: str, address: Callable[[random.Random], str], server: int) -> None:
    times: list[float] = []

    def visit(number: int) -> None:
        rng = random.Random(f"{kind}:{number}")
        connection = HTTPConnection(host)
        for _ in range(REQUESTS):
            start = time.perf_counter()
            _get(connection, address(rng))
            times.append(1000 * (time.perf_counter() - start))

    visitors = [threading.Thread(target=visit, args=(number,)) for number in range(VISITORS)]
    start, cpu = time.perf_counter(), _cpu(server)
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    seconds, cpu = time.perf_counter() - start, _cpu(server) - cpu
    times.sort()
    p50, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
    rate = len(times) / seconds
    print(f"{kind:26} {p50:7.0f} {p99:7.0f} {1000 * cpu / len(times):7.1f} {rate:9.0f}")


def _cpu(process: int) -> float:
    """Seconds of CPU that a process has had."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _get(connection: HTTPConnection, address: str) -> int:
    connection.request("GET", address)
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, body[:300]
    return len(body)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(sys.argv[2] if len(sys.argv) > 2 else temporary) / sys.argv[1]
        if not place.exists():
            make(place, int(sys.argv[1]))
        measure(place)
