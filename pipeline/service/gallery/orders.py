"""Put rows into the orders in which visitors look at them: int32 numbers of rows, first to last."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def by_turns(cell: NDArray[np.int32], by_slot: NDArray[np.int32]) -> NDArray[np.int32]:
    """The first face of every cell, the second of every cell, and so on."""
    order = by_slot[in_order(cell[by_slot])]
    cells = cell[order]
    starts = np.flatnonzero(np.r_[True, cells[1:] != cells[:-1]])
    turn = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    return order[in_order(turn)]


def by_people(people: NDArray[np.int32], order: NDArray[np.int32]) -> NDArray[np.int32]:
    """All pictures of the first person of an order, then of the next one, and so on.

    people: the number of each row's person.
    """
    _, first = np.unique(people[order], return_index=True)
    return order[np.argsort(first[people[order]], kind="stable")]


def ranks(key: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Values in 65,535 steps from the smallest to the largest; NaN after them."""
    low, high = (0.0, 1.0) if np.isnan(key).all() else (np.nanmin(key), np.nanmax(key))
    steps = (key - low) * (65_534 / max(high - low, 1e-9))
    return np.nan_to_num(np.round(steps), nan=65_535).astype(np.uint16)


def in_order(key: NDArray[Any]) -> NDArray[np.int64]:
    """A stable order; numbers of 16 bits are sorted in linear time."""
    if key.dtype != np.uint16 and len(key) and key.min() >= 0 and key.max() < 2**16:
        key = key.astype(np.uint16)
    return np.argsort(key, kind="stable")
