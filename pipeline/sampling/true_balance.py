"""Estimate what a job's faces truly are, from how its scorer's labels err."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.bins import Bin, bin_index
from pipeline.attributes.held_out import HeldOut
from pipeline.sampling.distances import total_variation
from pipeline.sampling.natural import natural_cells
from pipeline.sampling.targets import Axis, Target
from pipeline.sampling.true_shares import Estimate, learn_stream, quota_shares

MOST_CELLS = 2_000
"""Cells up to which the estimate is made."""

ELSEWHERE = "elsewhere"
"""Label of the faces that truly lie in none of an attribute's bins."""

_FEWEST = 500
"""Held-out images within the limits below which all of them are used."""


def true_balance(
    target: Target,
    quotas: NDArray[np.int64],
    where: Mapping[str, Sequence[Bin]],
    natural: Mapping[str, NDArray[np.generic]],
    held_out: HeldOut,
) -> dict[str, Any] | None:
    """The true shares of a job's faces by bin of each balanced attribute, with 95 % intervals.

    The faces of a cell are those of the stream of candidates that the scorer put there
    (`quota_shares`). The errors of attributes are taken as independent of each other.

    Args:
        target: the cells.
        quotas: int64, shaped like `target.shares`: the faces of each.
        where: limits of every face; natural draws and held-out images outside are left out.
        natural: name -> [N], readings of natural draws.
        held_out: readings and truth of images that the scorer was not trained on.

    Returns:
        As plain values: images, held-out images; draws, natural ones within the limits; axes: name
        -> a row a bin with its share, low and high, the last one for what lies in no bin; and
        total_variation, how far cells are from their asked shares, by the likeliest estimate.
        None where nothing is balanced, or too little is known of its attributes or bins.
    """
    known = all(axis.attribute in held_out.truth for axis in target.axes)
    if not target.axes or not known or target.shares.size > MOST_CELLS:
        return None
    hits = natural_cells(natural, target, where).hits.reshape(target.shares.shape)
    inside = _within(held_out, where)
    tables, rows = [], []
    for axis in target.axes:
        table = confusion(axis, held_out, inside)
        seen = table.sum(1) > 0
        if not seen[:-1].all():
            return None
        tables.append(table[seen])
        rows.append([*axis.labels, ELSEWHERE][: len(tables[-1])])
    if ((hits == 0) & (quotas > 0)).any():
        return None
    shares = quota_shares(quotas, learn_stream(hits, tables, seed=0), seed=0)
    asked = np.zeros(shares.value.shape)
    asked[tuple(slice(0, size) for size in quotas.shape)] = quotas / quotas.sum()
    return {
        "images": int(inside.sum()),
        "draws": int(hits.sum()),
        "axes": {
            axis.attribute: _rows(labels, shares.margin(i))
            for i, (axis, labels) in enumerate(zip(target.axes, rows, strict=True))
        },
        "total_variation": float(total_variation(shares.value, asked)),
    }


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


def _within(held_out: HeldOut, where: Mapping[str, Sequence[Bin]]) -> NDArray[np.bool_]:
    """Held-out images whose readings keep the limits; all of them where hardly any do."""
    everything = np.ones(len(next(iter(held_out.read.values()))), bool)
    inside = everything.copy()
    for name, bins in where.items():
        if name in held_out.read:
            inside &= bin_index(bins, held_out.read[name]) >= 0
    return inside if inside.sum() >= _FEWEST else everything


def _rows(labels: Sequence[str], found: Estimate) -> list[dict[str, Any]]:
    return [
        {"bin": label, "share": float(value), "low": float(low), "high": float(high)}
        for label, value, low, high in zip(labels, found.value, found.low, found.high, strict=True)
    ]
