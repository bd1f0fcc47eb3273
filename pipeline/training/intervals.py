"""Put 95 % bootstrap intervals around figures."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 400
"""Bootstrap resamples behind each interval."""

Rows = NDArray[np.int64]


def interval(figure: Callable[[Rows], float], count: int, rng: np.random.Generator) -> list[float]:
    """[figure, low, high]: a figure of all rows, and where it lies for 95 % of resamples."""
    spread = [figure(rng.integers(0, count, count)) for _ in range(RESAMPLES)]
    return _rounded(figure(np.arange(count)), np.array(spread))


def mean_interval(values: NDArray[np.generic], rng: np.random.Generator) -> list[float]:
    """The same for the mean of [B]; three zeros of nothing."""
    if not len(values):
        return [0.0, 0.0, 0.0]
    numbers = values.astype(np.float64)
    spread = numbers[rng.integers(0, len(numbers), (RESAMPLES, len(numbers)))].mean(1)
    return _rounded(float(numbers.mean()), spread)


def span(figure: Sequence[float], form: str) -> str:
    """`value [low, high]`, each as the format `form` has it."""
    value, low, high = (format(number, form) for number in figure)
    return f"{value} [{low}, {high}]"


def _rounded(value: float, spread: NDArray[np.float64]) -> list[float]:
    low, high = np.percentile(spread, [2.5, 97.5])
    return [round(value, 4), round(float(low), 4), round(float(high), 4)]
