"""All layers of one resolution, for a whole batch or for one picture in bands of rows."""

import torch
from torch import Tensor

from pipeline.generators.stylegan2.frame import Frame
from pipeline.generators.stylegan2.prepared import (
    LAST,
    Doubling,
    PreparedColours,
    PreparedLayer,
    PreparedShortcut,
)
from pipeline.generators.stylegan2.reference import Block

BAND = 1 << 21
"""Values of a layer's output in one band: 4 MB in bfloat16."""

CHEAP = 18
"""Pixels for each input channel from which on a picture is rendered alone on a CPU."""


class PreparedBlock:
    """The arithmetic of `reference.Block`.

    alone: whether a picture's weights are cheap enough to render each picture by itself; never on
        a card, which wants large convolutions.
    first: where this block's layers stand among all that take a w and a noise map.
    """

    def __init__(self, block: Block, resolution: int, dtype: torch.dtype, first: int) -> None:
        half = 0.5**0.5 if block.architecture == "resnet" and resolution > 4 else 1
        self.resolution = resolution
        self.dtype = dtype
        self.first = first
        self.const = block.const.to(dtype)[None] if resolution == 4 else None
        self.outputs, self.inputs = block.conv1.weight.shape[:2]
        if resolution > 4:
            self.inputs = block.conv0.weight.shape[1]
        taps = block.get_buffer("resample_filter")
        self.device = taps.device
        self.alone = self.device.type == "cpu" and CHEAP * self.inputs < resolution**2
        self.layers = [PreparedLayer(block.conv1, dtype, self.alone, half)]
        if resolution > 4:
            self.layers.insert(0, PreparedLayer(block.conv0, dtype, self.alone))
        self.shortcut = PreparedShortcut(block.skip, dtype) if hasattr(block, "skip") else None
        self.colours = PreparedColours(block.torgb, dtype) if hasattr(block, "torgb") else None
        self.doubling = Doubling(taps, len(block.torgb.bias)) if self.colours else None
        self.border = len(taps) // 2 + 1
        self.middle: Frame | None = None
        self.output: Frame | None = None

    def batch(
        self, x: Tensor | None, image: Tensor | None, ws: Tensor, maps: list[Tensor | None]
    ) -> tuple[Tensor, Tensor | None]:
        """Features and pictures of half the side to those of this resolution."""
        own = ws[:, self.first :]
        if x is None:
            assert self.const is not None
            x = self.const.expand(len(ws), -1, -1, -1)
        x = x.to(self.dtype, memory_format=LAST)
        past = self.shortcut(x) if self.shortcut else None
        ways = [layer.modulation(own[:, i]) for i, layer in enumerate(self.layers)]
        x = x * ways[0][0].to(self.dtype)[..., None, None]
        for i, layer in enumerate(self.layers):
            following = ways[i + 1][0] if layer is not self.layers[-1] else None
            x = layer.batch(x, ways[i][1], maps[self.first + i], following)
        if past is not None:
            x = x.add_(past)
        if self.colours:
            image = self._doubled(image, ws)
            weights = self.colours.modulated(own[:, len(self.layers)])
            if self.device.type == "cuda":
                return x, image.add_(self.colours.batch(x, weights))
            for i in range(len(ws)):
                image[i : i + 1] += self.colours(x[i : i + 1], weights[i])
        return x, image

    def entrance(self, x: Tensor) -> Frame:
        """Frame the features of one picture, [1, I, r / 2, r / 2]."""
        frame = Frame(self.inputs, self.resolution // 2, self.border, self.dtype, self.device)
        frame.inside.copy_(x)
        return frame

    def picture(
        self, x: Frame, image: Tensor | None, ws: Tensor, maps: list[Tensor | None], final: bool
    ) -> tuple[Frame, Tensor | None]:
        """As `batch`, for one picture; the frame returned holds until the next call.

        final: nobody needs the features that leave this block.
        """
        if self.middle is None:
            self.middle = self._frame()
        if self.output is None and not final:
            self.output = self._frame()
        own = ws[:, self.first :]
        conv0, conv1 = self.layers
        weight = conv0.modulated(own[:, 0])
        for first, last in self._bands():
            y = conv0.band(x, weight, first, last)
            noise = _rows(maps[self.first], first, last)
            conv0.finish(y, noise, out=self.middle.rows(first, last))

        past = self.shortcut(x.inside) if self.shortcut else None
        weight = conv1.modulated(own[:, 1])
        if self.colours:
            image = self._doubled(image, ws)
            tint = self.colours.modulated(own[:, 2])[0]
        for first, last in self._bands():
            y = conv1.band(self.middle, weight, first, last)
            noise = _rows(maps[self.first + 1], first, last)
            out = None if self.output is None else self.output.rows(first, last)
            y = conv1.finish(y, noise, out)
            if past is not None:
                y.add_(past[:, :, first:last])
            if self.colours and image is not None:
                image[:, :, first:last] += self.colours(y, tint)
        return self.output or self.middle, image

    def _bands(self) -> list[tuple[int, int]]:
        side = self.resolution
        rows = max(2, min(side, BAND // (self.outputs * side) // 2 * 2))
        return [(first, min(first + rows, side)) for first in range(0, side, rows)]

    def _doubled(self, image: Tensor | None, ws: Tensor) -> Tensor:
        """The picture so far at this resolution; black where there is none."""
        if image is not None and self.doubling:
            return self.doubling(image)
        assert self.colours is not None
        side, channels = self.resolution, len(self.colours.bias)
        black = torch.zeros(len(ws), channels, side, side, device=self.device)
        return black.contiguous(memory_format=LAST)

    def _frame(self) -> Frame:
        return Frame(self.outputs, self.resolution, self.border, self.dtype, self.device)


def _rows(noise: Tensor | None, first: int, last: int) -> Tensor | None:
    return None if noise is None else noise[:, first:last]
