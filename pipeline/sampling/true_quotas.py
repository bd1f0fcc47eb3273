"""Aim quotas of perceived cells at true shares: ask more of the cells whose labels err.

Inside a perceived cell the faces are a fixed mixture of true cells, so that faces of shares q are
expected to be A q truly, with a column of A for each perceived cell. No q reaches a target outside
the mixtures: a true bin can never be a larger share of the faces than it is of the perceived bin
where it is most common.

First each attribute is taken for itself: the best q of its bins is the least-squares solution on
the simplex, and the cells are raked to these margins. Then the cells are taken one by one, for a
scorer errs more on some people than on others: what truly is in a cell is told from the held-out
images read so, which are few, and from what its bins hold at large, which counts like PRIOR more.
A few steps of Richardson (1972) and Lucy (1974) move the cells towards the target, and end before
they follow the noise of the few.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from pipeline.attributes.bins import Bin
from pipeline.attributes.held_out import HeldOut, bundled_held_out
from pipeline.errors import SpecError
from pipeline.sampling.confusion import (
    MOST_CELLS,
    cell_confusions,
    confusion,
    within,
)
from pipeline.sampling.margins import margin, others
from pipeline.sampling.targets import CORRECT, Axis, Target

LEAST = 0.5
"""What a bin keeps of its wanted share, so that none vanishes for the sake of another."""

FEWEST = 10
"""Held-out images that a bin needs for its errors to count as known."""

PRIOR = 300
"""Images like those of the bin at large that stand beside a cell's own; 100 do nearly as well."""

STEPS = 3
"""Steps towards the target, cell by cell."""

_SUM = 1e4
"""Weight of the condition that shares sum to 1, against equations about shares."""

_RAKES = 100
"""Rounds of raking; independent attributes need one."""

Floats = NDArray[np.float64]


def ordered(target: Target, where: Mapping[str, Sequence[Bin]], digests: tuple[str, str]) -> Target:
    """The target of perceived cells that a job orders: its own, or the aimed one.

    digests: of generator and scorer.

    Raises:
        SpecError: true shares are wanted, and nothing is known of how this scorer errs.
    """
    if not target.correct:
        return target
    held_out = bundled_held_out(*digests)
    if held_out is None:
        raise SpecError(
            f"balance.{CORRECT}: nothing is known of how this scorer errs on pictures of this "
            "generator; remove it, or take builtin:heads for both."
        )
    return aimed(target, where, held_out)


def aimed(target: Target, where: Mapping[str, Sequence[Bin]], held_out: HeldOut) -> Target:
    """The target to order, so that the faces are truly as `target` says.

    Args:
        target: the true shares that are wanted.
        where: limits of every face, see `true_balance`.
        held_out: natural images whose truth is known.

    Raises:
        SpecError: nothing is known of how the scorer errs on an attribute or in one of its bins.
    """
    inside, _ = within(held_out, where)
    shares = target.shares
    tables = []
    for axis in target.axes:
        if axis.attribute not in held_out.truth:
            raise SpecError(
                f"balance.{CORRECT}: nothing is known of how {axis.attribute} is misread; "
                f"remove it from balance, or remove {CORRECT}."
            )
        table = confusion(axis, held_out, inside)
        images = table.sum(0)
        few = np.flatnonzero(images < FEWEST)
        if len(few):
            bin_ = int(few[0])
            raise SpecError(
                f"balance.{CORRECT}: of the held-out images {images[bin_]} are read as "
                f"{axis.attribute} {axis.labels[bin_]}, too few to know its errors; widen the bin, "
                f"or remove {CORRECT}."
            )
        # Perks' prior of one image, as in `true_balance`.
        mixtures = (table + 1 / len(table)) / (images + 1)
        tables.append(mixtures)
    margins = [
        aimed_margin(np.asarray(axis.shares), mixtures)
        for axis, mixtures in zip(target.axes, tables, strict=True)
    ]
    order = raked(shares, margins)
    if order.size <= MOST_CELLS:
        mixtures = cell_mixtures(target.axes, tables, held_out, inside)
        order = nearer(order.ravel(), shares.ravel(), mixtures).reshape(order.shape)
    axes = tuple(
        replace(axis, shares=tuple(margin(order, i).tolist())) for i, axis in enumerate(target.axes)
    )
    return replace(target, axes=axes, shares=order)


def aimed_margin(wanted: Floats, mixtures: Floats) -> Floats:
    """Shares of perceived bins whose true shares come nearest to the wanted: float64 [P].

    Least squares over shares that keep LEAST of what is wanted (Lawson and Hanson, 1974).

    Args:
        wanted: [P], true shares of the bins; a bin with 0 is not ordered.
        mixtures: [T, P], T >= P: what truly is in each perceived bin; columns sum to 1. True bins
            after the perceived ones, "in none", are wanted nowhere.
    """
    asked = wanted > 0
    floor = LEAST * wanted
    goal = np.zeros(len(mixtures))
    goal[: len(wanted)] = wanted
    rows = np.vstack([mixtures[:, asked], np.full(int(asked.sum()), _SUM)])
    rest = np.append(goal - mixtures @ floor, _SUM * (1 - floor.sum()))
    order = floor.copy()
    order[asked] += nnls(rows, rest)[0]
    return np.asarray(order / order.sum())


def cell_mixtures(
    axes: Sequence[Axis], tables: Sequence[Floats], held_out: HeldOut, inside: NDArray[np.bool_]
) -> Floats:
    """What truly is in each perceived cell: float64 [C, C], true cells by perceived ones.

    Columns sum to 1 or, where faces truly lie in no cell, to less. Inside a perceived cell the
    attributes err one by one.

    Args:
        axes: the balanced attributes.
        tables: what truly is in each bin of each of them, float64 [bins + 1, bins].
        held_out: natural images whose truth is known.
        inside: bool [N], those to count.
    """
    place = np.indices([len(axis.bins) for axis in axes]).reshape(len(axes), -1)
    found = np.ones((place.shape[1], 1))
    own = cell_confusions(axes, held_out, inside)
    for counts, table, bins in zip(own, tables, place, strict=True):
        share = counts + PRIOR * table.T[bins]
        share = share[:, :-1] / share.sum(1, keepdims=True)
        found = (found[:, :, None] * share[:, None, :]).reshape(len(found), -1)
    return np.asarray(found.T)


def nearer(order: Floats, wanted: Floats, mixtures: Floats) -> Floats:
    """Shares of perceived cells, [C], some steps nearer to the true shares wanted than `order`.

    No cell keeps less than LEAST of what is wanted, and none that is not ordered becomes so.
    """
    floor = LEAST * wanted
    for _ in range(STEPS):
        met = mixtures @ order
        missing = np.divide(wanted, met, out=np.zeros_like(met), where=met > 0)
        order = order * (mixtures.T @ missing)
        free = np.maximum(order / order.sum() - floor, 0)
        order = floor + free * (1 - floor.sum()) / free.sum()
    return order


def raked(shares: Floats, margins: Sequence[Floats]) -> Floats:
    """The table nearest to `shares` with these margins (Deming and Stephan, 1940)."""
    table = shares.copy()
    for _ in range(_RAKES):
        for axis, wanted in enumerate(margins):
            now = margin(table, axis)
            factor = np.divide(wanted, now, out=np.zeros_like(now), where=now > 0)
            table = table * np.expand_dims(factor, others(table.ndim, axis))
    return np.asarray(table / table.sum())
