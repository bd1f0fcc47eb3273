"""Estimate what a job's faces truly are, from how its scorer's labels err."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.bins import Bin
from pipeline.attributes.held_out import HeldOut, bundled_held_out
from pipeline.sampling.confusion import MOST_CELLS, cell_confusions, confusion, within
from pipeline.sampling.margins import margin
from pipeline.sampling.targets import Axis, Target

ELSEWHERE = "elsewhere"
"""Label of the faces that truly lie in none of an attribute's bins."""

DRAWS = 1000
"""Posterior draws behind an interval."""

LIKE = 2
"""Images like those of the bin at large that stand beside a cell's own.

So few that cells differ as they do: with the 300 by which quotas are aimed best, shares were off by
up to half a point, and intervals held in 91 % of simulated jobs; with 2, 5 or 10 in 94 %.
"""

Floats = NDArray[np.float64]


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
    posterior (Perks' prior of one image spread over it). A scorer errs more on some people than on
    others, and quotas on the other attributes choose among them: the mixture of a cell is that of
    its bin, which counts like LIKE images, and what the cell's own images say. The faces of the
    job are a draw from it: intervals hold the doubt of all three. They are too narrow where people
    who are read worse than others have cells of a few held-out images each: there the bin speaks
    for them. What screens and previews do, which pass over some of the faces at the edges of bins,
    is left out.

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
    cells: list[NDArray[np.int64]] | list[None] = [None] * len(target.axes)
    if len(target.axes) > 1 and quotas.size <= MOST_CELLS:
        cells = cell_confusions(target.axes, held_out, inside)
    axes = {}
    for i, (axis, own) in enumerate(zip(target.axes, cells, strict=True)):
        table = confusion(axis, held_out, inside)
        if (table.sum(0) == 0).any():
            return None
        true = len(table) if table[-1].any() else len(table) - 1
        odds = _bin_odds(table[:true], rng)
        if own is None:
            parts = zip(odds, margin(quotas, i), strict=True)
        else:
            bins = np.indices(quotas.shape)[i].ravel()
            of_cells = (
                _cell_odds(odds[b], o, rng) for b, o in zip(bins, own[:, :true], strict=True)
            )
            parts = zip(of_cells, quotas.ravel(), strict=True)
        axes[axis.attribute] = _rows(axis, true, parts, rng)
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


def _bin_odds(table: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """What may truly be in each perceived bin: float64 [bins, DRAWS + 1, true bins].

    The first draw is no draw but what is expected. table: confusion, [true bins, bins].
    """
    odds = [rng.dirichlet(column + 1 / len(column), DRAWS) for column in table.T]
    expected = (table / table.sum(0)).T[:, None]
    return np.concatenate([expected, np.stack(odds)], 1)


def _cell_odds(odds: Floats, own: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """The same of a cell, from that of its bin, both [DRAWS + 1, true bins].

    own: [true bins], held-out images perceived in the cell.
    """
    weights = own + LIKE * odds
    weights[1:] = rng.standard_gamma(weights[1:])
    return np.asarray(weights / weights.sum(1, keepdims=True))


def _rows(
    axis: Axis, true: int, parts: Iterable[tuple[Floats, np.int64]], rng: np.random.Generator
) -> list[dict[str, Any]]:
    """A row for each of `true` bins, of `parts`: what may be in a bin or cell, and its faces."""
    value, drawn, total = np.zeros(true), np.zeros((DRAWS, true)), 0
    for odds, faces in parts:
        value += faces * odds[0]
        drawn += rng.multinomial(faces, odds[1:])
        total += int(faces)
    value, drawn = value / total, drawn / total
    low, high = np.quantile(drawn, (0.025, 0.975), 0)
    labels = [*axis.labels, ELSEWHERE][: len(value)]
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
