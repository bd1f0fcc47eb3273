"""See pictures as the bundled scorer's network does, frozen: for losses and for metrics."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from pipeline.attributes import WEIGHTS
from pipeline.attributes.heads_weights import Weights
from pipeline.attributes.network import SIZE, HeadsNetwork, Readings
from pipeline.training.gan.fused import fused
from pipeline.training.gan.shards import Pictures
from pipeline.training.gan.spec import GanSpec

FEATURES = WEIGHTS / "weights.safetensors"
"""The scorer's weights."""


class Features:
    """The last hidden layer of the `builtin:heads` scorer."""

    def __init__(self, device: torch.device, dtype: torch.dtype = torch.float32) -> None:
        """Take them on a device; dtype: of the arithmetic, float32 or bfloat16."""
        self.device, self._dtype = device, dtype
        self._network = HeadsNetwork().folded()
        held = Weights.load(FEATURES)
        self._network.load_state_dict(dict(held.network))
        self._network.requires_grad_(False).to(device)

    def of(self, images: Tensor) -> Tensor:
        """Features of images, float32 [B, 3, R, R], -1..1, resized: float32 [B, F], 0 or more."""
        pixels = F.interpolate(
            127.5 * (images.clamp(-1, 1) + 1), (SIZE, SIZE), mode="bilinear", antialias=True
        )
        low = self._dtype != torch.float32
        with torch.autocast(self.device.type, self._dtype, enabled=low):
            found: Readings = self._network(pixels.contiguous(memory_format=torch.channels_last))
        return found.features.float()


class Taught:
    """Features of the pictures that are learned from, found once and kept: 400 bytes a picture."""

    def __init__(self, pictures: Pictures, features: Features, spec: GanSpec) -> None:
        self._pictures, self._features, self._spec = pictures, features, spec
        self._kept: dict[int, Tensor] = {}

    def distance(self, found: Tensor, rows: NDArray[np.int64]) -> Tensor:
        """Mean distance of features of pictures, float32 [B, 3, R, R], from those of these rows.

        A number; the gradient flows to `found`.
        """
        wanted = [self._shard(shard)[i] for shard, i in self._pictures.places(rows)]
        seen = fused(Features.of, self._spec)(self._features, found)
        return F.l1_loss(seen, torch.stack(wanted).float())

    def _shard(self, number: int) -> Tensor:
        """Of a whole shard at a time, so that a run that goes on finds the same: float16 [N, F]."""
        if number not in self._kept:
            sample = self._pictures.take(self._pictures.rows_of(number), self._features.device)
            with torch.no_grad():
                self._kept[number] = self._features.of(sample.images).half()
        return self._kept[number]
