"""StyleGAN2 as published, in plain float32 (Karras et al., 2020; adaptive augmentation's names).

Every weight is drawn from a unit normal and scaled when used, so that all learn at one rate.
A state dict of the published generator (`G_ema`) loads as it is.

    network = load(config, state)
    w = network.mapping(z, c, psi=0.7)
    pictures = to_pixels(network.synthesis(w))
"""

import math
from collections.abc import Callable
from collections.abc import Mapping as MappingOf
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.errors import SpecError
from pipeline.generators.stylegan2.config import Config
from pipeline.generators.stylegan2.convolution import (
    clamped,
    convolution,
    demodulated,
    doubled,
    doubling_convolution,
    modulated,
    square_filter,
)
from pipeline.generators.stylegan2.inputs import Noise, spread, truncated, unit_power

Whole = TypeVar("Whole", bound=nn.Module)

SLOPE = 0.2
GAIN = math.sqrt(2)
"""Leaky ReLU halves the power of a symmetric signal, nearly; this restores it."""


class Linear(nn.Module):
    """Fully connected layer, weights scaled when used (Karras et al. 2018, sec. 4.1)."""

    def __init__(self, inputs: int, outputs: int, rate: float = 1, bias: float = 0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs) / rate)
        self.bias = nn.Parameter(torch.full([outputs], bias / rate))
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """[B, inputs] to [B, outputs]."""
        scale = self.rate / math.sqrt(self.weight.shape[1])
        return F.linear(x, self.weight * scale, self.bias * self.rate)


class Mapping(nn.Module):
    """Latents z and labels c to w (Karras et al. 2019, fig. 1)."""

    def __init__(
        self, z_dim: int, c_dim: int, w_dim: int, num_ws: int, layers: int, rate: float
    ) -> None:
        super().__init__()
        self.num_ws = num_ws
        self.c_dim = c_dim
        if c_dim:
            self.embed = Linear(c_dim, w_dim)
        width = z_dim + (w_dim if c_dim else 0)
        for i in range(layers):
            self.add_module(f"fc{i}", Linear(width if i == 0 else w_dim, w_dim, rate))
        self.layers = layers
        self.register_buffer("w_avg", torch.zeros(w_dim))

    def forward(
        self, z: Tensor, c: Tensor | None = None, psi: float = 1, cutoff: int | None = None
    ) -> Tensor:
        """Map and truncate.

        Args:
            z: float32 [B, z_dim], standard normal.
            c: float32 [B, c_dim], labels; only of a conditional network.
            psi: 1 keeps w, 0 gives the mean face.
            cutoff: truncate the first layers only.

        Returns:
            float32 [B, num_ws, w_dim].
        """
        x = unit_power(z)
        if self.c_dim:
            if c is None or c.shape != (len(z), self.c_dim):
                raise ValueError(f"labels must be [{len(z)}, {self.c_dim}]")
            x = torch.cat([x, unit_power(self.embed(c))], 1)
        for i in range(self.layers):
            x = F.leaky_relu(self.get_submodule(f"fc{i}")(x), SLOPE) * GAIN
        return truncated(spread(x, self.num_ws), self.get_buffer("w_avg"), psi, cutoff)


class Layer(nn.Module):
    """Modulated 3 x 3 convolution, noise, bias, leaky ReLU (Karras et al. 2020, fig. 2d)."""

    def __init__(
        self, inputs: int, outputs: int, w_dim: int, resolution: int, up: bool, config: Config
    ) -> None:
        super().__init__()
        self.up = up
        self.clamp = config.conv_clamp
        self.affine = Linear(w_dim, inputs, bias=1)
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 3, 3))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.noise_strength = nn.Parameter(torch.zeros([]))
        self.register_buffer("noise_const", torch.randn(resolution, resolution))
        self.register_buffer("resample_filter", square_filter(config.resample_filter))

    def forward(self, x: Tensor, w: Tensor, noise: Tensor | None, gain: float = 1) -> Tensor:
        """[B, inputs, r, r], [B, w_dim], [B or 1, r', r'] to [B, outputs, r', r']."""
        weight = demodulated(modulated(self.weight, self.affine(w)))
        taps = self.get_buffer("resample_filter")
        x = doubling_convolution(x, weight, taps) if self.up else convolution(x, weight)
        if noise is not None:
            x = x + noise[:, None] * self.noise_strength
        x = F.leaky_relu(x + self.bias[:, None, None], SLOPE) * (GAIN * gain)
        return clamped(x, self.clamp, gain)


class ToRGB(nn.Module):
    """Features to colours: modulated 1 x 1 convolution, no demodulation."""

    def __init__(self, inputs: int, w_dim: int, config: Config) -> None:
        super().__init__()
        self.clamp = config.conv_clamp
        self.affine = Linear(w_dim, inputs, bias=1)
        self.weight = nn.Parameter(torch.randn(config.img_channels, inputs, 1, 1))
        self.bias = nn.Parameter(torch.zeros(config.img_channels))

    def forward(self, x: Tensor, w: Tensor) -> Tensor:
        """[B, inputs, r, r], [B, w_dim] to [B, img_channels, r, r]."""
        style = self.affine(w) / math.sqrt(self.weight.shape[1])
        x = convolution(x, modulated(self.weight, style))
        return clamped(x + self.bias[:, None, None], self.clamp)


class Shortcut(nn.Module):
    """The residual architecture's way past a block: 1 x 1 convolution, then doubling."""

    def __init__(self, inputs: int, outputs: int, config: Config) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, 1, 1))
        self.register_buffer("resample_filter", square_filter(config.resample_filter))

    def forward(self, x: Tensor) -> Tensor:
        """[B, inputs, r, r] to [B, outputs, 2r, 2r]."""
        x = F.conv2d(x, self.weight / math.sqrt(self.weight.shape[1]))
        return doubled(x, self.get_buffer("resample_filter"))


class Block(nn.Module):
    """All layers of one resolution."""

    def __init__(self, resolution: int, config: Config) -> None:
        super().__init__()
        outputs = config.channels(resolution)
        self.architecture = config.architecture
        if resolution == 4:
            self.const = nn.Parameter(torch.randn(outputs, 4, 4))
        else:
            inputs = config.channels(resolution // 2)
            self.conv0 = Layer(inputs, outputs, config.w_dim, resolution, True, config)
            if config.architecture == "resnet":
                self.skip = Shortcut(inputs, outputs, config)
        self.conv1 = Layer(outputs, outputs, config.w_dim, resolution, False, config)
        if config.architecture == "skip" or resolution == config.resolution:
            self.torgb = ToRGB(outputs, config.w_dim, config)
        self.register_buffer("resample_filter", square_filter(config.resample_filter))

    def forward(
        self, x: Tensor | None, image: Tensor | None, ws: Tensor, noise: list[Tensor | None]
    ) -> tuple[Tensor, Tensor | None]:
        """Features and picture of half the side to those of this resolution.

        `ws` and `noise` are consumed in order: a w for each convolution, one for colours.
        """
        if x is None:
            x = self.const.expand(len(ws), -1, -1, -1)
            x = self.conv1(x, ws[:, 0], noise[0])
        elif self.architecture == "resnet":
            past = self.skip(x) * math.sqrt(0.5)
            x = self.conv0(x, ws[:, 0], noise[0])
            x = past + self.conv1(x, ws[:, 1], noise[1], gain=math.sqrt(0.5))
        else:
            x = self.conv0(x, ws[:, 0], noise[0])
            x = self.conv1(x, ws[:, 1], noise[1])
        if image is not None:
            image = doubled(image, self.get_buffer("resample_filter"))
        if hasattr(self, "torgb"):
            colours = self.torgb(x, ws[:, len(noise)])
            image = colours if image is None else image + colours
        return x, image


class Synthesis(nn.Module):
    """w to pictures."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        for r in config.resolutions:
            self.add_module(f"b{r}", Block(r, config))

    def forward(self, w: Tensor, noise: Noise = "const") -> Tensor:
        """Render w, float32 [B, w_dim] or [B, num_ws, w_dim]: float32 [B, img_channels, R, R].

        Values of a trained network lie within -1..1, nearly.
        """
        ws = spread(w, self.config.num_ws)
        maps = self.noise_maps(noise)
        x: Tensor | None = None
        image: Tensor | None = None
        at = 0
        for r in self.config.resolutions:
            convolutions = 1 if r == 4 else 2
            x, image = self.get_submodule(f"b{r}")(
                x, image, ws[:, at : at + convolutions + 1], maps[at : at + convolutions]
            )
            at += convolutions
        assert image is not None
        return image

    def noise_maps(self, noise: Noise) -> list[Tensor | None]:
        """A map a layer, [B or 1, r, r], in the layers' order."""
        if noise == "none":
            return [None] * len(self.config.noise_sizes)
        if noise == "const":
            layers = [layer for layer in self.modules() if isinstance(layer, Layer)]
            return [layer.get_buffer("noise_const")[None] for layer in layers]
        return list(noise)


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


def filled(build: Callable[[], Whole], state: MappingOf[str, Tensor]) -> Whole:
    """Build a network without memory of its own and `fill` it."""
    with torch.device("meta"):
        network = build()
    fill(network, state)
    return network


def fill(network: nn.Module, state: MappingOf[str, Tensor]) -> None:
    """Put a checkpoint's tensors into a network and freeze it; SpecError names the first misfit."""
    own = network.state_dict()
    for name in sorted(own.keys() | state.keys()):
        if name not in state:
            raise SpecError(f"checkpoint: tensor {name!r} is missing.")
        if name not in own:
            raise SpecError(f"checkpoint: tensor {name!r} has no place in this network.")
        if state[name].shape != own[name].shape:
            raise SpecError(
                f"checkpoint: tensor {name!r} is {list(state[name].shape)}, "
                f"but the description wants {list(own[name].shape)}."
            )
    network.load_state_dict({name: value.float() for name, value in state.items()}, assign=True)
    network.eval().requires_grad_(False)
