"""StyleGAN2's residual discriminator with the published tensor names (Karras et al., 2020).

Every operation has a second derivative, which the gradient penalty needs.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.generators.stylegan2.config import Config
from pipeline.generators.stylegan2.convolution import clamped, square_filter
from pipeline.generators.stylegan2.reference import GAIN, SLOPE, Linear
from pipeline.training.gan.filter import filtered

GROUP = 4
"""Pictures that are compared with each other, where the batch can be divided so."""


class Convolution(nn.Module):
    """Convolution with weights scaled when used; bias and leaky ReLU where `active`."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int, config: Config, active: bool = True
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(outputs, inputs, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(outputs)) if active else None
        self.clamp = config.conv_clamp
        self.register_buffer("resample_filter", square_filter(config.resample_filter))

    def forward(self, x: Tensor, down: bool = False, gain: float = 1) -> Tensor:
        """[B, inputs, r, r] to [B, outputs, r, r], or half the side."""
        kernel = self.weight.shape[2]
        weight = (self.weight / math.sqrt(self.weight[0].numel())).to(x.dtype)
        padding = kernel // 2
        if down:
            taps = self.get_buffer("resample_filter").to(x.dtype)
            spare = len(taps) - 2
            x = filtered(x, taps, padding + (spare + 1) // 2, padding + spare // 2)
        if self.bias is None:
            return F.conv2d(x, weight * gain, stride=2 if down else 1)
        stride, padding = (2, 0) if down else (1, padding)
        x = F.conv2d(x, weight, self.bias.to(x.dtype), stride, padding)
        return clamped(F.leaky_relu(x, SLOPE) * (GAIN * gain), self.clamp, gain)


class Block(nn.Module):
    """All layers of one resolution, beside a shortcut (Karras et al. 2020, fig. 7c)."""

    def __init__(self, resolution: int, config: Config) -> None:
        super().__init__()
        width, outputs = config.channels(resolution), config.channels(resolution // 2)
        if resolution == config.resolution:
            self.fromrgb = Convolution(config.img_channels, width, 1, config)
        self.conv0 = Convolution(width, width, 3, config)
        self.conv1 = Convolution(width, outputs, 3, config)
        self.skip = Convolution(width, outputs, 1, config, active=False)
        self.register_buffer("resample_filter", square_filter(config.resample_filter))

    def forward(self, x: Tensor) -> Tensor:
        """Pictures or [B, width, r, r] to [B, outputs, r / 2, r / 2]."""
        if hasattr(self, "fromrgb"):
            x = self.fromrgb(x)
        past: Tensor = self.skip(x, down=True, gain=math.sqrt(0.5))
        own: Tensor = self.conv1(self.conv0(x), down=True, gain=math.sqrt(0.5))
        return past + own


class Epilogue(nn.Module):
    """What the whole picture, and its variety within a group, comes to: one score."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        width = config.channels(4)
        self.conv = Convolution(width + 1, width, 3, config)
        self.fc = Linear(width * 16, width)
        self.out = Linear(width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """[B, width, 4, 4] to [B]."""
        x = self.conv(torch.cat([x, variety(x)], 1))
        x = F.leaky_relu(self.fc(x.flatten(1)), SLOPE) * GAIN
        score: Tensor = self.out(x)
        return score[:, 0]


class Discriminator(nn.Module):
    """Pictures to scores: large for real ones."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        for r in reversed(config.resolutions[1:]):
            self.add_module(f"b{r}", Block(r, config))
        self.b4 = Epilogue(config)

    def forward(self, images: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """Score images, float32 [B, C, R, R], -1..1, with features of `dtype`: float32 [B].

        The last layers are float32 always.
        """
        x = images.to(dtype).contiguous(memory_format=torch.channels_last)
        for r in reversed(self.config.resolutions[1:]):
            x = self.get_submodule(f"b{r}")(x)
        score: Tensor = self.b4(x.float())
        return score


def variety(x: Tensor) -> Tensor:
    """Mean standard deviation over a group, as one more feature map (Karras et al. 2018, sec. 3).

    [B, C, r, r] to [B, 1, r, r].
    """
    group = max(n for n in range(1, GROUP + 1) if len(x) % n == 0)
    y = x.reshape(group, -1, *x.shape[1:])
    spread = (y.var(0, unbiased=False) + 1e-8).sqrt().mean([1, 2, 3])
    return spread.repeat(group)[:, None, None, None].expand(-1, 1, *x.shape[2:])
