"""Sum a table of cells over all its axes but one."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def margin(table: NDArray[Any], axis: int) -> NDArray[Any]:
    """The table summed over all axes but one: [bins of that one], of its dtype."""
    return np.asarray(table.sum(others(table.ndim, axis)))


def others(dimensions: int, axis: int) -> tuple[int, ...]:
    """Every axis of a table of so many dimensions but this one."""
    return tuple(i for i in range(dimensions) if i != axis)
