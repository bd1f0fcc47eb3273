"""Hold one tileable noise texture that hair, skin and cloth read at their own scales."""

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import grid_sample

SIZE = 256


@lru_cache(maxsize=1)
def texture() -> Tensor:
    """float32 [1, 2, SIZE + 2, SIZE + 2] in 0..1: fine one-texel noise, and smooth cloud noise.

    A border of one wrapped texel lets bilinear reads cross the seam.
    """
    rng = np.random.default_rng(20240229)
    fine = rng.random((SIZE, SIZE))
    spectrum = np.fft.fft2(rng.standard_normal((SIZE, SIZE)))
    f = np.fft.fftfreq(SIZE) * SIZE
    r = np.hypot(f[:, None], f[None])
    cloud = np.fft.ifft2(
        spectrum * np.where(r > 0, (r + 3.0) ** -1.3, 0) * np.exp(-((r / 90) ** 2))
    ).real
    cloud = np.clip(0.5 + cloud / cloud.std() * 0.2, 0, 1)
    both = np.pad(np.stack([fine, cloud]), ((0, 0), (1, 1), (1, 1)), mode="wrap")
    return torch.from_numpy(both).float()[None]


def read(u: Tensor, v: Tensor, channel: int) -> Tensor:
    """Noise in 0..1 at texture coordinates u, v [N]; one unit is SIZE texels."""
    scale = 2 * SIZE / (SIZE + 1)
    edge = SIZE / (SIZE + 1)
    grid = torch.stack([(u - u.floor()) * scale - edge, (v - v.floor()) * scale - edge], -1)
    maps = texture()[:, channel : channel + 1]
    return grid_sample(maps, grid[None, None], padding_mode="border", align_corners=True)[0, 0, 0]


FINE, CLOUD = 0, 1
