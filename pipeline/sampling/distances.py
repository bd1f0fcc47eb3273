"""Say how far shares lie from a target.

Shares are float64 [..., *cells]; the target [*cells]; both sum to 1 over the cells. Leading axes
(draws, jobs) are kept, so that a distance of many tables comes in one call.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def total_variation(shares: Floats, target: Floats) -> Floats:
    """The share of faces that would have to change cell, 0 .. 1: half the absolute differences."""
    apart, goal = _flat(shares, target)
    distance: Floats = np.abs(apart - goal).sum(-1) / 2
    return distance


def jensen_shannon(shares: Floats, target: Floats) -> Floats:
    """Jensen-Shannon divergence in bits, 0 .. 1 (Lin, 1991); its root is a metric."""
    one, goal = _flat(shares, target)
    middle = (one + goal) / 2
    divergence: Floats = (_relative(one, middle) + _relative(goal, middle)) / 2
    return np.clip(divergence, 0, 1)


def fairness_discrepancy(shares: Floats, target: Floats) -> Floats:
    """Euclidean distance of expected class probabilities, 0 .. sqrt(2) (Choi et al., 2020).

    From "Fair Generative Modeling via Weak Supervision", where a classifier's probabilities are
    averaged; corrected shares are the same expectation, freed of its errors.
    """
    one, goal = _flat(shares, target)
    distance: Floats = np.sqrt(((one - goal) ** 2).sum(-1))
    return distance


def max_min_ratio(shares: Floats, wanted: Floats) -> Floats:
    """The best served cell over the worst, each as a multiple of what was wanted, 1 .. inf.

    Of a uniform target this is the largest share over the smallest. Cells that nobody wanted are
    left out.
    """
    one, goal = _flat(shares, wanted)
    one, goal = one[..., goal > 0], goal[goal > 0]
    served = one / goal
    least = served.min(-1)
    infinite = np.full_like(least, np.inf)
    ratio: Floats = np.divide(served.max(-1), least, out=infinite, where=least > 0)
    return ratio


def _relative(shares: Floats, other: Floats) -> Floats:
    """Kullback-Leibler divergence in bits; 0 log 0 is 0."""
    ratio = np.divide(shares, other, out=np.ones_like(other), where=shares > 0)
    result: Floats = (shares * np.log2(ratio)).sum(-1)
    return result


def _flat(shares: Floats, target: Floats) -> tuple[Floats, Floats]:
    """Both with their cells in one last axis."""
    start = shares.ndim - target.ndim
    if start < 0 or shares.shape[start:] != target.shape:
        raise ValueError(f"shares {shares.shape} and target {target.shape} differ in shape")
    return shares.reshape(*shares.shape[:start], -1), target.reshape(-1)
