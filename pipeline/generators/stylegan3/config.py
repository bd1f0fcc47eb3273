"""Say what a StyleGAN3 generator's shape is, in plain values, and work out its layers."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from pipeline.generators.stylegan2 import plain_values

KIND = "stylegan3"

_WHOLES = {
    "resolution": (16, 4096),
    "z_dim": (1, 65536),
    "c_dim": (0, 65536),
    "w_dim": (1, 65536),
    "img_channels": (1, 64),
    "mapping_layers": (1, 64),
    "channel_base": (1, 1 << 24),
    "channel_max": (1, 65536),
    "num_layers": (3, 64),
    "num_critical": (0, 62),
    "margin_size": (0, 64),
    "num_fp16_res": (0, 64),
    "conv_kernel": (1, 3),
    "filter_size": (2, 32),
    "lrelu_upsampling": (1, 4),
}
_POSITIVES = (
    "mapping_rate",
    "first_cutoff",
    "first_stopband",
    "last_stopband_rel",
    "output_scale",
)


@dataclass(frozen=True)
class Config:
    """Everything but the weights; configs T and R differ in `conv_kernel` and `radial_filters`.

    z_dim, c_dim, w_dim: lengths of latent, label (0: unconditional) and w.
    resolution: px, a power of two; img_channels: 3 for colour.
    mapping_layers: fully connected layers from z to w; mapping_rate: their learning rate, relative.
    channel_base, channel_max: a layer of cutoff f has min(channel_base / 2f, channel_max) channels.
    num_layers, num_critical: layers in all, and those critically sampled at the end.
    first_cutoff, first_stopband: of the input, cycles over the picture's side.
    last_stopband_rel: of the last layer, relative to its cutoff.
    margin_size: px beyond the picture's edge, on every side.
    output_scale: what the last layer's values are multiplied by.
    num_fp16_res: how many of the highest resolutions were trained in float16; changes no result.
    conv_kernel: 3 (T) or 1 (R). filter_size: taps of a filter for each doubling.
    lrelu_upsampling: how much finer the nonlinearity is sampled.
    radial_filters: downsample with rotationally symmetric filters (R).
    conv_clamp: no activation is larger than this; None: no limit.
    """

    z_dim: int = 512
    c_dim: int = 0
    w_dim: int = 512
    resolution: int = 1024
    img_channels: int = 3
    mapping_layers: int = 2
    mapping_rate: float = 0.01
    channel_base: int = 32768
    channel_max: int = 512
    num_layers: int = 14
    num_critical: int = 2
    first_cutoff: float = 2
    first_stopband: float = 2**2.1
    last_stopband_rel: float = 2**0.3
    margin_size: int = 10
    output_scale: float = 0.25
    num_fp16_res: int = 4
    conv_kernel: int = 3
    filter_size: int = 6
    lrelu_upsampling: int = 2
    radial_filters: bool = False
    conv_clamp: float | None = 256

    def __post_init__(self) -> None:
        limited = () if self.conv_clamp is None else ("conv_clamp",)
        plain_values.check(KIND, self, _WHOLES, (*_POSITIVES, *limited))
        if self.resolution & (self.resolution - 1):
            plain_values.refuse(KIND, "resolution", self.resolution, "a power of two")
        if self.conv_kernel not in (1, 3):
            plain_values.refuse(KIND, "conv_kernel", self.conv_kernel, "1 or 3")
        if self.num_critical > self.num_layers - 2:
            plain_values.refuse(KIND, "num_critical", self.num_critical, "num_layers - 2 at most")
        if 2 * self.first_cutoff >= self.resolution:
            plain_values.refuse(KIND, "first_cutoff", self.first_cutoff, "below resolution / 2")

    @property
    def num_ws(self) -> int:
        """L, the number of places where w enters: input, layers and colours."""
        return self.num_layers + 2

    def signals(self) -> tuple["Signal", ...]:
        """The input's signal, each layer's output and the picture (Karras et al. 2021, fig. 4c)."""
        last = self.resolution / 2
        signals = []
        for i in range(self.num_layers + 1):
            share = min(i / (self.num_layers - self.num_critical), 1)
            cutoff = self.first_cutoff * (last / self.first_cutoff) ** share
            widest = last * self.last_stopband_rel
            stopband = self.first_stopband * (widest / self.first_stopband) ** share
            rate = 2 ** math.ceil(math.log2(min(2 * stopband, self.resolution)))
            final = i >= self.num_layers - 1
            signals.append(
                Signal(
                    cutoff=cutoff,
                    half_width=max(stopband, rate / 2) - cutoff,
                    rate=rate,
                    size=self.resolution if final else rate + 2 * self.margin_size,
                    channels=self.img_channels
                    if i == self.num_layers
                    else round(min(self.channel_base / 2 / cutoff, self.channel_max)),
                )
            )
        return tuple(signals)

    def layers(self) -> Iterator["LayerShape"]:
        """The convolutions in order, the last one to colours."""
        signals = self.signals()
        for i, after in enumerate(signals):
            colours = i == self.num_layers
            yield LayerShape(
                name=f"L{i}_{after.size}_{after.channels}",
                before=signals[max(i - 1, 0)],
                after=after,
                colours=colours,
                kernel=1 if colours else self.conv_kernel,
                rate=max(signals[max(i - 1, 0)].rate, after.rate)
                * (1 if colours else self.lrelu_upsampling),
                radial=self.radial_filters and i < self.num_layers - self.num_critical,
                filter_size=self.filter_size,
            )

    def to_json(self) -> str:
        """One line of JSON, as kept beside the weights."""
        return plain_values.to_json(KIND, self)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote.

        Raises:
            SpecError: it is no such thing, or names a field or a value that cannot be.
        """
        return cls(**plain_values.from_json(KIND, text, cls))


@dataclass(frozen=True)
class Signal:
    """A sampled picture between two layers.

    cutoff, half_width: pass band and half of the transition, cycles over the picture's side.
    rate: samples over the picture's side; size: samples a side, margins included.
    """

    cutoff: float
    half_width: float
    rate: int
    size: int
    channels: int


@dataclass(frozen=True)
class LayerShape:
    """One layer: convolution, upsampling to `rate`, nonlinearity, downsampling."""

    name: str
    before: Signal
    after: Signal
    colours: bool
    kernel: int
    rate: int
    radial: bool
    filter_size: int

    @property
    def up(self) -> int:
        """How many times finer the nonlinearity sees the signal than it comes."""
        return self.rate // self.before.rate

    @property
    def down(self) -> int:
        """How many times coarser it goes on."""
        return self.rate // self.after.rate

    @property
    def up_taps(self) -> int:
        """Length of the filter before the nonlinearity; 1: none."""
        return 1 if self.colours or self.up == 1 else self.filter_size * self.up

    @property
    def down_taps(self) -> int:
        """Length of the filter after the nonlinearity; 1: none."""
        return 1 if self.colours or self.down == 1 else self.filter_size * self.down

    @property
    def padding(self) -> tuple[int, int]:
        """Samples added before and after the fine signal, or cut, so that the output fits."""
        needed = (self.after.size - 1) * self.down + self.up_taps + self.down_taps - 1
        total = needed - (self.before.size + self.kernel - 1) * self.up
        before = (total + self.up) // 2
        return before, total - before
