"""Aim quotas of perceived cells at true shares: ask more of the bins whose labels err.

Inside a perceived bin the faces are a fixed mixture of true bins, so that faces of shares q are
expected to be A q truly, with a column of A for each perceived bin. The best q of each attribute is
the least-squares solution on the simplex, and the cells are raked to these margins. No q reaches a
target outside the mixtures: a true bin can never be a larger share of the faces than it is of the
perceived bin where it is most common.

Attributes are taken one by one. Mixtures of whole cells would follow from the same held-out images,
and from some thousand of them they come out worse: most cells have a handful.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from pipeline.attributes.bins import Bin
from pipeline.attributes.held_out import HeldOut, bundled_held_out
from pipeline.errors import SpecError
from pipeline.sampling.targets import CORRECT, Target
from pipeline.sampling.true_balance import confusion, within

LEAST = 0.5
"""What a bin keeps of its wanted share, so that none vanishes for the sake of another."""

FEWEST = 10
"""Held-out images that a bin needs for its errors to count as known."""

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
    margins = []
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
        margins.append(aimed_margin(np.asarray(axis.shares), mixtures))
    axes = tuple(
        replace(axis, shares=tuple(margin.tolist()))
        for axis, margin in zip(target.axes, margins, strict=True)
    )
    return replace(target, axes=axes, shares=raked(shares, margins))


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


def raked(shares: Floats, margins: Sequence[Floats]) -> Floats:
    """The table nearest to `shares` with these margins (Deming and Stephan, 1940)."""
    table = shares.copy()
    for _ in range(_RAKES):
        for axis, margin in enumerate(margins):
            now = table.sum(tuple(i for i in range(table.ndim) if i != axis))
            factor = np.divide(margin, now, out=np.zeros_like(now), where=now > 0)
            table = table * np.expand_dims(factor, [i for i in range(table.ndim) if i != axis])
    return np.asarray(table / table.sum())
