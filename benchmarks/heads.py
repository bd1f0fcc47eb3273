"""Measure what a face of `builtin:heads` costs, at each size, alone and in passes of several.

python benchmarks/heads.py                 # CPU-seconds a face, one thread
python benchmarks/heads.py --device cuda   # seconds a face
python benchmarks/heads.py --sizes 64 256 --faces 5
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from pipeline.generators.heads import Heads

SIZES = (64, 128, 256, 512, 1024)
FIRST = (64, 256)
PEOPLE = 16
"""To a pass at 64 px; larger pictures share it by their area."""

FRESH = """
import numpy as np
from pipeline.generators.heads import Heads
heads = Heads({device!r})
heads.render(heads.latents(np.zeros((1, heads.latent_size), np.float32)), {size})
"""


def main(device: str, sizes: Sequence[int], faces: int) -> None:
    """Print the tables."""
    alone, together = Heads(device, at_once=1), Heads(device, at_once=PEOPLE)
    clock = time.process_time if device == "cpu" else time.perf_counter
    print(f"{'CPU-seconds' if device == 'cpu' else 'seconds'} a face on {device}, {faces} faces,")
    print("median (largest); warm, one thread\n")
    print(f"{'px':>5} {'render':>16} {'pictures':>16} {'render, in passes':>20}")
    for size in sizes:
        cells = [cell(seconds(f, alone, size, faces, 1, clock)) for f in ("render", "pictures")]
        people = max(1, PEOPLE * 64**2 // size**2)
        cells.append(cell(seconds("render", together, size, faces, people, clock)))
        print(f"{size:>5} {cells[0]:>16} {cells[1]:>16} {cells[2]:>20}", flush=True)
    print("\nthe first image of a fresh process, imports included")
    for size in FIRST:
        wall, cpu = first_image(device, size)
        print(f"{size:>5} px: {wall:.1f} s, {cpu:.1f} CPU-s", flush=True)


def seconds(
    method: str,
    heads: Heads,
    size: int,
    faces: int,
    people: int,
    clock: Callable[[], float],
) -> list[float]:
    """Seconds a face of each pass of `people`, at least `faces` in all, after a warm-up."""
    passes = max(3, -(-faces // people))
    rng = np.random.default_rng(size)
    normals = rng.standard_normal((passes + 1, people, heads.latent_size)).astype(np.float32)
    spent = []
    for several in normals:
        w = heads.latents(several)
        start = clock()
        getattr(heads, method)(w, size)
        spent.append((clock() - start) / people)
    return spent[1:]


def first_image(device: str, size: int) -> tuple[float, float]:
    """Wall and CPU seconds of a process that starts, imports, and renders one face."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    code = FRESH.format(device=device, size=size)
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent.parent)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def cell(spent: Sequence[float]) -> str:
    """Median and largest."""
    return f"{statistics.median(spent):.3f} ({max(spent):.3f})"


if __name__ == "__main__":
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--faces", type=int, default=12)
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device cuda: torch sees no CUDA device here.")
    main(options.device, options.sizes, options.faces)
