"""Render StyleGAN2 fast: half precision, channels last, small pictures together, large in bands.

The arithmetic is `reference`'s, reordered (see `prepared`). Up to a size the whole batch goes
through one convolution a layer; above it each picture is rendered alone, a band of rows at a
time, so that what a band needs stays in the processor's cache. Colours are summed in float32.
"""

from collections.abc import Iterator
from copy import deepcopy

import torch
from torch import Tensor

from pipeline.generators.stylegan2.block import PreparedBlock
from pipeline.generators.stylegan2.convolution import to_pixels
from pipeline.generators.stylegan2.inputs import Noise, spread
from pipeline.generators.stylegan2.reference import Block, Network


class Fast:
    """A generator ready for inference; it keeps its own weights and, once used, its buffers.

    One caller at a time. Sums are rounded alike as long as batches are of one size.
    """

    def __init__(
        self,
        network: Network,
        device: torch.device | str = "cpu",
        dtype: torch.dtype | None = None,
        precise: int = 8,
    ) -> None:
        """Prepare the weights.

        Args:
            dtype: of features; default bfloat16 on a CPU, float16 elsewhere.
            precise: resolutions up to this one are float32 all the same; they cost next to nothing.
        """
        device = torch.device(device)
        if dtype is None:
            dtype = torch.bfloat16 if device.type == "cpu" else torch.float16
        self.config = network.config
        self.device = device
        with torch.inference_mode():
            self.mapping = deepcopy(network.mapping).to(device)
            self.blocks: list[PreparedBlock] = []
            first = 0
            for r, block in _blocks(network):
                kind = torch.float32 if r <= precise else dtype
                self.blocks.append(PreparedBlock(deepcopy(block).to(device), r, kind, first))
                first += len(self.blocks[-1].layers)

    @torch.inference_mode()
    def synthesis(self, w: Tensor, noise: Noise = "const") -> Tensor:
        """Render w, float32 [B, w_dim] or [B, num_ws, w_dim]: float32 [B, img_channels, R, R].

        As `Synthesis.forward`, in channels-last order.
        """
        return torch.cat(list(self._render(self._spread(w), self._noise(noise))))

    @torch.inference_mode()
    def pixels(self, w: Tensor, noise: Noise = "const", batch: int | None = None) -> Tensor:
        """Render as sRGB: uint8 [B, R, R, img_channels].

        Args:
            batch: render so many at a time, always; the last lot is filled up with its last
                picture. Then a picture depends on no other of the call. None: all at once.
        """
        ws, maps = self._spread(w), self._noise(noise)
        size, channels = self.config.resolution, self.config.img_channels
        images = torch.empty(len(ws), size, size, channels, dtype=torch.uint8, device=self.device)
        lot = batch or len(ws)
        at = 0
        for start in range(0, len(ws), lot):
            rows = torch.arange(start, start + lot, device=self.device).clamp_max_(len(ws) - 1)
            own = [m if m is None or len(m) == 1 else m[rows] for m in maps]
            for pictures in self._render(ws[rows], own):
                if at == len(ws):
                    break
                wanted = pictures[: len(ws) - at]
                images[at : at + len(wanted)] = to_pixels(wanted)
                at += len(wanted)
        return images

    def _render(self, ws: Tensor, maps: list[Tensor | None]) -> Iterator[Tensor]:
        """The pictures in order, all together or one by one."""
        together = [block for block in self.blocks if not block.alone]
        alone = self.blocks[len(together) :]
        x: Tensor | None = None
        image: Tensor | None = None
        for block in together:
            x, image = block.batch(x, image, ws, maps)
        if not alone:
            assert image is not None
            yield image
            return
        assert x is not None
        for i in range(len(ws)):
            own = [m if m is None or len(m) == 1 else m[i : i + 1] for m in maps]
            frame = alone[0].entrance(x[i : i + 1])
            picture = None if image is None else image[i : i + 1]
            for block in alone:
                final = block is alone[-1]
                frame, picture = block.picture(frame, picture, ws[i : i + 1], own, final)
            assert picture is not None
            yield picture

    def _spread(self, w: Tensor) -> Tensor:
        return spread(w.to(self.device), self.config.num_ws)

    def _noise(self, noise: Noise) -> list[Tensor | None]:
        layers = [layer for block in self.blocks for layer in block.layers]
        if noise == "none":
            return [None] * len(layers)
        if noise == "const":
            return [layer.const for layer in layers]
        given = zip(layers, noise, strict=True)
        return [layer.noise(map_.to(self.device)) for layer, map_ in given]


def _blocks(network: Network) -> Iterator[tuple[int, Block]]:
    for r in network.config.resolutions:
        block = network.synthesis.get_submodule(f"b{r}")
        assert isinstance(block, Block)
        yield r, block
