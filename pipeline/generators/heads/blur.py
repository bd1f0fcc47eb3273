"""Blur maps by products with a banded matrix: faster on processors than a thin convolution."""

import torch
from torch import Tensor

REACH = 3.0
"""Standard deviations at which the Gaussian ends."""


def blur(maps: Tensor, sigma: Tensor) -> Tensor:
    """Gaussian blur; at an edge the weights of what lies inside are scaled up to 1.

    Args:
        maps: float32 [B, C, M, M].
        sigma: float32 [B], standard deviation of each row's blur, cells.
    """
    at = torch.arange(maps.shape[-1], device=maps.device, dtype=maps.dtype)
    apart = (at[:, None] - at).abs() / sigma[:, None, None]
    band = torch.where(apart <= REACH, torch.exp(-0.5 * apart.square()), 0.0)
    band = (band / band.sum(-1, keepdim=True))[:, None]
    return band @ maps @ band.transpose(-1, -2)
