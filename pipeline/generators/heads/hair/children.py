"""Scatter the hairs that a strand stands for around it."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from pipeline.generators.heads.hair.roots import COUNTS, LASH, roots


@dataclass(frozen=True)
class Children:
    """For every root and hair: ball, a point of the unit ball [R, K, 3]; chance 0..1 [R, K]."""

    ball: Tensor
    chance: Tensor

    def own(self, root: Tensor, hair: Tensor) -> Tensor:
        """Another chance of hairs `hair` [N] of roots [N], free of that which draws them: [N]."""
        return self.chance[root, (hair + 7) % self.chance.shape[1]]


@lru_cache(maxsize=4)
def offsets(hairs: int, device: torch.device) -> Children:
    """The hairs of every root, always the same."""
    rng = np.random.default_rng(1618)
    count = sum(COUNTS.values())
    v = rng.standard_normal((count, hairs, 3))
    v /= np.linalg.norm(v, axis=-1, keepdims=True)
    v *= rng.random((count, hairs, 1)) ** (1 / 2.5)
    chance = rng.random((count, hairs))
    # Lashes thin out evenly along the lids.
    lash = roots().of(LASH)
    along = roots().lash[lash] @ [1.0, 10.0] + 100 * (roots().rest[lash, 0] > 0)
    chance[lash.start + along.argsort(), 0] = (
        np.arange(COUNTS[LASH]) % (COUNTS[LASH] // 2) * 0.61803398875 % 1
    )
    return Children(
        torch.from_numpy(v).float().to(device),
        torch.from_numpy(chance).float().to(device),
    )
