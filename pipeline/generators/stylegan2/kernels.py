"""What surrounds a layer's convolution on a CUDA card, in one pass over memory.

A layer there is bound by bytes, not by multiplications: each pass over a 1024 px layer costs as
much as its convolution. So filter, demodulation, noise, bias, slope, clamp and the next layer's
style are one kernel, for features in channels-last order.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from pipeline.generators.stylegan2.reference import SLOPE

_COLUMNS, _CHANNELS = 32, 32
"""Values that one program computes: columns of a row by channels, at most."""


@triton.jit  # type: ignore[untyped-decorator]
def _pass(  # type: ignore[no-untyped-def]
    x, out, taps, gain, noise, bias, style,
    in_h, in_w, h, w, channels, noise_stride, limit,
    side: tl.constexpr, edge: tl.constexpr, bent: tl.constexpr, noisy: tl.constexpr,
    styled: tl.constexpr, slope: tl.constexpr, columns: tl.constexpr, across: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0).to(tl.int64)
    b, y = row // h, row % h
    column = tl.program_id(1) * columns + tl.arange(0, columns)
    channel = tl.program_id(2) * across + tl.arange(0, across)
    real = channel < channels
    inside = (column < w)[:, None] & real[None, :]
    total = tl.zeros([columns, across], tl.float32)
    for i in tl.static_range(side):
        for j in tl.static_range(side):
            top, left = y + i - edge, column + j - edge
            known = (top >= 0) & (top < in_h) & (left >= 0) & (left < in_w)
            at = ((b * in_h + top) * in_w + left) * channels
            value = tl.load(
                x + at[:, None] + channel[None, :], known[:, None] & real[None, :], other=0.0
            )
            # Convolution: the taps are turned round.
            total += tl.load(taps + (side * side - 1 - i * side - j)) * value.to(tl.float32)
    if bent:
        total *= tl.load(gain + b * channels + channel, real, other=0.0)[None, :]
        total += tl.load(bias + channel, real, other=0.0).to(tl.float32)[None, :]
        if noisy:
            at = b * noise_stride + y * w + column
            total += tl.load(noise + at, column < w, other=0.0).to(tl.float32)[:, None]
        total = tl.where(total > 0, total, total * slope)
        total = tl.minimum(tl.maximum(total, -limit), limit)
        if styled:
            total *= tl.load(style + b * channels + channel, real, other=0.0)[None, :]
    at = (row * w + column) * channels
    tl.store(out + at[:, None] + channel[None, :], total.to(out.dtype.element_ty), inside)


def filtered(x: Tensor, taps: Tensor, before: int, after: int) -> Tensor:
    """Pad with zeros and convolve every channel of [B, C, h, w] with [n, n]; channels last."""
    x = x.contiguous(memory_format=torch.channels_last)
    out = _like(x, [side + before + after - len(taps) + 1 for side in x.shape[2:]])
    _run(x, out, taps.float(), before, taps, None, taps, None, 0.0, bent=False)
    return out


def finished(
    x: Tensor,
    taps: Tensor | None,
    before: int,
    side: int,
    gain: Tensor,
    bias: Tensor,
    noise: Tensor | None,
    limit: float,
    style: Tensor | None,
) -> Tensor:
    """Filter a convolution's output to `side` px, then gain, noise, bias, slope, clamp and style.

    Args:
        x: [B, C, h, w] in channels-last order.
        taps: float32 [n, n], after `before` rows of zeros; None: x has its size already.
        gain: float32 [B, C].
        bias: [C].
        noise: [B or 1, side, side], or None.
        limit: values are clamped to; infinity: not at all.
        style: float32 [B, C], what the next convolution takes its input by; None: nothing.

    Returns:
        [B, C, side, side], x's dtype, channels last.
    """
    x = x.contiguous(memory_format=torch.channels_last)
    out = x if taps is None else _like(x, [side, side])
    if taps is None:
        taps, before = torch.ones(1, 1, device=x.device), 0
    _run(x, out, taps, before, gain, noise, bias, style, limit, bent=True)
    return out


def _like(x: Tensor, size: list[int]) -> Tensor:
    return torch.empty(
        [*x.shape[:2], *size], dtype=x.dtype, device=x.device, memory_format=torch.channels_last
    )


def _run(
    x: Tensor, out: Tensor, taps: Tensor, before: int, gain: Tensor, noise: Tensor | None,
    bias: Tensor, style: Tensor | None, limit: float, bent: bool,
) -> None:  # fmt: skip
    count, channels, h, w = out.shape
    across = min(_CHANNELS, triton.next_power_of_2(channels))
    grid = (count * h, triton.cdiv(w, _COLUMNS), triton.cdiv(channels, across))
    stride = 0 if noise is None or len(noise) == 1 else h * w
    _pass[grid](
        x, out, taps, gain, taps if noise is None else noise, bias,
        taps if style is None else style,
        x.shape[2], x.shape[3], h, w, channels, stride, limit,
        side=len(taps), edge=before, bent=bent, noisy=noise is not None, styled=style is not None,
        slope=SLOPE, columns=_COLUMNS, across=across,
    )  # fmt: skip
