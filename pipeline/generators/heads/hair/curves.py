"""Evaluate smooth curves through the strands' points by fixed weights."""

from functools import lru_cache

import torch
from torch import Tensor


def taps(u: Tensor, points: int) -> tuple[Tensor, Tensor]:
    """Points and weights that give Catmull-Rom curves at u: int64 and float32 [N, 4] each."""
    at = u.clamp(0, 1) * (points - 1)
    low = at.floor().clamp(0, points - 2)
    f = at - low
    w = torch.stack([
        ((-0.5 * f + 1) * f - 0.5) * f,
        (1.5 * f - 2.5) * f * f + 1,
        ((-1.5 * f + 2) * f + 0.5) * f,
        (0.5 * f - 0.5) * f * f,
    ], -1)  # fmt: skip
    i = low.long()[:, None] + torch.arange(-1, 3, device=u.device)
    return i.clamp(0, points - 1), w


@lru_cache(maxsize=512)
def weights(
    points: int, count: int, part: int, parts: int, device: torch.device
) -> tuple[Tensor, Tensor]:
    """Weights [points, count] of `count` even places along a part of a strand, and their u."""
    u = (part + (torch.arange(count, device=device) + 0.5) / count) / parts
    i, w = taps(u, points)
    full = torch.zeros(count, points, device=device).scatter_add_(1, i, w)
    return full.T.contiguous(), u


@lru_cache(maxsize=128)
def gaps(count: int, device: torch.device) -> Tensor:
    """Even thresholds along a hair of `count` points, in eight orders: [8, count].

    A hair drawn only at those below its cover is as sheer as that, whatever lies behind. The
    lowest is not 0: a few dots far from one another would show as such.
    """
    i = torch.arange(count, device=device)
    even = (i * 0.61803399 + torch.arange(8, device=device)[:, None] * 0.7548777) % 1.0
    return 0.12 + 0.88 * even
