"""Aim quotas of perceived cells at true shares: ask more of the cells whose labels err.

Inside a perceived cell the faces are a fixed mixture A of true cells (`attributed`), so a catalog
of shares q is expected to hold A q truly. The best q is the least-squares solution on the simplex.
No q reaches a target that lies outside the mixtures of A's columns: a true cell can never be a
larger share of the catalog than of the perceived cell where it is most common.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.sampling.mislabelling import Floats, attributed, perceived

_STEPS = 5000
_NEAR = 1e-9


@dataclass(frozen=True)
class TrueQuotas:
    """Shares to order, and what they should bring.

    order: float64 [*P], shares of perceived cells, summing to 1. expected: float64 [*T], the true
    shares of a catalog of them. uncorrected: the same when the target itself is ordered. Both
    take the prior and the errors as known, so that `expected` promises too much: `quota_shares` of
    the order tells how much.
    """

    order: Floats
    expected: Floats
    uncorrected: Floats


def true_quotas(
    target: Floats,
    prior: Floats,
    matrices: Sequence[Floats],
    least: float = 0.0,
) -> TrueQuotas:
    """The shares of perceived cells whose true shares come nearest to the target.

    Minimises |A q - target|^2 by accelerated projected gradients with restarts (Beck and Teboulle,
    2009; O'Donoghue and Candès, 2015), A applied attribute by attribute.

    Args:
        target: [*P], the wanted shares of cells that can be ordered. True classes after the
            perceived ones ("in none of the bins") are wanted nowhere; perceived classes with a
            target of 0 in all their cells are never ordered.
        prior: [*T], the true shares of the stream (`likeliest_shares` of natural draws).
        matrices: [T, P] an attribute, as `rates` gives them.
        least: 0 .. 1, what every cell keeps of its target share, so that none vanishes.

    Raises:
        ValueError: a wanted cell that the stream never shows.
    """
    shown = perceived(prior, matrices)
    wanted = np.zeros(prior.shape)
    wanted[tuple(slice(0, size) for size in target.shape)] = target
    uncorrected = attributed(target, prior, matrices)

    def slope(order: Floats) -> Floats:
        apart = attributed(order, prior, matrices) - wanted
        return np.divide(
            perceived(prior * apart, matrices), shown, out=np.zeros_like(shown), where=shown > 0
        )

    asked = target > 0
    # A's columns sum to 1, so that its largest row sum bounds the square of its norm.
    rate = 1 / attributed(asked.astype(np.float64), prior, matrices).max()
    order, ahead, speed = target, target, 1.0
    for _ in range(_STEPS):
        moved = np.zeros_like(target)
        moved[asked] = _onto_simplex((ahead - rate * slope(ahead))[asked], least * target[asked])
        step = moved - order
        if ((ahead - moved) * step).sum() > 0:
            speed = 1.0
        faster = (1 + np.sqrt(1 + 4 * speed**2)) / 2
        order, ahead, speed = moved, moved + (speed - 1) / faster * step, faster
        if np.abs(step).max() < _NEAR:
            break
    return TrueQuotas(order, attributed(order, prior, matrices), uncorrected)


def _onto_simplex(point: Floats, floor: Floats) -> Floats:
    """The nearest [N] that sums to 1 with no entry below its floor (Duchi et al., 2008)."""
    over, room = point - floor, 1 - floor.sum()
    down = np.sort(over)[::-1]
    excess = (np.cumsum(down) - room) / np.arange(1, over.size + 1)
    last = int(np.flatnonzero(down >= excess)[-1])
    result: Floats = floor + np.clip(over - excess[last], 0, None)
    return result
