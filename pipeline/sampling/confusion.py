"""Count how a scorer misreads natural images whose truth is known: by bin and by cell."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.bins import Bin, bin_index
from pipeline.attributes.held_out import HeldOut
from pipeline.sampling.targets import Axis

MOST_CELLS = 512
"""Cells above which each attribute is taken for itself alone: of more too few images are known."""

_FEWEST = 500
"""Held-out images within the limits below which all of them are used."""


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


def cell_confusions(
    axes: Sequence[Axis], held_out: HeldOut, inside: NDArray[np.bool_]
) -> list[NDArray[np.int64]]:
    """Held-out images by the cell they are read as and the true bin of each axis.

    Args:
        axes: the balanced attributes.
        held_out: the images.
        inside: bool [N], those to count; of them only such as are read as in a cell.

    Returns:
        An int64 [cells, bins + 1] for each axis; the last column: truly in none of its bins.
    """
    counts = [len(axis.bins) for axis in axes]
    size = int(np.prod(counts))
    read = [bin_index(axis.bins, held_out.read[axis.attribute]) for axis in axes]
    rows = inside & np.all([bins >= 0 for bins in read], 0)
    cell = np.ravel_multi_index([bins[rows] for bins in read], counts)
    found = []
    for axis in axes:
        bins = len(axis.bins)
        truth = bin_index(axis.bins, held_out.truth[axis.attribute])[rows]
        place = cell * (bins + 1) + np.where(truth < 0, bins, truth)
        table = np.bincount(place, minlength=size * (bins + 1))
        found.append(table.reshape(size, bins + 1).astype(np.int64))
    return found
