"""See pictures as the bundled scorer's network does, frozen: for losses and for metrics."""

import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.attributes import WEIGHTS
from pipeline.attributes.heads_weights import Weights
from pipeline.attributes.network import SIZE, HeadsNetwork


class Features:
    """The last hidden layer of the `builtin:heads` scorer."""

    def __init__(self, device: torch.device, dtype: torch.dtype = torch.float32) -> None:
        """Take them on a device; dtype: of the arithmetic, float32 or bfloat16."""
        self.device, self._dtype = device, dtype
        self._network = HeadsNetwork().folded()
        held = Weights.load(WEIGHTS / "weights.safetensors")
        self._network.load_state_dict(dict(held.network))
        self._network.requires_grad_(False).to(device)
        self._seen: list[Tensor] = []
        self._network.hidden.register_forward_hook(lambda _, __, found: self._seen.append(found))

    def of(self, images: Tensor) -> Tensor:
        """Features of images, float32 [B, 3, R, R], -1..1, resized: float32 [B, F], 0 or more."""
        pixels = F.interpolate(
            127.5 * (images.clamp(-1, 1) + 1), (SIZE, SIZE), mode="bilinear", antialias=True
        )
        low = self._dtype != torch.float32
        with torch.autocast(self.device.type, self._dtype, enabled=low):
            self._network(pixels.contiguous(memory_format=torch.channels_last))
        return torch.relu(self._seen.pop().float())

    def distance(self, found: Tensor, truth: Tensor) -> Tensor:
        """Mean distance of features, a number; the gradient flows to `found`."""
        with torch.no_grad():
            wanted = self.of(truth)
        return F.l1_loss(self.of(found), wanted)
