"""Render StyleGAN3 fast: half precision, channels last, one picture at a time, in bands.

The arithmetic is `reference`'s, reordered (see `prepared`); the input and the picture are float32.
"""

from collections.abc import Iterator
from copy import deepcopy

import torch
from torch import Tensor

from pipeline.generators.stylegan2.convolution import to_pixels
from pipeline.generators.stylegan2.frame import Frame
from pipeline.generators.stylegan2.inputs import spread
from pipeline.generators.stylegan3.prepared import PreparedLayer
from pipeline.generators.stylegan3.reference import Layer, Network


class Fast:
    """A generator ready for inference; it keeps its own weights and, once used, its buffers.

    One caller at a time. A picture does not depend on the others of its call.
    """

    def __init__(
        self,
        network: Network,
        device: torch.device | str = "cpu",
        dtype: torch.dtype | None = None,
    ) -> None:
        """Prepare the weights; dtype of features: default bfloat16 on a CPU, float16 elsewhere."""
        self.device = torch.device(device)
        if dtype is None:
            dtype = torch.bfloat16 if self.device.type == "cpu" else torch.float16
        self.config = network.config
        self.dtype = dtype
        self.border = network.config.conv_kernel
        with torch.inference_mode():
            self.mapping = deepcopy(network.mapping).to(self.device)
            self.input = deepcopy(network.synthesis.input).to(self.device)
            self.layers: list[PreparedLayer] = []
            for name in network.synthesis.names:
                layer = deepcopy(network.synthesis.get_submodule(name)).to(self.device)
                assert isinstance(layer, Layer)
                self.layers.append(PreparedLayer(layer, dtype))

    @torch.inference_mode()
    def synthesis(self, w: Tensor) -> Tensor:
        """Render w, float32 [B, w_dim] or [B, num_ws, w_dim]: float32 [B, img_channels, R, R].

        As `Synthesis.forward`, in channels-last order.
        """
        return torch.cat(list(self._render(w)))

    @torch.inference_mode()
    def pixels(self, w: Tensor) -> Tensor:
        """Render as sRGB: uint8 [B, R, R, img_channels]."""
        return torch.cat([to_pixels(picture) for picture in self._render(w)])

    def _render(self, w: Tensor) -> Iterator[Tensor]:
        *layers, colours = self.layers
        for ws in spread(w.to(self.device), self.config.num_ws)[:, None]:
            x = self.input(ws[:, 0])
            frame = Frame(x.shape[1], x.shape[2], self.border, self.dtype, self.device)
            frame.inside.copy_(x)
            for i, layer in enumerate(layers):
                frame = layer.picture(frame, ws[:, i + 1], self.border)
            yield colours.colours(frame, ws[:, -1]) * self.config.output_scale
