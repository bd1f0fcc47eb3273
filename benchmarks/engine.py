"""Measure what the engine costs: run ÷ bare loop, CPU-ms of encoding and storing, driver memory.

python benchmarks/engine.py throughput   # accepted faces/s of a worker ÷ a bare loop's
python benchmarks/engine.py storing      # CPU-ms a face at 256 px JPEG q95 4:4:4
python benchmarks/engine.py memory 1000 1000000   # driver's peak memory by number of slots
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pipeline.assets.encode import decode, encode
from pipeline.engine.cluster import cluster
from pipeline.engine.driver import claim, make_shards, plan_job
from pipeline.engine.face import Face
from pipeline.engine.faces import Faces
from pipeline.engine.job import Job
from pipeline.engine.missing import Missing
from pipeline.engine.storing import Clock, store_face
from pipeline.engine.worker import Errand, Worker, load_models
from pipeline.spec import parse_spec, read_spec
from pipeline.storage import open_store

DEMO = Path(__file__).parent.parent / "jobs/demo.yaml"


def throughput(pairs: int = 3, shards: int = 2) -> None:
    """A worker with two shards in flight against a loop that only renders and scores them."""
    ratios = []
    for pair in range(pairs):
        with tempfile.TemporaryDirectory() as folder:
            job = plan_job(read_spec(DEMO, [], folder))
            models, numbers = load_models(job), range(pair * shards, (pair + 1) * shards)
            start = time.perf_counter()
            bare = sum(1 for n in numbers for _ in Faces(job, n, models.generator, models.scorer))
            bare_seconds = time.perf_counter() - start
            worker = Worker(Errand.of(job, open_store(folder)))
            start = time.perf_counter()
            with ThreadPoolExecutor(2) as two:
                made = sum(receipt["rows"] for receipt in two.map(worker.run, numbers))
            seconds = time.perf_counter() - start
        ratios.append((made / seconds) / (bare / bare_seconds))
        print(f"bare {bare / bare_seconds:.3f} faces/s, worker {made / seconds:.3f} faces/s")
    print(f"ratio: median {statistics.median(ratios):.3f}, {min(ratios):.3f} to {max(ratios):.3f}")


def storing(count: int = 500) -> None:
    """Encode, decode, label, hash and store one face many times; CPU time of the process."""
    with tempfile.TemporaryDirectory() as folder:
        job = plan_job(read_spec(DEMO, [], folder))
        models, store = load_models(job), open_store(folder)
        face = next(iter(Faces(job, 0, models.generator, models.scorer)))
        slots = [Face(**{**vars(face), "slot": slot}) for slot in range(count)]
        start, wall = time.process_time(), time.perf_counter()
        for one in slots:
            decode(encode(one.pixels, "jpeg", 95))
            store_face(job, 0, one, store, Clock())
        cpu, wall = time.process_time() - start, time.perf_counter() - wall
    print(f"{1000 * cpu / count:.2f} CPU-ms a face, {1000 * wall / count:.2f} ms wall")


class _Silent:
    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


def memory(*counts: int) -> None:
    """The driver's peak resident memory while a null job of each size runs, before it is sealed."""
    for count in counts:
        pid = os.fork()
        if pid == 0:
            with tempfile.TemporaryDirectory() as folder:
                _run_null(count, folder)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{count:,} slots: driver peak {peak:.0f} MiB", flush=True)
            os._exit(0)
        os.waitpid(pid, 0)


def _run_null(count: int, folder: str) -> None:
    spec = parse_spec(
        {
            "name": "memory", "count": count, "output": folder, "layout": "packs",
            "generator": "builtin:null", "scorer": "builtin:null", "image": {"size": 64},
            "preview_size": 0, "batch_size": 256, "shard_size": min(5000, count),
        }
    )  # fmt: skip
    job: Job = plan_job(spec)
    store = open_store(folder)
    claim(store, job)
    missing = Missing(store, spec.count, spec.shard_size)
    with cluster(None, "auto", spec.takes_gpu) as seats:
        make_shards(job, missing, store, _Silent(), seats)


if __name__ == "__main__":
    name, *arguments = sys.argv[1:] or ["help"]
    commands: dict[str, Callable[..., None]] = {
        "throughput": throughput,
        "storing": storing,
        "memory": memory,
    }
    if name not in commands:
        sys.exit(__doc__)
    commands[name](*map(int, arguments))
