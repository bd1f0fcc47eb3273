"""Keep what the growth of hair needs of the roots at rest, once a level and device."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from pipeline.generators.heads.hair.regions import line_terms
from pipeline.generators.heads.hair.roots import SCALP, roots
from pipeline.generators.heads.hair.strands import Level


@dataclass(frozen=True)
class Still:
    """Roots of one kind at rest, the first `count` of them.

    index: int64 [S] into all roots. rest, normal: float32 [S, 3]. random: [S, 8]. lash: [S, 2].
    fine, coarse, many, few: int64 [S], the nearest of the first S/4, S/20, 220 and 130 roots.
    terms: [S, 4] of the hairline. fit: [4, S], least squares of an affine map from moved roots.
    """

    index: Tensor
    rest: Tensor
    normal: Tensor
    random: Tensor
    lash: Tensor
    fine: Tensor
    coarse: Tensor
    many: Tensor
    few: Tensor
    terms: Tensor
    fit: Tensor


@lru_cache(maxsize=64)
def still(kind: int, level: Level, device: torch.device) -> Still:
    """The roots of a kind grown at a level."""
    every = roots()
    start = every.of(kind).start
    count = level.counts()[kind]
    at = slice(start, start + count)
    rest = every.rest[at]

    def nearest(first: int) -> Tensor:
        _, i = cKDTree(rest[: min(first, count)]).query(rest)
        return torch.from_numpy(np.asarray(i, np.int64)).to(device)

    def moved(a: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Tensor:
        return torch.from_numpy(a).float().to(device)

    affine = np.linalg.pinv(np.column_stack([rest, np.ones(count)])) if kind == SCALP else None
    return Still(
        index=torch.arange(start, start + count, device=device),
        rest=moved(rest),
        normal=moved(every.normal[at]),
        random=moved(every.random[at]),
        lash=moved(every.lash[at]),
        fine=nearest(count // 4),
        coarse=nearest(max(count // 20, 90)),
        many=nearest(220),
        few=nearest(130),
        terms=line_terms(moved(rest)),
        fit=moved(affine) if affine is not None else moved(np.zeros((4, count))),
    )


def personal(random: Tensor, seed: Tensor) -> Tensor:
    """Random numbers 0..1 of each root for each person: random [S, 8], seed [B] to [8, B, S]."""
    shift = seed[None, :, None] * torch.tensor(
        [6.18, 4.67, 7.54, 3.32, 5.77, 8.19, 2.91, 9.13], device=seed.device
    ).view(8, 1, 1)
    return (random.T[:, None] + shift) % 1.0
