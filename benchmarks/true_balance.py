"""Measure whether corrected shares and quotas hold against ground truth, in simulated jobs.

python benchmarks/true_balance.py                # 200 jobs
python benchmarks/true_balance.py --hard 0.2     # errors of different attributes come together

The world: 5 ages x 2 presentations x 5 tones, the commonest cell 20 times the rarest; a scorer that
errs as often as the bundled one or more; 3,000 held-out images from the natural stream; 20,000
natural draws; catalogs of 2,000 faces taken by their perceived cell, uniform over all 50.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipeline.sampling.distances import (
    fairness_discrepancy,
    jensen_shannon,
    max_min_ratio,
    total_variation,
)
from pipeline.sampling.quotas import largest_remainder
from pipeline.sampling.true_quotas import true_quotas
from pipeline.sampling.true_shares import (
    Estimate,
    TrueShares,
    learn_stream,
    quota_shares,
    sample_shares,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SHAPE = (5, 2, 5)
CELLS = 50
TARGET = np.full(SHAPE, 1 / CELLS)
SKEW = 20.0
HELD_OUT, NATURAL, FACES = 3000, 20_000, 2000
NEIGHBOUR = {0: 0.10, 1: 0.04, 2: 0.10}
"""How often an attribute's class is taken for the next one, at either side."""

HARDER = 3.0
"""How much oftener a hard image is misread, in all its attributes at once."""


@dataclass(frozen=True)
class World:
    """A stream of candidates and its scorer.

    prior: float64 [50], true shares. easy, hard: [50, 50], P(perceived | true) of images of either
    kind. share: of hard images.
    """

    prior: Floats
    easy: Floats
    hard: Floats
    share: float

    @property
    def joint(self) -> Floats:
        """P(true, perceived) of the stream: [50, 50]."""
        errors = (1 - self.share) * self.easy + self.share * self.hard
        return self.prior[:, None] * errors


def world(hard: float, rng: np.random.Generator) -> World:
    """A world whose attributes hang together, its commonest cell SKEW times its rarest."""
    logs = rng.normal(size=SHAPE)
    for axis, size in enumerate(SHAPE):
        slope = np.linspace(1.5, -1.5, size)
        logs += slope.reshape([size if i == axis else 1 for i in range(len(SHAPE))])
    logs = (logs - logs.min()) / np.ptp(logs) * np.log(SKEW)
    prior = np.exp(logs.ravel()) / np.exp(logs).sum()
    return World(prior, errors(1.0), errors(HARDER), hard)


def errors(factor: float) -> Floats:
    """P(perceived | true) over cells, [50, 50], with errors `factor` times as frequent."""
    joint = np.ones((1, 1))
    for axis, size in enumerate(SHAPE):
        rate = min(0.45, NEIGHBOUR[axis] * factor)
        matrix = rate * (np.eye(size, k=1) + np.eye(size, k=-1))
        matrix += np.diag(1 - matrix.sum(1))
        joint = np.kron(joint, matrix)
    return joint


def count(joint: Floats, images: int, rng: np.random.Generator) -> Ints:
    """Images of the stream by true and perceived cell: int64 [50, 50]."""
    return rng.multinomial(images, joint.ravel()).reshape(joint.shape)


def by_attribute(pairs: Ints) -> list[Ints]:
    """The confusion counts of each attribute: int64 [T, P] each."""
    table = pairs.reshape(SHAPE * 2)
    axes = range(len(SHAPE))
    return [
        table.sum(tuple(i for i in range(2 * len(SHAPE)) if i % len(SHAPE) != axis))
        for axis in axes
    ]


def fill(order: Ints, joint: Floats, rng: np.random.Generator) -> Floats:
    """True shares [*SHAPE] of a catalog filled to int64 [50] quotas of perceived cells."""
    odds = (joint / joint.sum(0)).T
    truths = rng.multinomial(order, odds).sum(0)
    return (truths / order.sum()).reshape(SHAPE)


@dataclass
class Tally:
    """How often intervals held the truth, and how far estimates were from it, job by job.

    cells, margins, distance: shares of intervals that held it. width: mean of the cells' intervals.
    apart: TV between estimate and truth.
    """

    cells: list[float] = field(default_factory=list)
    margins: list[float] = field(default_factory=list)
    distance: list[float] = field(default_factory=list)
    width: list[float] = field(default_factory=list)
    apart: list[float] = field(default_factory=list)

    def add(self, found: TrueShares, truth: Floats) -> None:
        """Judge one estimate."""
        cells = found.cells()
        self.cells.append(covered(cells, truth))
        self.width.append(float((cells.high - cells.low).mean()))
        self.apart.append(float(total_variation(found.value, truth)))
        for axis in range(len(SHAPE)):
            others = tuple(i for i in range(len(SHAPE)) if i != axis)
            self.margins.append(covered(found.margin(axis), truth.sum(others)))
        tv = found.figure(lambda shares: total_variation(shares, TARGET))
        self.distance.append(covered(tv, total_variation(truth, TARGET)))

    def line(self) -> str:
        """The means of all jobs."""
        held = (100 * np.mean(part) for part in (self.cells, self.margins, self.distance))
        shown = "".join(f"{share:>9.1f} %" for share in held)
        return f"{shown}{np.mean(self.width):>11.4f}{np.mean(self.apart):>11.4f}"


def covered(found: Estimate, truth: Floats) -> float:
    """The share of intervals that hold the truth."""
    near = 1e-12
    return float(((found.low - near <= truth) & (truth <= found.high + near)).mean())


@dataclass
class Figures:
    """What all jobs came to.

    raw, corrected: true shares [*SHAPE] of each job's catalogs. raw_ideal, corrected_ideal: the
    same of endless catalogs. promised: TV of the plans' expected shares. empty: perceived cells
    without an order.
    """

    quotas: Tally = field(default_factory=Tally)
    wrong: Tally = field(default_factory=Tally)
    aimed: Tally = field(default_factory=Tally)
    sample: Tally = field(default_factory=Tally)
    raw: list[Floats] = field(default_factory=list)
    corrected: list[Floats] = field(default_factory=list)
    raw_ideal: list[Floats] = field(default_factory=list)
    corrected_ideal: list[Floats] = field(default_factory=list)
    promised: list[float] = field(default_factory=list)
    empty: list[int] = field(default_factory=list)


def simulate(job: int, hard: float, seed: int, figures: Figures) -> None:
    """Make one world, learn it, and fill and judge its catalogs."""
    rng = np.random.default_rng([seed, job])
    joint = world(hard, rng).joint
    held_out = by_attribute(count(joint, HELD_OUT, rng))
    natural = count(joint, NATURAL, rng).sum(0).reshape(SHAPE)
    stream = learn_stream(natural, held_out, job)

    order = np.full(SHAPE, FACES // CELLS)
    raw = fill(order.ravel(), joint, rng)
    figures.quotas.add(quota_shares(order, stream, job), raw)
    if job % 4 == 0:
        figures.wrong.add(sample_shares(order, held_out, job), raw)

    sample = count(joint, FACES, rng)
    found = sample_shares(sample.sum(0).reshape(SHAPE), held_out, job)
    figures.sample.add(found, (sample.sum(1) / FACES).reshape(SHAPE))

    plan = true_quotas(TARGET, stream.prior, stream.rates)
    aimed = largest_remainder(plan.order.ravel(), FACES)
    corrected = fill(aimed, joint, rng)
    figures.aimed.add(quota_shares(aimed.reshape(SHAPE), stream, job), corrected)

    odds = joint / joint.sum(0)
    figures.raw.append(raw)
    figures.corrected.append(corrected)
    figures.raw_ideal.append((odds @ TARGET.ravel()).reshape(SHAPE))
    figures.corrected_ideal.append((odds @ aimed / FACES).reshape(SHAPE))
    figures.promised.append(float(total_variation(plan.expected, TARGET)))
    figures.empty.append(int((aimed == 0).sum()))


def main(jobs: int, hard: float, seed: int) -> None:
    """Print the tables."""
    figures = Figures()
    for job in range(jobs):
        simulate(job, hard, seed, figures)
    print(f"{jobs} jobs, {100 * hard:g} % hard images\n")
    head = "".join(f"{word:>11}" for word in ("cells", "margins", "TV", "width", "off by"))
    print(f"{'95 % intervals hold the truth':<36}{head}")
    for name, tally in (
        ("quotas: by quota_shares", figures.quotas),
        ("quotas: by sample_shares (wrong)", figures.wrong),
        ("corrected quotas: by quota_shares", figures.aimed),
        ("natural sample: by sample_shares", figures.sample),
    ):
        print(f"{name:<36}{tally.line()}")
    labels = total_variation(np.stack(figures.raw), TARGET).mean()
    print(f"{'quotas: labels taken at their word':<36}{labels:>55.4f}\n")
    print(f"{'true shares from the target':<36}{'raw':>11}{'corrected':>11}{'ratio':>11}")
    line("TV, endless catalog", total_variation, figures.raw_ideal, figures.corrected_ideal)
    for name, distance in (
        (f"TV, {FACES:,} faces", total_variation),
        ("JS, bits", jensen_shannon),
        ("fairness discrepancy", fairness_discrepancy),
        ("max / min", max_min_ratio),
    ):
        line(name, distance, figures.raw, figures.corrected)
    print(f"\nTV that the plan promised: {np.mean(figures.promised):.4f}")
    print(f"perceived cells that it leaves empty, of {CELLS}: {np.mean(figures.empty):.1f}")


def line(
    name: str,
    distance: Callable[[Floats, Floats], Floats],
    raw: Sequence[Floats],
    corrected: Sequence[Floats],
) -> None:
    """A distance (the median of all jobs) under both kinds of quotas, and their ratio."""
    one, other = (float(np.median(distance(np.stack(all_), TARGET))) for all_ in (raw, corrected))
    print(f"{name:<36}{one:>11.4f}{other:>11.4f}{other / one:>11.3f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--hard", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    main(options.jobs, options.hard, options.seed)
