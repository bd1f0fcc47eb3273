"""StyleGAN3 as published, configs T and R, in plain float32 (Karras et al., 2021).

Signals are continuous functions, sampled finely enough for what they hold: every nonlinearity
works on an upsampled signal, and what it adds beyond the band is filtered away.
A state dict of the published generator (`G_ema`) loads as it is.

    network = load(config, state)
    pictures = to_pixels(network.synthesis(network.mapping(z, c, psi=0.7)))
"""

import math
from collections.abc import Mapping as MappingOf

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.generators.stylegan2.convolution import clamped, demodulated, modulated
from pipeline.generators.stylegan2.inputs import spread
from pipeline.generators.stylegan2.reference import GAIN, SLOPE, Linear, Mapping, filled
from pipeline.generators.stylegan3.config import Config, LayerShape, Signal
from pipeline.generators.stylegan3.filters import low_pass, radial_low_pass, resampled


class Input(nn.Module):
    """Waves over an endless plane, turned and moved by w and by `transform` (appendix F)."""

    def __init__(self, signal: Signal, w_dim: int) -> None:
        super().__init__()
        self.signal = signal
        waves = torch.randn(signal.channels, 2)
        radii = waves.square().sum(1, keepdim=True).sqrt()
        # Evenly spread over the disc of the pass band.
        waves = waves / (radii * radii.square().exp().pow(0.25)) * signal.cutoff
        self.affine = Linear(w_dim, 4)
        self.affine.weight.data.zero_()
        self.affine.bias.data.copy_(torch.tensor([1.0, 0, 0, 0]))
        self.weight = nn.Parameter(torch.randn(signal.channels, signal.channels))
        self.register_buffer("transform", torch.eye(3))
        self.register_buffer("freqs", waves)
        self.register_buffer("phases", torch.rand(signal.channels) - 0.5)

    def forward(self, w: Tensor) -> Tensor:
        """[B, w_dim] to [B, channels, size, size]."""
        pose = self.affine(w)
        pose = pose / pose[:, :2].norm(dim=1, keepdim=True)
        cos, sin, right, down = pose.unbind(1)
        zero, one = torch.zeros_like(cos), torch.ones_like(cos)
        turn = _matrices([[cos, -sin, zero], [sin, cos, zero], [zero, zero, one]])
        move = _matrices([[one, zero, -right], [zero, one, -down], [zero, zero, one]])
        transform = turn @ move @ self.get_buffer("transform")

        waves = self.get_buffer("freqs") @ transform[:, :2, :2]
        phases = (
            self.get_buffer("phases") + (self.get_buffer("freqs") @ transform[:, :2, 2:])[..., 0]
        )
        # Waves that the transform made too fast for the grid fade out.
        rate, cutoff = self.signal.rate, self.signal.cutoff
        strength = (1 - (waves.norm(dim=2) - cutoff) / (rate / 2 - cutoff)).clamp(0, 1)

        size = self.signal.size
        line = ((torch.arange(size, device=w.device) + 0.5) - size / 2) / rate
        x, y = line.expand(size, size), line[:, None].expand(size, size)
        plane = torch.stack([x, y], 2) @ waves.mT[:, None]
        plane = torch.sin((plane + phases[:, None, None]) * (2 * math.pi))
        plane = plane * strength[:, None, None]
        mixed = F.linear(plane, self.weight / math.sqrt(len(self.weight)))
        return mixed.permute(0, 3, 1, 2)


class Layer(nn.Module):
    """Modulated convolution, bias, filtered leaky ReLU (fig. 4b)."""

    def __init__(self, shape: LayerShape, w_dim: int, clamp: float | None) -> None:
        super().__init__()
        self.shape = shape
        self.clamp = clamp
        inputs, outputs = shape.before.channels, shape.after.channels
        self.affine = Linear(w_dim, inputs, bias=1)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, shape.kernel, shape.kernel))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.register_buffer("magnitude_ema", torch.ones([]))
        before, after = shape.before, shape.after
        down_filter = radial_low_pass if shape.radial else low_pass
        self.register_buffer(
            "up_filter", low_pass(shape.up_taps, before.cutoff, before.half_width * 2, shape.rate)
        )
        self.register_buffer(
            "down_filter",
            down_filter(shape.down_taps, after.cutoff, after.half_width * 2, shape.rate),
        )

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """[B, inputs, s, s], [B, w_dim] to [B, outputs, s', s']."""
        style = self.affine(w)
        if self.shape.colours:
            weight = modulated(self.weight, style / math.sqrt(self.weight.shape[1]))
        else:
            # Of like size before eq. 3 adds its epsilon (appendix C.1).
            like = self.weight * self.weight.square().mean([1, 2, 3], keepdim=True).rsqrt()
            style = style * style.square().mean(1, keepdim=True).rsqrt()
            weight = demodulated(modulated(like, style))
        # Activations are brought to unit power by their running magnitude.
        weight = weight * self.get_buffer("magnitude_ema").rsqrt()
        x = wide_convolution(x, weight) + self.bias[:, None, None]
        x = resampled(x, self._filter("up_filter"), up=self.shape.up, padding=self.shape.padding)
        if not self.shape.colours:
            x = F.leaky_relu(x, SLOPE) * GAIN
        x = clamped(x, self.clamp)
        return resampled(x, self._filter("down_filter"), down=self.shape.down)

    def _filter(self, name: str) -> Tensor | None:
        taps: Tensor | None = getattr(self, name)
        return taps


class Synthesis(nn.Module):
    """w to pictures."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.input = Input(config.signals()[0], config.w_dim)
        self.names = []
        for shape in config.layers():
            self.names.append(shape.name)
            self.add_module(shape.name, Layer(shape, config.w_dim, config.conv_clamp))

    def forward(self, w: Tensor) -> Tensor:
        """Render w, float32 [B, w_dim] or [B, num_ws, w_dim]: float32 [B, img_channels, R, R].

        Values of a trained network lie within -1..1, nearly.
        """
        ws = spread(w, self.config.num_ws)
        x = self.input(ws[:, 0])
        for i, name in enumerate(self.names):
            x = self.get_submodule(name)(x, ws[:, i + 1])
        images: Tensor = x * self.config.output_scale
        return images


class Network(nn.Module):
    """The whole generator."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.mapping = Mapping(
            config.z_dim,
            config.c_dim,
            config.w_dim,
            config.num_ws,
            config.mapping_layers,
            config.mapping_rate,
        )
        self.synthesis = Synthesis(config)


def load(config: Config, state: MappingOf[str, Tensor]) -> Network:
    """Build the network of a checkpoint, for inference; float32 tensors are kept, not copied.

    Raises:
        SpecError: a tensor is missing, too many or of another shape.
    """
    return filled(lambda: Network(config), state)


def wide_convolution(x: Tensor, weight: Tensor) -> Tensor:
    """Convolve each picture with its own weight, with margins: k - 1 samples more a side.

    [B, I, s, s] and [B, O, I, k, k] to [B, O, s + k - 1, s + k - 1].
    """
    b, o, i, k, _ = weight.shape
    grouped = x.reshape(1, b * i, *x.shape[2:])
    y = F.conv2d(grouped, weight.reshape(b * o, i, k, k), padding=k - 1, groups=b)
    return y.reshape(b, o, *y.shape[2:])


def _matrices(rows: list[list[Tensor]]) -> Tensor:
    return torch.stack([torch.stack(row, 1) for row in rows], 1)
