"""Modulated convolution and resampling, written as in the paper (Karras et al. 2020, sec. 2.2)."""

import torch
from torch import Tensor
from torch.nn import functional as F


def square_filter(taps: tuple[float, ...]) -> Tensor:
    """Taps of a separable filter to its square, float32 [n, n], sum 1."""
    line = torch.tensor(taps, dtype=torch.float32)
    square = torch.outer(line, line)
    return square / square.sum()


def modulated(weight: Tensor, style: Tensor) -> Tensor:
    """Eq. 1, a weight a picture: [O, I, k, k] and [B, I] to [B, O, I, k, k]."""
    return weight * style[:, None, :, None, None]


def demodulated(weight: Tensor) -> Tensor:
    """Eq. 3: each output of [B, O, I, k, k] keeps the power of its input."""
    return weight * (weight.square().sum([2, 3, 4], keepdim=True) + 1e-8).rsqrt()


def convolution(x: Tensor, weight: Tensor) -> Tensor:
    """Convolve each picture with its own weight: a group a picture (appendix B).

    [B, I, r, r] and [B, O, I, k, k] to [B, O, r, r].
    """
    b, o, i, k, _ = weight.shape
    grouped = x.reshape(1, b * i, *x.shape[2:])
    y = F.conv2d(grouped, weight.reshape(b * o, i, k, k), padding=k // 2, groups=b)
    return y.reshape(b, o, *y.shape[2:])


def doubling_convolution(x: Tensor, weight: Tensor, taps: Tensor) -> Tensor:
    """Spread pixels two apart, convolve each picture with its own weight, then filter.

    [B, I, r, r], [B, O, I, k, k] and [n, n] to [B, O, 2r, 2r].
    """
    b, o, i, k, _ = weight.shape
    grouped = x.reshape(1, b * i, *x.shape[2:])
    scattered = weight.transpose(1, 2).reshape(b * i, o, k, k)
    y = F.conv_transpose2d(grouped, scattered, stride=2, groups=b)
    y = y.reshape(b, o, *y.shape[2:])
    # The scattered picture is 2r + k - 2 wide; what is missing to 2r after the filter is padded.
    missing = len(taps) - k + 1
    return filtered(y, taps * 4, (missing + 1) // 2, missing // 2)


def doubled(x: Tensor, taps: Tensor) -> Tensor:
    """Double a picture's side: zeros between its pixels, then the filter.

    [B, C, r, r] and [n, n] to [B, C, 2r, 2r].
    """
    b, c, h, w = x.shape
    apart = F.pad(x.reshape(b, c, h, 1, w, 1), (0, 1, 0, 0, 0, 1)).reshape(b, c, 2 * h, 2 * w)
    n = len(taps)
    return filtered(apart, taps * 4, (n + 1) // 2, (n - 2) // 2)


def filtered(x: Tensor, taps: Tensor, before: int, after: int) -> Tensor:
    """Pad with zeros and convolve every channel of [B, C, h, w] with [n, n]."""
    x = F.pad(x, (before, after, before, after))
    # conv2d correlates: the taps are turned round.
    kernel = taps.flip([0, 1])[None, None].expand(x.shape[1], 1, -1, -1)
    return F.conv2d(x, kernel, groups=x.shape[1])


def clamped(x: Tensor, limit: float | None, gain: float = 1) -> Tensor:
    """Bound values by +-limit * gain, where there is a limit."""
    return x if limit is None else x.clamp(-limit * gain, limit * gain)


def to_pixels(images: Tensor) -> Tensor:
    """-1..1, float [B, C, h, w], to 0..255, uint8 [B, h, w, C]."""
    levels = (images * 127.5).add_(128).clamp_(0, 255).to(torch.uint8)
    return levels.permute(0, 2, 3, 1).contiguous()
