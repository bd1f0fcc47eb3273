"""Hold tileable noise of several scales, made once, and read it at millimetres on a surface."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import avg_pool2d, grid_sample, pad

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Noise:
    """A square tile of noise: maps float32 [1, C, R + 2, R + 2] with a wrapped border, mm wide."""

    maps: Tensor
    tile: float

    def read(self, u: Tensor, v: Tensor) -> Tensor:
        """Values float32 [C, N] at u, v [N], in mm."""
        r = self.maps.shape[-1] - 2
        grid = torch.stack([u, v], -1) / self.tile
        # Texel i has its centre at i + 1 in the bordered map, whose ends are -1 and 1.
        grid = ((grid - grid.floor()) * r + 1) * (2 / (r + 1)) - 1
        out: Tensor = grid_sample(
            self.maps, grid[None, None], padding_mode="border", align_corners=True
        )
        return out[0, :, 0]


def _band(rng: np.random.Generator, r: int, low: float, high: float, slope: float = 0) -> Floats:
    """Noise [r, r] of unit deviation with wavelengths between r / high and r / low texels."""
    f = np.fft.fftfreq(r) * r
    k = np.hypot(f[:, None], f[None])
    gain = np.exp(-((k / high) ** 2)) * (1 - np.exp(-((k / low) ** 2)))
    gain = gain * np.maximum(k, 1) ** -slope
    out = np.fft.ifft2(np.fft.fft2(rng.standard_normal((r, r))) * gain).real
    return np.asarray(out / out.std())


def _dots(
    rng: np.random.Generator, r: int, count: int, low: float, high: float, wobble: Floats
) -> Floats:
    """Sparse round dots [r, r], their height their rank 0..1; radii `low`..`high` texels."""
    out = np.zeros((r, r))
    reach = int(high * 1.6 + 2)
    i = np.arange(-reach, reach + 1)
    for rank in rng.permutation(count):
        cy, cx = rng.random(2) * r
        iy, ix = (int(cy) + i) % r, (int(cx) + i) % r
        size = low + (high - low) * rng.random() ** 2
        dy, dx = (int(cy) + i - cy)[:, None], (int(cx) + i - cx)[None]
        d = np.sqrt(dx * dx + dy * dy) / size + 0.22 * wobble[np.ix_(iy, ix)]
        soft = np.clip(1.5 - d, 0, 1)
        block = (0.25 + 0.75 * rank / count) * soft * soft * (3 - 2 * soft)
        at = np.ix_(iy, ix)
        out[at] = np.maximum(out[at], block)
    return out


def _tile(maps: list[Floats], tile: float, device: torch.device, level: int = 0) -> Noise:
    stack = torch.from_numpy(np.stack(maps)).float()[None].to(device)
    if level:
        stack = avg_pool2d(stack, 2**level)
    return Noise(pad(stack, (1, 1, 1, 1), mode="circular"), tile)


@lru_cache(maxsize=2)
def cloud(device: torch.device) -> Noise:
    """Mottling of unit deviation: broad (20-60 mm), middle (6-20 mm), fine (2-6 mm), vitiligo."""
    rng = np.random.default_rng(411)
    r = 192
    maps = [_band(rng, r, 2, 8), _band(rng, r, 7, 26, 0.5), _band(rng, r, 24, 70)]
    return _tile([*maps, _band(rng, r, 1.5, 16, 1.2)], 180.0, device)


@lru_cache(maxsize=8)
def spots(level: int, device: torch.device) -> Noise:
    """Freckles, age spots and blemishes: dots as high as their rank 0..1 (0 between them)."""
    rng = np.random.default_rng(97)
    r = 512
    wobble = _band(rng, r, 12, 60)
    freckle = _dots(rng, r, 1500, 1.4, 4.2, wobble)
    age = _dots(rng, r, 64, 5.0, 17.0, wobble * 0.9)
    blemish = _dots(rng, r, 60, 3.0, 7.0, wobble)
    return _tile([freckle, age, blemish], 128.0, device, level)


@lru_cache(maxsize=8)
def micro(level: int, device: torch.device) -> Noise:
    """Pores and fine lines: height of unit deviation, then its slopes around and up; grain."""
    rng = np.random.default_rng(5)
    r = 512
    pores = _dots(rng, r, 5200, 1.6, 3.4, _band(rng, r, 30, 90))
    fine = _band(rng, r, 24, 90, 0.3)
    # Lines of the skin: valleys where two noises meet.
    net = -np.exp(-((_band(rng, r, 16, 48) / 0.22) ** 2))
    height = -1.1 * pores + 0.30 * fine + 0.45 * net
    height = (height - height.mean()) / height.std()
    du = 0.5 * (np.roll(height, -1, 1) - np.roll(height, 1, 1))
    dv = 0.5 * (np.roll(height, -1, 0) - np.roll(height, 1, 0))
    return _tile([height, du, dv, _band(rng, r, 60, 200)], 64.0, device, level)
