"""Draw the random numbers of a candidate from its place alone: seed, slot and attempt."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

PROBE_SLOT = 2**62
"""Slots from here on belong to no job: their draws are only used to estimate."""


def normals(seed: int, candidates: Sequence[tuple[int, int]], size: int) -> NDArray[np.float32]:
    """Standard normal draws for (slot, attempt) pairs: float32 [len(candidates), size].

    Counter-based: Philox-4x64 (Salmon et al., 2011) keyed by the job's seed, its counter set to
    slot and attempt, so that any candidate is drawn alone, in any order, on any machine.
    """
    draws = np.empty((len(candidates), size), np.float32)
    for row, (slot, attempt) in zip(draws, candidates, strict=True):
        bits = np.random.Philox(key=[seed, 0], counter=[0, 0, attempt, slot])
        np.random.Generator(bits).standard_normal(out=row, dtype=np.float32)
    return draws


def probes(
    seed: int, count: int, size: int, first: int = 0, attempt: int = 0
) -> NDArray[np.float32]:
    """Standard normal draws that belong to no slot: float32 [count, size].

    Those from number `first` on, of a series of their own for each `attempt`.
    """
    return normals(seed, [(PROBE_SLOT + first + i, attempt) for i in range(count)], size)
