"""One layer's weights, made ready once: for a whole batch, or for one picture at a time.

A modulated convolution is linear in its input, so styles can scale what goes in and
demodulation what comes out, and one large convolution serves the whole batch. Where weights are
small beside the picture it is cheaper to modulate them, a picture at a time; then the convolution
does all but noise and slope.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.generators.stylegan2 import cuda
from pipeline.generators.stylegan2.frame import Frame
from pipeline.generators.stylegan2.reference import GAIN, SLOPE, Layer, Linear, Shortcut, ToRGB

LAST = torch.channels_last
TINY = 1e-30


class Affine:
    """w to styles, its weight scaled beforehand."""

    def __init__(self, linear: Linear, gain: float = 1) -> None:
        rate = linear.rate * gain
        self.weight = linear.weight * (rate / math.sqrt(linear.weight.shape[1]))
        self.bias = linear.bias * rate

    def __call__(self, w: Tensor) -> Tensor:
        """float32 [B, D] to float32 [B, I]."""
        return F.linear(w, self.weight, self.bias)


class PreparedLayer:
    """A modulated 3 x 3 convolution with noise, bias, slope, gain and clamp.

    All that follows the convolution is positively homogeneous, so the gain is folded into
    weights, noise and bias. A layer is either for pictures rendered alone (`modulated`, `band`)
    or for the whole batch (`batch`).
    """

    def __init__(self, layer: Layer, dtype: torch.dtype, alone: bool, gain: float = 1) -> None:
        weight = layer.weight
        self.dtype = dtype
        self.up = layer.up
        self.gain = GAIN * gain
        self.limit = math.inf if layer.clamp is None else layer.clamp * gain
        self.affine = Affine(layer.affine)
        self.power = weight.square().sum([2, 3])
        self.bias = (layer.bias * self.gain).to(dtype)
        self.strength = layer.noise_strength * self.gain
        self.const = (layer.get_buffer("noise_const") * self.strength).to(dtype)[None]
        # Small enough for sums of products to fit into float16.
        largest = weight.abs().amax([1, 2, 3], keepdim=True).clamp_min(TINY)
        scale = 1 / (largest * math.sqrt(weight[0].numel()))
        self.scale = scale.flatten()
        ready = weight if alone else (weight * scale).to(dtype)
        ready = ready.transpose(0, 1) if self.up else ready
        self.weight = ready.contiguous(memory_format=LAST)
        taps = layer.get_buffer("resample_filter")
        self.square = taps * 4
        self.taps = (taps * 4).flip([0, 1]).to(dtype).expand(len(weight), 1, -1, -1).contiguous()
        self.before = (len(taps) - 1) // 2
        self.after = len(taps) - 2 - self.before

    def noise(self, given: Tensor) -> Tensor:
        """A map, float32 [B or 1, r, r], as this layer adds it."""
        return (given * self.strength).to(self.dtype)

    def demodulation(self, style: Tensor) -> Tensor:
        """Eq. 3 for styles [B, I], by one matrix product: [B, O]."""
        return (style.square() @ self.power.T + 1e-8).rsqrt()

    def modulation(self, w: Tensor) -> tuple[Tensor, Tensor]:
        """What the batch's convolution takes its input by, [B, I], and its output, [B, O]."""
        style = self.affine(w)
        strongest = style.abs().amax(1, keepdim=True).clamp_min(TINY)
        return style / strongest, self.demodulation(style) * strongest * (self.gain / self.scale)

    def batch(
        self, x: Tensor, outward: Tensor, noise: Tensor | None, following: Tensor | None = None
    ) -> Tensor:
        """Convolve what is modulated already: [B, I, r, r] to [B, O, r', r'], by one convolution.

        Args:
            outward: of `modulation`.
            noise: [B or 1, r', r'].
            following: the next layer's modulation, [B, O], if no other takes what comes out.
        """
        if self.up:
            y = F.conv_transpose2d(x, self.weight, stride=2)
        else:
            y = F.conv2d(x, self.weight, padding=1)
        if kernels := cuda.kernels(y):
            taps, side = (self.square, 2 * len(x[0, 0])) if self.up else (None, len(x[0, 0]))
            made: Tensor = kernels.finished(
                y, taps, self.before, side, outward, self.bias, noise, self.limit, following
            )
            return made
        if self.up:
            y = self.smooth(F.pad(y, (0, 0, self.before, self.after)))
        y = y.mul_(outward.to(self.dtype)[..., None, None]).add_(self.bias[:, None, None])
        y = self.finish(y, noise)
        return y if following is None else y.mul_(following.to(self.dtype)[..., None, None])

    def modulated(self, w: Tensor) -> Tensor:
        """Weights of one picture, w [1, D]: [O, I, 3, 3], or [I, O, 3, 3] before a doubling."""
        style = self.affine(w)
        inward = style.view(1, -1, 1, 1)
        outward = (self.demodulation(style) * self.gain).view(-1, 1, 1, 1)
        if self.up:
            inward, outward = inward.transpose(0, 1), outward.transpose(0, 1)
        return (self.weight * inward * outward).to(self.dtype, memory_format=LAST)

    def band(self, x: Frame, weight: Tensor, first: int, last: int) -> Tensor:
        """Rows first..last-1 of one picture, before noise: [1, O, last - first, r']."""
        if not self.up:
            return F.conv2d(x.rows(first - 1, last + 1), weight, self.bias, padding=(0, 1))
        # Row t of the scattered picture is made of rows (t - 2) / 2 to t / 2 of x.
        start, stop = first - self.before, last + self.after + 1
        top = -((2 - start) // 2)
        y = F.conv_transpose2d(x.rows(top, (stop - 1) // 2 + 1), weight, stride=2)
        return self.smooth(y[:, :, start - 2 * top : stop - 2 * top], self.bias)

    def smooth(self, y: Tensor, bias: Tensor | None = None) -> Tensor:
        """Filter a scattered picture, its rows already padded: [B, O, h + n - 1, 2r + 1]."""
        y = F.pad(y, (self.before, self.after)) if self.before != self.after else y
        sides = self.after if self.before == self.after else 0
        return F.conv2d(y, self.taps, bias, padding=(0, sides), groups=len(self.taps))

    def finish(self, y: Tensor, noise: Tensor | None, out: Tensor | None = None) -> Tensor:
        """Add noise, [B or 1, h, w], bend and clamp, in place; the last step writes to `out`."""
        if noise is not None:
            y.add_(noise[:, None])
        if self.limit < math.inf:
            return torch.clamp(
                F.leaky_relu_(y, SLOPE), -self.limit, self.limit, out=y if out is None else out
            )
        if out is None:
            return F.leaky_relu_(y, SLOPE)
        bent: Tensor = torch.ops.aten.leaky_relu.out(y, SLOPE, out=out)
        return bent


class PreparedColours:
    """Features to colours: a modulated 1 x 1 convolution, in float32 from there on."""

    def __init__(self, torgb: ToRGB, dtype: torch.dtype) -> None:
        self.dtype = dtype
        self.limit = math.inf if torgb.clamp is None else torgb.clamp
        self.affine = Affine(torgb.affine, 1 / math.sqrt(torgb.weight.shape[1]))
        self.weight = torgb.weight[:, :, 0, 0]
        self.bias = torgb.bias[:, None, None]

    def modulated(self, w: Tensor) -> Tensor:
        """Weights of each picture, w [B, D]: [B, img_channels, I, 1, 1]."""
        return (self.weight * self.affine(w)[:, None]).to(self.dtype)[..., None, None]

    def __call__(self, x: Tensor, weight: Tensor) -> Tensor:
        """One picture [1, I, h, w], weight [img_channels, I, 1, 1]: float32 [1, …, h, w]."""
        return self._bounded(F.conv2d(x, weight).float().add_(self.bias))

    def batch(self, x: Tensor, weights: Tensor) -> Tensor:
        """All pictures [B, I, h, w], weights [B, img_channels, I, 1, 1], by one product."""
        b, c, h, w = x.shape
        pixels = x.permute(0, 2, 3, 1).reshape(b, h * w, c)
        y = torch.bmm(pixels, weights.flatten(2).transpose(1, 2))
        return self._bounded(y.float().view(b, h, w, -1).permute(0, 3, 1, 2).add_(self.bias))

    def _bounded(self, y: Tensor) -> Tensor:
        return y.clamp_(-self.limit, self.limit) if self.limit < math.inf else y


class PreparedShortcut:
    """The residual way past a block: 1 x 1 convolution and doubling in one."""

    def __init__(self, shortcut: Shortcut, dtype: torch.dtype) -> None:
        weight = shortcut.weight * (math.sqrt(0.5) / math.sqrt(shortcut.weight.shape[1]))
        taps = shortcut.get_buffer("resample_filter") * 4
        self.crop = (len(taps) - 2) // 2
        self.weight = (weight * taps).transpose(0, 1).to(dtype).contiguous(memory_format=LAST)

    def __call__(self, x: Tensor) -> Tensor:
        """[B, I, r, r] to [B, O, 2r, 2r]."""
        return doubled(x, self.weight, self.crop, 1)


class Doubling:
    """Double the picture's side, each colour by itself."""

    def __init__(self, taps: Tensor, channels: int) -> None:
        self.crop = (len(taps) - 2) // 2
        self.channels = channels
        self.weight = (taps * 4).expand(channels, 1, -1, -1).contiguous()

    def __call__(self, x: Tensor) -> Tensor:
        """float32 [B, C, r, r] to [B, C, 2r, 2r]."""
        return doubled(x, self.weight, self.crop, self.channels)


def doubled(x: Tensor, weight: Tensor, crop: int, groups: int) -> Tensor:
    """Zeros between pixels and a filter, as one transposed convolution."""
    h, w = x.shape[2:]
    y = F.conv_transpose2d(x, weight, stride=2, padding=crop, groups=groups)
    return y[:, :, : 2 * h, : 2 * w]
