"""Draw latents of a rare cell without drawing all the others first: elliptical slice sampling.

A chain of standard normal draws (Murray, Adams and MacKay, 2010) whose law comes near the natural
one among the latents that make the cell ENOUGH probable: what is left of natural draws when all
others are passed over, at a cost that hardly grows with rarity. Every step takes an ellipse through
the present point and a fresh natural draw, and a point on it whose weight exceeds a random share of
the present one; there is nothing to tune. The weight is even where the cell is probable enough, and
falls steeply outside, which is how chains find it; none leaves it again. Where such latents lie in
several places, chains seldom cross from one to the other, and each gets the share of those that
arrive there.

Faces of the cell that only show in the picture, and not in the latent, are left out: of a cell so
rare that no latent promises it, those who look for it would otherwise render thousands for one.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

ENOUGH = 0.1
"""Probability from which a latent counts as the cell's."""

STEPS = 100
"""Steps of a chain after it has come to its cell, by which it forgets where it came in."""

MOST_STEPS = 1000
"""Steps after which a chain that has not come to its cell is given up."""

_PULL = 8.0
"""Power of the probability outside."""

_TURNS = 60
"""Tries of one step; the arc halves about with each, so that this many always suffice."""

Ints = NDArray[np.int64]

LogOdds = Callable[[NDArray[np.float32], Ints], NDArray[np.float64]]
"""Logarithm of the cell's probability of draws [B, D]; which chains they are of is told, [B]."""


def settled(
    seed: int, candidates: Sequence[tuple[int, int]], size: int, log_odds: LogOdds
) -> NDArray[np.float32]:
    """The last draw of one chain for each (slot, attempt): float32 [len(candidates), size].

    Chains draw their numbers from their own place alone, as `seeds.normals` do, from another
    stream; what the odds of a draw are to the last bit may depend on who shares the call. Which
    ones came to their cell, the probability of their draws tells.

    Args:
        seed: of the job.
        candidates: (slot, attempt) of each chain.
        size: D, of a draw.
        log_odds: of draws and the chains that they belong to.
    """
    sources = [
        np.random.Generator(np.random.Philox(key=[seed, 1], counter=[0, 0, attempt, slot]))
        for slot, attempt in candidates
    ]

    def fresh(chains: Ints) -> NDArray[np.float32]:
        return np.stack([sources[chain].standard_normal(size, np.float32) for chain in chains])

    def chances(chains: Ints) -> NDArray[np.float64]:
        return np.array([sources[chain].random() for chain in chains])

    arrived = np.full(len(sources), MOST_STEPS)

    def weights(draws: NDArray[np.float32], chains: Ints) -> NDArray[np.float64]:
        lacking = np.minimum(log_odds(draws, chains) - np.log(ENOUGH), 0.0)
        kept_in = arrived[chains] < MOST_STEPS
        return np.where(kept_in & (lacking < 0), -np.inf, _PULL * lacking)

    going = np.arange(len(sources))
    here = fresh(going)
    odds = weights(here, going)
    for step in range(MOST_STEPS + STEPS):
        arrived = np.where(odds == 0, np.minimum(arrived, step), arrived)
        going = np.flatnonzero(step < np.where(arrived < MOST_STEPS, arrived + STEPS, MOST_STEPS))
        if not len(going):
            break
        other = np.empty_like(here)
        least, angle, low, high = np.empty((4, len(sources)))
        other[going] = fresh(going)
        least[going] = odds[going] + np.log1p(-chances(going))
        angle[going] = 2 * np.pi * chances(going)
        low[going], high[going] = angle[going] - 2 * np.pi, angle[going]
        left = going
        for _ in range(_TURNS):
            turn = angle[left, None].astype(np.float32)
            tried = here[left] * np.cos(turn) + other[left] * np.sin(turn)
            found = weights(tried, left)
            good = found > least[left]
            here[left[good]], odds[left[good]] = tried[good], found[good]
            left = left[~good]
            if not len(left):
                break
            back = angle[left] < 0
            low[left[back]], high[left[~back]] = angle[left[back]], angle[left[~back]]
            angle[left] = low[left] + chances(left) * (high[left] - low[left])
    return here
