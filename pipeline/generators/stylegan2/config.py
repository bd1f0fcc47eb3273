"""Say what a StyleGAN2 generator's shape is, in plain values."""

from dataclasses import dataclass
from typing import Literal, Self, get_args

from pipeline.generators.stylegan2 import plain_values

Architecture = Literal["skip", "resnet", "orig"]

KIND = "stylegan2"

_WHOLES = {
    "resolution": (8, 4096),
    "z_dim": (1, 65536),
    "c_dim": (0, 65536),
    "w_dim": (1, 65536),
    "img_channels": (1, 64),
    "mapping_layers": (1, 64),
    "channel_base": (1, 1 << 24),
    "channel_max": (1, 65536),
    "num_fp16_res": (0, 64),
}


@dataclass(frozen=True)
class Config:
    """Everything but the weights.

    z_dim, c_dim, w_dim: lengths of latent, label (0: unconditional) and w.
    resolution: px, a power of two; img_channels: 3 for colour.
    mapping_layers: fully connected layers from z to w; mapping_rate: their learning rate, relative.
    channel_base, channel_max: a layer at r px has min(channel_base / r, channel_max) channels.
    architecture: how pictures leave the pyramid (Karras et al. 2020, fig. 7).
    num_fp16_res: how many of the highest resolutions were trained in float16; changes no result.
    conv_clamp: no activation is larger than this; None: no limit.
    resample_filter: taps of the separable filter behind every doubling.
    """

    z_dim: int = 512
    c_dim: int = 0
    w_dim: int = 512
    resolution: int = 1024
    img_channels: int = 3
    mapping_layers: int = 8
    mapping_rate: float = 0.01
    channel_base: int = 32768
    channel_max: int = 512
    architecture: Architecture = "skip"
    num_fp16_res: int = 0
    conv_clamp: float | None = None
    resample_filter: tuple[float, ...] = (1, 3, 3, 1)

    def __post_init__(self) -> None:
        limited = () if self.conv_clamp is None else ("conv_clamp",)
        plain_values.check(KIND, self, _WHOLES, ("mapping_rate", *limited))
        if self.resolution & (self.resolution - 1):
            plain_values.refuse(KIND, "resolution", self.resolution, "a power of two")
        if self.channel_base < self.resolution:
            plain_values.refuse(KIND, "channel_base", self.channel_base, "at least the resolution")
        if self.architecture not in get_args(Architecture):
            words = " or ".join(get_args(Architecture))
            plain_values.refuse(KIND, "architecture", self.architecture, words)
        taps = self.resample_filter
        sound = isinstance(taps, tuple) and all(map(plain_values.is_number, taps))
        if not sound or not 2 <= len(taps) <= 32 or abs(sum(taps)) < 1e-6:
            plain_values.refuse(KIND, "resample_filter", taps, "2 to 32 numbers, sum not 0")

    @property
    def resolutions(self) -> tuple[int, ...]:
        """4, 8, … resolution."""
        return tuple(1 << k for k in range(2, self.resolution.bit_length()))

    @property
    def num_ws(self) -> int:
        """L, the number of places where w enters."""
        return 2 * len(self.resolutions)

    @property
    def noise_sizes(self) -> tuple[int, ...]:
        """Side of each layer's noise map, px, in the layers' order."""
        return (4, *(r for r in self.resolutions[1:] for _ in range(2)))

    def channels(self, resolution: int) -> int:
        """Feature maps at a resolution."""
        return min(self.channel_base // resolution, self.channel_max)

    def to_json(self) -> str:
        """One line of JSON, as kept beside the weights."""
        return plain_values.to_json(KIND, self)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises:
            SpecError: it is no such thing, or names a field or a value that cannot be.
        """
        values = plain_values.from_json(KIND, text, cls)
        if isinstance(taps := values.get("resample_filter"), list):
            values["resample_filter"] = tuple(taps)
        return cls(**values)
