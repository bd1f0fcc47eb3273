"""The heads network: 64 px pixels to attribute logits, readings and a skin mask, in one pass."""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from pipeline.attributes.taxonomy import BY_NAME

SIZE = 64
"""Side of the network's input, px."""

MASK_SIZE = 32
"""Side of the skin mask, px."""

CLASS_HEADS = (
    "age",
    "gender_presentation",
    "hair_length",
    "hair_color",
    "facial_hair",
    "glasses",
)
"""Attributes read as a softmax over the taxonomy's classes or bands."""

NUMBER_HEADS: dict[str, tuple[float, float]] = {
    "smile": (0.5, 0.3),
    "mouth_open": (0.2, 0.3),
    "yaw": (0.0, 15.0),
    "pitch": (0.0, 7.0),
    "light_azimuth": (0.0, 35.0),
}
"""Attributes read as a number: centre and scale, in the taxonomy's unit, of one output."""

_WIDTHS = (24, 32, 56, 96, 128)


@dataclass(frozen=True)
class Readings:
    """What the network says of B images.

    logits: name -> float32 [B, C], for CLASS_HEADS.
    numbers: name -> float32 [B], in the taxonomy's unit, for NUMBER_HEADS.
    mask: float32 [B, 32, 32], logits of the share of skin in each 2 x 2 px.
    """

    logits: dict[str, Tensor]
    numbers: dict[str, Tensor]
    mask: Tensor


class Convolution(nn.Sequential):
    """Convolution and batch normalisation; `fold` merges the two for inference."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(outputs),
        )

    def fold(self) -> None:
        """Replace both by one convolution with a bias (same function in evaluation mode)."""
        norm = self.pop(1)
        self[0] = fuse_conv_bn_eval(cast(nn.Conv2d, self[0]), cast(nn.BatchNorm2d, norm))


class Residual(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut (He et al., 2016)."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.first = Convolution(inputs, outputs, 3, stride)
        self.second = Convolution(outputs, outputs, 3)
        plain = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if plain else Convolution(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """[B, inputs, H, H] to [B, outputs, H / stride, H / stride]."""
        y = self.second(torch.relu(self.first(x)))
        return torch.relu(y + self.shortcut(x))


class HeadsNetwork(nn.Module):
    """A small residual network with one linear layer for all readings.

    0.78 M parameters, 65 M multiply-adds an image. The last feature map is flattened, not pooled:
    turn of the head and direction of the light are told by where things are.
    """

    def __init__(self) -> None:
        super().__init__()
        a, b, c, d, e = _WIDTHS
        self.stem = Convolution(3, a, 5, 2)
        self.fine = nn.Sequential(Residual(a, b), Residual(b, c, 2), Residual(c, c))
        self.coarse = nn.Sequential(Residual(c, d, 2), Residual(d, d), Residual(d, e, 2))
        self.squeeze = Convolution(e, 40, 1)
        self.hidden = nn.Linear(40 * 4 * 4, 128)
        self.dropout = nn.Dropout(0.1)
        self.readings = nn.Linear(128, sum(_head_sizes()) + len(NUMBER_HEADS))
        self.mask = nn.Sequential(nn.Conv2d(c, 4, 1), nn.PixelShuffle(2))

    def forward(self, pixels: Tensor) -> Readings:
        """Read pixels: float32 [B, 3, 64, 64], 0..255 sRGB."""
        x = torch.relu(self.stem((pixels - 128) / 64))
        fine = self.fine(x)
        x = torch.relu(self.squeeze(self.coarse(fine)))
        x = torch.relu(self.hidden(x.flatten(1)))
        out = self.readings(self.dropout(x)).float()
        sizes = _head_sizes()
        logits = dict(zip(CLASS_HEADS, out[:, : sum(sizes)].split(sizes, 1), strict=True))
        numbers = {
            name: centre + scale * out[:, sum(sizes) + i]
            for i, (name, (centre, scale)) in enumerate(NUMBER_HEADS.items())
        }
        return Readings(logits, numbers, self.mask(fine)[:, 0].float())

    def folded(self) -> "HeadsNetwork":
        """Merge every normalisation into its convolution, in place, and fix for inference."""
        self.eval()
        for module in self.modules():
            if isinstance(module, Convolution) and len(module) == 2:
                module.fold()
        return channels_last(self).requires_grad_(False)


def channels_last(network: HeadsNetwork) -> HeadsNetwork:
    """Store the weights as the processor's convolutions want them, in place; same function."""
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def _head_sizes() -> list[int]:
    return [len(BY_NAME[name].classes) for name in CLASS_HEADS]
