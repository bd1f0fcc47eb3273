"""One StyleGAN3 layer made ready for inference: a picture at a time, in bands of rows.

The zeros that upsampling puts between samples are never there: each of the u x u phases of the
finer signal is a short depthwise convolution of the coarse one, written where it belongs.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.generators.stylegan2.frame import Frame
from pipeline.generators.stylegan2.prepared import LAST, Affine
from pipeline.generators.stylegan2.reference import GAIN, SLOPE
from pipeline.generators.stylegan3.reference import Layer

BAND = 1 << 23
"""Values of the upsampled signal in one band on a CPU: 16 MB in bfloat16."""


class PreparedLayer:
    """The arithmetic of `reference.Layer`.

    The slope is positively homogeneous and filters are linear, so that gains are folded into
    weights and biases.
    """

    def __init__(self, layer: Layer, dtype: torch.dtype) -> None:
        shape = layer.shape
        self.shape = shape
        self.dtype = dtype
        self.limit = math.inf if layer.clamp is None else layer.clamp
        self.slope = 1.0 if shape.colours else SLOPE
        self.gain = 1.0 if shape.colours else GAIN
        self.inward = layer.get_buffer("magnitude_ema").rsqrt() * self.gain
        self.bias = (layer.bias * self.gain).to(dtype)
        self.affine = Affine(layer.affine)
        weight: Tensor = layer.weight
        if shape.colours:
            self.inward = self.inward / math.sqrt(shape.before.channels)
        else:
            weight = weight * weight.square().mean([1, 2, 3], keepdim=True).rsqrt()
        self.weight = weight.contiguous(memory_format=LAST)
        self.power = weight.square().sum([2, 3])
        self.side = shape.before.size + shape.kernel - 1
        self._prepare_up(layer)
        self._prepare_down(layer)
        self.wide: Frame | None = None
        self.output: Frame | None = None

    def modulated(self, w: Tensor) -> Tensor:
        """Weights of one picture, w [1, D]: [O, I, k, k]."""
        style = self.affine(w)
        if self.shape.colours:
            return (self.weight * (style * self.inward).view(1, -1, 1, 1)).to(self.dtype)
        style = style * style.square().mean(1, keepdim=True).rsqrt()
        outward = (style.square() @ self.power.T + 1e-8).rsqrt() * self.inward
        weight = self.weight * style.view(1, -1, 1, 1) * outward.view(-1, 1, 1, 1)
        return weight.to(self.dtype, memory_format=LAST)

    def picture(self, x: Frame, w: Tensor, border: int) -> Frame:
        """One picture's features to the next layer's, framed with `border` rows."""
        channels, size = self.shape.after.channels, self.shape.after.size
        device = self.bias.device
        if self.wide is None or self.output is None:
            self.wide = Frame(channels, self.side, self.margin, self.dtype, device)
            self.output = Frame(channels, size, border, self.dtype, device)
        weight, rim = self.modulated(w), self.shape.kernel - 1
        for first, last in bands(self.side, 1, channels * self.side, device):
            rows = x.rows(first - rim, last)
            self.wide.rows(first, last).copy_(F.conv2d(rows, weight, self.bias, padding=(0, rim)))
        step = max(self.up // self.down, 1)
        for first, last in bands(size, step, channels * self.fine * self.down, device):
            self.output.rows(first, last).copy_(self.filtered(self.wide, first, last))
        return self.output

    def colours(self, x: Frame, w: Tensor) -> Tensor:
        """One picture's colours, float32 [1, C, R, R]."""
        y = F.conv2d(x.inside, self.modulated(w), self.bias).float()
        return y.clamp_(-self.limit, self.limit) if self.limit < math.inf else y

    def filtered(self, y: Frame, first: int, last: int) -> Tensor:
        """Upsample, bend, clamp and downsample: rows first..last-1 of what comes out.

        first is a multiple of up / down, where that is more than one.
        """
        start, stop = first * self.down, (last - 1) * self.down + self.down_taps
        channels, up = self.shape.after.channels, self.up
        fine = torch.empty(
            (1, channels, stop - start, self.fine),
            dtype=self.dtype,
            device=self.bias.device,
            memory_format=LAST,
        )
        for a in range(up):
            rows = -(-(stop - start - a) // up)
            top = start // up + self.offsets[a]
            taps = self.up_rows[a]
            high = F.conv2d(y.rows(top, top + rows + taps.shape[2] - 1), taps, groups=channels)
            for b in range(up):
                columns = -(-(self.fine - b) // up)
                taps = self.up_columns[b]
                left = self.offsets[b]
                sides = max(0, -left, left + columns + taps.shape[3] - 1 - self.side)
                wide = F.conv2d(high, taps, padding=(0, sides), groups=channels)
                wide = wide[..., left + sides : left + sides + columns]
                self._bend(wide, fine[:, :, a::up, b::up])
        if self.round is not None:
            return F.conv2d(fine, self.round, stride=self.down, groups=channels)
        narrow = F.conv2d(fine, self.down_columns, stride=(1, self.down), groups=channels)
        return F.conv2d(narrow, self.down_rows, stride=(self.down, 1), groups=channels)

    def _bend(self, y: Tensor, out: Tensor) -> None:
        if self.limit < math.inf:
            torch.clamp(F.leaky_relu_(y, self.slope), -self.limit, self.limit, out=out)
        else:
            torch.ops.aten.leaky_relu.out(y, self.slope, out=out)

    def _prepare_up(self, layer: Layer) -> None:
        """Phase a of the finer signal takes every u-th tap, from the coarse sample `offsets[a]`."""
        shape, channels = self.shape, self.shape.after.channels
        up, before = shape.up, shape.padding[0]
        self.up = up
        self.fine = self.side * up + sum(shape.padding) - shape.up_taps + 1
        taps = (_taps(layer, "up_filter") * up).flip(0)
        self.offsets = [-((before - a) // up) for a in range(up)]
        phases = [rounded(taps[(before - a) % up :: up], self.dtype) for a in range(up)]
        self.up_rows = [_depthwise(p[:, None], channels) for p in phases]
        self.up_columns = [_depthwise(p[None, :], channels) for p in phases]
        # Rows beyond the picture that the first and last bands reach for.
        longest = max(len(p) for p in phases)
        self.margin = max(0, -min(self.offsets)) + longest + abs(min(shape.padding))

    def _prepare_down(self, layer: Layer) -> None:
        channels = self.shape.after.channels
        taps = rounded(_taps(layer, "down_filter"), self.dtype)
        self.down = self.shape.down
        self.down_taps = len(taps)
        self.round = _depthwise(taps.flip([0, 1]), channels) if taps.ndim == 2 else None
        line = taps if taps.ndim == 1 else taps[0]
        self.down_rows = _depthwise(line.flip(0)[:, None], channels)
        self.down_columns = _depthwise(line.flip(0)[None, :], channels)


def bands(size: int, step: int, values: int, device: torch.device) -> list[tuple[int, int]]:
    """Cut rows 0..size-1 into bands; all but the last are a multiple of `step` rows.

    values: what a row holds.
    """
    rows = size if device.type != "cpu" else max(step, BAND // values // step * step)
    return [(first, min(first + rows, size)) for first in range(0, size, rows)]


def rounded(taps: Tensor, dtype: torch.dtype) -> Tensor:
    """Taps in another type, their sum kept: what one loses by rounding, the next smaller gains.

    Else every layer would be a little too bright or too dark all over.
    """
    result = taps.to(dtype).flatten()
    lost = 0.0
    for i in taps.flatten().abs().argsort(descending=True).tolist():
        wanted = taps.flatten()[i].item() + lost
        result[i] = wanted
        lost = wanted - result[i].item()
    return result.view(taps.shape)


def _taps(layer: Layer, name: str) -> Tensor:
    taps: Tensor | None = getattr(layer, name)
    return torch.ones(1, device=layer.weight.device) if taps is None else taps


def _depthwise(taps: Tensor, channels: int) -> Tensor:
    return taps.expand(channels, 1, -1, -1).contiguous()
