"""Measure whether true shares are told and met, on builtin:heads, whose truth is known.

python benchmarks/true_balance.py --to stream.npz      # renders 32,000 previews first, some minutes
python benchmarks/true_balance.py --to stream.npz      # 200 simulated jobs on them

A job: 12,000 images of the natural stream are held out; 2,000 faces are taken from the rest by what
they are read as, uniform over 5 ages x 2 presentations x 5 tones; once as wanted, once ordered with
`balance.correct`. A cell with fewer faces than are ordered gives some of them twice. The endless
catalog holds of each cell what all the other draws read so are on average: no luck of 2,000 faces.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import argparse
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.attributes import load_scorer
from pipeline.attributes.bins import bin_index
from pipeline.attributes.held_out import HeldOut
from pipeline.attributes.value_file import Values
from pipeline.generators.heads import Heads, truth
from pipeline.sampling.distances import (
    fairness_discrepancy,
    jensen_shannon,
    max_min_ratio,
    total_variation,
)
from pipeline.sampling.margins import margin
from pipeline.sampling.quotas import quotas
from pipeline.sampling.seeds import probes
from pipeline.sampling.targets import Target, parse_balance
from pipeline.sampling.true_balance import true_balance
from pipeline.sampling.true_quotas import aimed
from pipeline.training.draws import tone_class

TARGET = parse_balance(
    {
        "age": ["0-17", "18-29", "30-44", "45-59", "60-99"],
        "gender_presentation": "uniform",
        "skin_tone": ["1-2", "3-4", "5-6", "7-8", "9-10"],
    }
)
HELD_OUT, FACES, BATCH, PX = 12_000, 2_000, 16, 64

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


def stream(path: Path, draws: int) -> tuple[Values, Values]:
    """Readings and truth of natural draws, kept in a file."""
    if not path.exists():
        torch.set_num_threads(1)
        heads, scorer = Heads(at_once=BATCH), load_scorer("builtin:heads")
        w = heads.latents(probes(1, draws, heads.latent_size))
        parts = [
            scorer.score(heads.preview(w[i : i + BATCH], PX)).values for i in range(0, draws, BATCH)
        ]
        true = truth(w)
        names = [axis.attribute for axis in TARGET.axes]
        read = {name: np.concatenate([part[name] for part in parts]) for name in names}
        true = {name: np.asarray(true[name]) for name in names}
        true["skin_tone"] = (1 + tone_class(true["skin_tone"])).astype(np.float32)
        every = read | {f"true_{name}": values for name, values in true.items()}
        np.savez(path, allow_pickle=False, **every)
    with np.load(path) as file:
        found = {name: file[name] for name in file.files}
    read = {name: values for name, values in found.items() if not name.startswith("true_")}
    return read, {name: found[f"true_{name}"] for name in read}


def cells(values: Values) -> Rows:
    """The cell of each row, -1 for none."""
    places = [bin_index(axis.bins, values[axis.attribute]) for axis in TARGET.axes]
    cell = np.ravel_multi_index(places, TARGET.shares.shape, mode="clip")
    return np.where(np.all([place >= 0 for place in places], 0), cell, -1).astype(np.int64)


def fill(target: Target, read: Rows, pool: Rows, rng: np.random.Generator) -> Rows:
    """Rows of the pool that fill the target's quotas by what they are read as."""
    kept = []
    for cell, count in enumerate(quotas(target, FACES).ravel()):
        here = pool[read[pool] == cell]
        kept.append(rng.choice(here, int(count), replace=bool(len(here) < count)))
    return np.concatenate(kept)


def shares(cell: Rows) -> Floats:
    """Share of every cell."""
    counts = np.bincount(cell[cell >= 0], minlength=TARGET.shares.size)
    return (counts / len(cell)).reshape(TARGET.shares.shape)


def main(path: Path, draws: int, jobs: int) -> None:
    """Simulate the jobs and print the table."""
    read, true = stream(path, draws)
    seen, real = cells(read), cells(true)
    figures: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for job in range(jobs):
        rng = np.random.default_rng([0, job])
        order = rng.permutation(draws)
        held, pool = order[:HELD_OUT], order[HELD_OUT:]
        read_as = (pool[seen[pool] == cell] for cell in range(TARGET.shares.size))
        mixtures = np.stack([shares(real[rows]).ravel() for rows in read_as])
        held_out = HeldOut(
            {name: values[held] for name, values in read.items()},
            {name: values[held] for name, values in true.items()},
            "",
            "",
        )
        for kind, target in (("raw", TARGET), ("corrected", aimed(TARGET, {}, held_out))):
            rows = fill(target, seen, pool, rng)
            found = shares(real[rows])
            told = true_balance(
                replace(target, axes=TARGET.axes), quotas(target, FACES), {}, held_out
            )
            assert told is not None
            for i, axis in enumerate(TARGET.axes):
                truly = margin(found, i)
                for value, row in zip(truly, told["axes"][axis.attribute], strict=False):
                    figures["intervals hold, %", kind].append(
                        100.0 * (row["low"] <= value <= row["high"])
                    )
                figures[f"TV, {axis.attribute}", kind].append(
                    float(total_variation(truly, np.asarray(axis.shares)))
                )
            endless = (quotas(target, FACES) / FACES).ravel() @ mixtures
            figures["TV, cells, endless catalog", kind].append(
                float(total_variation(endless, TARGET.shares.ravel()))
            )
            for name, distance in (
                ("TV, cells", total_variation),
                ("JS of cells, bits", jensen_shannon),
                ("fairness discrepancy, cells", fairness_discrepancy),
                ("max / min, cells", max_min_ratio),
            ):
                figures[name, kind].append(float(distance(found, TARGET.shares)))
    print(f"{draws:,} natural draws, {jobs} jobs of {FACES:,} faces, {TARGET.shares.size} cells")
    print(f"{'mean over the jobs':<30}{'raw':>12}{'corrected':>12}{'ratio':>8}")
    for name in dict.fromkeys(name for name, _ in figures):
        raw, corrected = (float(np.mean(figures[name, kind])) for kind in ("raw", "corrected"))
        print(f"{name:<30}{raw:>12.4f}{corrected:>12.4f}{corrected / raw:>8.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--to", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=32_000)
    parser.add_argument("--jobs", type=int, default=200)
    options = parser.parse_args()
    main(options.to, options.draws, options.jobs)
