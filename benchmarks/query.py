"""Measure searches of a manifest of made-up rows: seconds, CPU-seconds and peak memory.

python benchmarks/query.py 10000000 [FOLDER]   # rows; FOLDER keeps the manifest for the next time
"""

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from draw import make

from pipeline.catalog import Catalog
from pipeline.catalog.asset_view import asset_row
from pipeline.catalog.sql import query

WHERE = "age BETWEEN 20 AND 29 AND skin_tone >= 7"
BALANCED = ["age", "gender_presentation", "skin_tone"]
SELECT = "SELECT skin_tone, count(*) FROM faces GROUP BY 1"


def measure(folder: Path) -> None:
    """Time searches by their kind, the better of two tries."""
    catalog = Catalog.open(str(folder))
    (name,) = catalog.faces.to_arrow(["asset_id"], sort="-slot", limit=1)["asset_id"].to_pylist()
    some = catalog.where(WHERE)

    def answer() -> None:
        with query(catalog, SELECT) as rows:
            rows.read_all()

    kinds: dict[str, Callable[[], Any]] = {
        "count": some.count,
        "facets of 3 attributes": lambda: some.facets(BALANCED),
        "the same of all faces": lambda: catalog.faces.facets(BALANCED),
        "narrow slots": lambda: catalog.where("slot BETWEEN 10 AND 99").facets(BALANCED),
        "oldest 20": lambda: catalog.faces.to_arrow(["asset_id", "age"], sort="-age", limit=20),
        "SELECT ... GROUP BY": answer,
        "one asset by its name": lambda: asset_row(catalog, str(name)),
        "ids and files as Arrow": lambda: some.to_arrow(["asset_id", "uri", "sha256"]),
    }
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{catalog.count():,} rows, {os.cpu_count()} CPUs, load {load}; {WHERE}")
    print("seconds / CPU-seconds / peak MB")
    for kind, ask in kinds.items():
        tries = []
        for _ in range(2):
            start, cpu = time.perf_counter(), time.process_time()
            ask()
            tries.append((time.perf_counter() - start, time.process_time() - cpu))
        seconds, cpu = min(tries)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{kind:24} {seconds:6.2f} {cpu:6.2f} {peak:6,}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(sys.argv[2] if len(sys.argv) > 2 else temporary) / sys.argv[1]
        if not place.exists():
            make(place, int(sys.argv[1]))
        measure(place)
