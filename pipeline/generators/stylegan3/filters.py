"""Design the low-pass filters and apply them (Karras et al. 2021, sec. 3 and appendix C)."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F


def low_pass(taps: int, cutoff: float, width: float, rate: float) -> Tensor | None:
    """A Kaiser-windowed sinc, float32 [taps], sum 1; None for a single tap.

    Args:
        cutoff, width: middle and width of the transition band; rate: samples, in the same unit.
    """
    if taps == 1:
        return None
    at = _positions(taps)
    kernel = np.sinc(2 * cutoff / rate * at) * _window(taps, width, rate)
    return torch.tensor(kernel / kernel.sum(), dtype=torch.float32)


def radial_low_pass(taps: int, cutoff: float, width: float, rate: float) -> Tensor | None:
    """The same, alike in every direction: a windowed jinc, float32 [taps, taps], sum 1."""
    from scipy.special import j1

    if taps == 1:
        return None
    at = _positions(taps) / rate
    radius = np.hypot(at[:, None], at)
    # At an odd filter's centre the jinc takes its limit.
    safe = np.where(radius == 0, 1, radius)
    jinc = np.where(radius == 0, np.pi * cutoff**2, j1(2 * np.pi * cutoff * safe) / safe * cutoff)
    window = _window(taps, width, rate)
    kernel = jinc * np.outer(window, window)
    return torch.tensor(kernel / kernel.sum(), dtype=torch.float32)


def resampled(
    x: Tensor, taps: Tensor | None, up: int = 1, down: int = 1, padding: tuple[int, int] = (0, 0)
) -> Tensor:
    """Zeros between samples, margins, filter, and every `down`-th sample of what comes out.

    Args:
        x: [B, C, h, w].
        taps: [n] of a separable filter, [n, n], or None.
        padding: samples before and after, of the finer signal; negative cuts.
    """
    b, c, h, w = x.shape
    if up > 1:
        x = F.pad(x.reshape(b, c, h, 1, w, 1), (0, up - 1, 0, 0, 0, up - 1))
        x = x.reshape(b, c, h * up, w * up)
    x = F.pad(x, (*padding, *padding))
    if taps is None:
        return x[:, :, ::down, ::down]
    # conv2d correlates: the taps are turned round.
    kernel = (taps * up).flip(0) if taps.ndim == 1 else (taps * up**2).flip([0, 1])
    if taps.ndim == 2:
        return F.conv2d(x, kernel.expand(c, 1, -1, -1), stride=down, groups=c)
    x = F.conv2d(x, kernel[:, None].expand(c, 1, -1, 1), stride=(down, 1), groups=c)
    return F.conv2d(x, kernel.expand(c, 1, 1, -1), stride=(1, down), groups=c)


def _positions(taps: int) -> NDArray[np.float64]:
    return np.arange(taps, dtype=np.float64) - (taps - 1) / 2


def _window(taps: int, width: float, rate: float) -> NDArray[np.float64]:
    from scipy.signal import kaiser_atten, kaiser_beta

    beta = kaiser_beta(kaiser_atten(taps, width / (rate / 2)))
    window: NDArray[np.float64] = np.kaiser(taps, beta)
    return window
