"""The heads network: 128 px pixels to attributes, landmarks, realism and a mask of the skin."""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from pipeline.attributes.taxonomy import BY_NAME

SIZE = 128
"""Side of the network's input, px."""

DAMAGE_SIZE = 16
"""Side of the map of damage, cells."""

MASK_SIZE = 32
"""Side of the skin mask and of the landmarks' maps, px."""

LANDMARKS = 68
"""Points of the iBUG 300-W scheme (Sagonas et al., 2013)."""

CLASS_HEADS = (
    "age",
    "gender_presentation",
    "skin_tone",
    "expression",
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

_WIDTHS = (32, 64, 128, 144)
_HIDDEN = 192
_JOINED = 64
_DAMAGE = 16  # the map itself and features that only realism uses

DOUBT = 1.5
"""Largest logarithm by which one image's logits are sharpened or flattened."""


@dataclass(frozen=True)
class Readings:
    """What the network says of B images.

    logits: name -> float32 [B, C], for CLASS_HEADS.
    features: float32 [B, 192], what the readings are read from.
    numbers: name -> float32 [B], in the taxonomy's unit, for NUMBER_HEADS.
    realism: float32 [B], logit of "a proper face".
    landmarks: float32 [B, 68, 2], x and y as fractions of the side.
    damage: float32 [B, 16, 16], logits of "this part is wrong" for each 8 x 8 px.
    mask: float32 [B, 32, 32], logits of the share of skin in each 4 x 4 px.
    """

    logits: dict[str, Tensor]
    features: Tensor
    numbers: dict[str, Tensor]
    realism: Tensor
    landmarks: Tensor
    damage: Tensor
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


class Pyramid(nn.Module):
    """Bring what is seen at 8 x 8 and 16 x 16 back down to 32 x 32 (Lin et al., 2017)."""

    def __init__(self, fine: int, middle: int, coarse: int, outputs: int) -> None:
        super().__init__()
        self.fine = Convolution(fine, outputs, 1)
        self.middle = Convolution(middle, outputs, 1)
        self.coarse = Convolution(coarse, outputs, 1)
        self.mix = Convolution(outputs, outputs, 3)
        self.sharpen = Convolution(outputs, outputs, 3)

    def forward(self, fine: Tensor, middle: Tensor, coarse: Tensor) -> tuple[Tensor, Tensor]:
        """Features [B, outputs, 16, 16] and [B, outputs, 32, 32]."""
        x = self.middle(middle) + F.interpolate(self.coarse(coarse), scale_factor=2.0)
        x = torch.relu(self.mix(torch.relu(x)))
        larger = F.interpolate(x, scale_factor=2.0, mode="bilinear")
        detail = torch.relu(self.fine(fine) + larger)
        return x, torch.relu(self.sharpen(detail))


class HeadsNetwork(nn.Module):
    """A small residual network with a linear layer for the readings and a pyramid for the maps.

    1.92 M parameters, 421 M multiply-adds an image. The last feature map is flattened, not
    pooled: turn of the head and direction of the light are told by where things are. Realism also
    sees the strongest sign of damage anywhere in the picture, since one misplaced eye breaks a
    face. How sure each class head may be of an image, `certainty`, is fitted when all else is done.
    """

    def __init__(self) -> None:
        super().__init__()
        a, b, c, d = _WIDTHS
        self.stem = nn.Sequential(
            Convolution(3, a, 5, 2), nn.ReLU(), Residual(a, a), Convolution(a, b, 3, 2), nn.ReLU()
        )
        self.fine = Residual(b, b)
        self.middle = nn.Sequential(Residual(b, c, 2), Residual(c, c))
        self.coarse = nn.Sequential(Residual(c, d, 2), Residual(d, d))
        self.squeeze = Convolution(d, 32, 1)
        self.hidden = nn.Linear(32 * 8 * 8, _HIDDEN)
        self.dropout = nn.Dropout(0.1)
        self.readings = nn.Linear(_HIDDEN, sum(_head_sizes()) + len(NUMBER_HEADS))
        self.certainty = nn.Linear(_HIDDEN, len(CLASS_HEADS)).requires_grad_(False)
        nn.init.zeros_(self.certainty.weight)
        nn.init.zeros_(self.certainty.bias)
        self.pyramid = Pyramid(b, c, d, _JOINED)
        self.damage = nn.Conv2d(_JOINED, _DAMAGE, 1)
        self.realism = nn.Linear(_HIDDEN + _DAMAGE, 1)
        self.maps = nn.Conv2d(_JOINED, LANDMARKS + 1, 1)
        self.shift = nn.Linear(_HIDDEN, 2 * LANDMARKS)

    def forward(self, pixels: Tensor) -> Readings:
        """Read pixels: float32 [B, 3, 128, 128], 0..255 sRGB."""
        fine = self.fine(self.stem((pixels - 128) / 64))
        middle = self.middle(fine)
        coarse = self.coarse(middle)
        squeezed = torch.relu(self.squeeze(coarse))
        hidden = torch.relu(self.hidden(squeezed.flatten(1)))
        out = self.readings(self.dropout(hidden)).float()
        sizes = _head_sizes()
        sure = self.certainty(hidden).float().clamp(-DOUBT, DOUBT).exp().unbind(1)
        split = out[:, : sum(sizes)].split(sizes, 1)
        logits = {n: s[:, None] * x for n, s, x in zip(CLASS_HEADS, sure, split, strict=True)}
        numbers = {
            name: centre + scale * out[:, sum(sizes) + i]
            for i, (name, (centre, scale)) in enumerate(NUMBER_HEADS.items())
        }
        joined, detail = self.pyramid(fine, middle, coarse)
        damage = self.damage(joined)
        realism = self.realism(torch.cat([hidden, damage.amax((2, 3))], 1))[:, 0].float()
        maps = self.maps(detail).float()
        # The maps see where a point is; the shift reaches those beyond the picture's edge.
        shift = 0.1 * self.shift(hidden).float().view(-1, LANDMARKS, 2)
        landmarks = centres_of_mass(maps[:, :LANDMARKS]) + shift
        skin = maps[:, LANDMARKS]
        return Readings(logits, hidden, numbers, realism, landmarks, damage[:, 0].float(), skin)

    def folded(self) -> "HeadsNetwork":
        """Merge every normalisation into its convolution, in place, and fix for inference."""
        self.eval()
        for module in self.modules():
            if isinstance(module, Convolution) and len(module) == 2:
                module.fold()
        return channels_last(self).requires_grad_(False)


def centres_of_mass(maps: Tensor) -> Tensor:
    """Where each map's softmax lies on average, as fractions of the side (Sun et al., 2018).

    Args:
        maps: float32 [B, K, H, H].

    Returns:
        float32 [B, K, 2], x and y.
    """
    side = maps.shape[-1]
    share = maps.flatten(2).softmax(-1).view(maps.shape)
    centres = (torch.arange(side, dtype=maps.dtype, device=maps.device) + 0.5) / side
    # Sums of products, not a matrix product: BLAS rounds a row by where it stands in the batch.
    x = (share.sum(2) * centres).sum(-1)
    y = (share.sum(3) * centres).sum(-1)
    return torch.stack([x, y], -1)


def channels_last(network: HeadsNetwork) -> HeadsNetwork:
    """Store the weights as the processor's convolutions want them, in place; same function."""
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network


def _head_sizes() -> list[int]:
    return [len(BY_NAME[name].classes) for name in CLASS_HEADS]
