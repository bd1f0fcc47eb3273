"""Estimate what a job's faces truly are, from how its scorer's labels err."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.bins import Bin, bin_index
from pipeline.attributes.held_out import HeldOut, bundled_held_out
from pipeline.sampling.margins import margin
from pipeline.sampling.targets import Axis, Target

ELSEWHERE = "elsewhere"
"""Label of the faces that truly lie in none of an attribute's bins."""

DRAWS = 1000
"""Posterior draws behind an interval."""

_FEWEST = 500
"""Held-out images within the limits below which all of them are used."""


def true_balance(
    target: Target,
    quotas: NDArray[np.int64],
    where: Mapping[str, Sequence[Bin]],
    held_out: HeldOut,
) -> dict[str, Any] | None:
    """The true shares of a job's faces by bin of each balanced attribute, with 95 % intervals.

    A job keeps candidates by what they are perceived as: the counts of perceived bins are chosen
    and tell nothing. Inside a perceived bin the faces are as they come, so that its true bins are
    those of natural held-out images that were perceived in it. Each such column has a Dirichlet
    posterior (Perks' prior of one image spread over it), and the faces of the job are a draw from
    it: intervals hold the doubt of both. Each attribute is taken for itself: what quotas on the
    others do to its errors is left out, and so is what screens and previews do, which pass over
    some of the faces at the edges of bins.

    Args:
        target: the cells.
        quotas: int64, shaped like `target.shares`: the faces of each.
        where: limits of every face; held-out images outside are left out, unless fewer than 500
            would be left.
        held_out: natural images that the scorer was not trained on.

    Returns:
        As plain values: images, held-out images; limited, whether only those within the limits
        were taken; axes: name -> a row a bin with what is wanted, its share, low and high, the last
        one for what lies in no bin, if anything does. None where nothing is balanced, or no
        held-out image is perceived in one of the bins.
    """
    if not target.axes or any(axis.attribute not in held_out.truth for axis in target.axes):
        return None
    inside, limited = within(held_out, where)
    rng = np.random.default_rng(0)
    axes = {}
    for i, axis in enumerate(target.axes):
        table = confusion(axis, held_out, inside)
        if (table.sum(0) == 0).any():
            return None
        if not table[-1].any():
            table = table[:-1]
        axes[axis.attribute] = _shares(axis, table, margin(quotas, i), rng)
    return {"images": int(inside.sum()), "limited": limited, "axes": axes}


def bundled_truth(
    target: Target,
    quotas: NDArray[np.int64],
    where: Mapping[str, Sequence[Bin]],
    digests: tuple[str, str],
) -> dict[str, Any] | None:
    """What `true_balance` says by the held-out readings that come with this installation.

    digests: of the job's generator and scorer. None where the readings are not of these two.
    """
    held_out = bundled_held_out(*digests)
    return None if held_out is None else true_balance(target, quotas, where, held_out)


def confusion(axis: Axis, held_out: HeldOut, inside: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Held-out images by true bin and bin read: int64 [bins + 1, bins]; the last row: in none.

    Args:
        axis: a balanced attribute.
        held_out: the images.
        inside: bool [N], those to count. Images read as in no bin are no candidates: left out.
    """
    count = len(axis.bins)
    read = bin_index(axis.bins, held_out.read[axis.attribute])
    truth = bin_index(axis.bins, held_out.truth[axis.attribute])
    rows = inside & (read >= 0)
    place = np.where(truth < 0, count, truth)[rows] * count + read[rows]
    counts = np.bincount(place, minlength=(count + 1) * count).astype(np.int64)
    return counts.reshape(-1, count)


def within(held_out: HeldOut, where: Mapping[str, Sequence[Bin]]) -> tuple[NDArray[np.bool_], bool]:
    """Held-out images whose readings keep the limits, [N], and True.

    All of them, and False, where fewer than _FEWEST keep the limits.
    """
    everything = np.ones(len(next(iter(held_out.read.values()))), bool)
    inside = everything.copy()
    for name, bins in where.items():
        if name in held_out.read:
            inside &= bin_index(bins, held_out.read[name]) >= 0
    return (inside, True) if not where or inside.sum() >= _FEWEST else (everything, False)


def _shares(
    axis: Axis, table: NDArray[np.int64], faces: NDArray[np.int64], rng: np.random.Generator
) -> list[dict[str, Any]]:
    """A row a true bin, of `faces` [bins] perceived in each; table: confusion [rows, bins]."""
    total = faces.sum()
    value = (table / table.sum(0)) @ faces / total
    drawn = np.zeros((DRAWS, len(table)))
    for column, count in zip(table.T, faces, strict=True):
        odds = rng.dirichlet(column + 1 / len(column), DRAWS)
        drawn += rng.multinomial(int(count), odds)
    low, high = np.quantile(drawn / total, (0.025, 0.975), 0)
    labels = [*axis.labels, ELSEWHERE][: len(table)]
    wanted = [*axis.shares, 0.0]
    low, high = np.minimum(low, value), np.maximum(high, value)
    return [
        {
            "bin": label,
            "wanted": wanted[i],
            "share": float(value[i]),
            "low": float(low[i]),
            "high": float(high[i]),
        }
        for i, label in enumerate(labels)
    ]
