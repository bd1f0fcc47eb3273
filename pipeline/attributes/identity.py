"""Tell whether two pictures show the same invented person, whatever the pose, light or age."""

import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn import functional as F

from pipeline.attributes import network, resample
from pipeline.attributes.network import SIZE, Convolution, Residual
from pipeline.attributes.resample import resized

FORMAT = "identity-1"

EMBEDDING = 128
"""Numbers of an embedding."""

CHUNK = 16
"""Images a pass. Always as many: float sums depend on the shape of the batch."""

_WIDTHS = (32, 64, 128, 160)


class IdentityNetwork(nn.Module):
    """A small residual network from 128 px to a point on the unit sphere.

    1.80 M parameters, 370 M multiply-adds an image. The last feature map is flattened, not pooled:
    where things are in a face tells whose it is.
    """

    def __init__(self) -> None:
        super().__init__()
        a, b, c, d = _WIDTHS
        self.trunk = nn.Sequential(
            Convolution(3, a, 5, 2), nn.ReLU(), Residual(a, a), Convolution(a, b, 3, 2), nn.ReLU(),
            Residual(b, b), Residual(b, c, 2), Residual(c, c), Residual(c, d, 2), Residual(d, d),
            Convolution(d, 32, 1), nn.ReLU(), nn.Flatten(), nn.Dropout(0.1),
        )  # fmt: skip
        self.embedding = nn.Linear(32 * 8 * 8, EMBEDDING)

    def forward(self, pixels: Tensor) -> Tensor:
        """Unit vectors, float32 [B, 128], of pixels: float32 [B, 3, 128, 128], 0..255 sRGB."""
        return F.normalize(self.embedding(self.trunk((pixels - 128) / 64)).float(), dim=1)

    def folded(self) -> "IdentityNetwork":
        """Merge every normalisation into its convolution, in place, and fix for inference."""
        self.eval()
        for module in self.modules():
            if isinstance(module, Convolution) and len(module) == 2:
                module.fold()
        return self.channels_last().requires_grad_(False)

    def channels_last(self) -> "IdentityNetwork":
        """Order the weights as convolutions on processors are fastest, in place."""
        # The stubs know nothing of modules with a memory format alone.
        return self.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


class Identity:
    """Embeds pictures; the cosine of two embeddings says how alike the people in them are.

    It compares people that the built-in generator invented, and nobody else.
    """

    digest: str
    """sha256 (hex) over weights and code."""

    limit: float
    """The cosine that one in a thousand pairs of different people exceeds."""

    def __init__(self, weights: Path) -> None:
        """Read what `write_identity` wrote; nothing in the file is executed.

        Raises:
            ValueError: the file holds something else.
        """
        with safe_open(weights, framework="pt") as file:
            meta = json.loads((file.metadata() or {}).get("identity", "{}"))
        if meta.get("format") != FORMAT:
            raise ValueError(f"{weights} does not hold weights of format {FORMAT}")
        self.limit = float(meta["limit"])
        self._network = IdentityNetwork().folded()
        self._network.load_state_dict(load_file(weights))
        self._network.channels_last()
        digest = hashlib.sha256(weights.read_bytes())
        for source in (str(network.__file__), str(resample.__file__), __file__):
            digest.update(Path(source).read_bytes())
        self.digest = digest.hexdigest()

    def embed(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Unit vectors, float32 [B, 128], of images: uint8 [B, H, H, 3], sRGB, any size.

        An image's vector depends on that image alone, whatever shares the batch.
        """
        found = np.empty((len(images), EMBEDDING), np.float32)
        for start in range(0, len(images), CHUNK):
            some = images[start : start + CHUNK]
            pixels = np.zeros((CHUNK, SIZE, SIZE, 3), np.float32)
            pixels[: len(some)] = resized(some, SIZE)
            with torch.inference_mode():
                out = self._network(torch.from_numpy(pixels).permute(0, 3, 1, 2))
            found[start : start + len(some)] = out.numpy()[: len(some)]
        return found


def write_identity(path: Path, folded: IdentityNetwork, limit: float) -> None:
    """Write a folded network and its limit, a cosine, as one safetensors file."""
    state = {name: value.contiguous() for name, value in folded.state_dict().items()}
    path.write_bytes(save(state, {"identity": json.dumps({"format": FORMAT, "limit": limit})}))
