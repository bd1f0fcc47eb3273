"""Draw the same people again and again while a network learns, on one sheet a time."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from pipeline.generators.stylegan2.convolution import to_pixels
from pipeline.generators.stylegan2.reference import Network
from pipeline.training.gan.draws import draws
from pipeline.training.gan.heads_data import full_latents
from pipeline.training.gan.shards import Pictures
from pipeline.training.gan.spec import GanSpec
from pipeline.training.gan.synthesis import synthesize

COLUMNS, ROWS = 8, 4
"""Of a sheet."""

LOT = 16
"""Pictures drawn at a time."""


def fixed_latents(spec: GanSpec, pictures: Pictures, z_dim: int) -> Tensor:
    """The z of a sheet, float32 [32, z_dim]: of the first pictures where they have latents."""
    source = draws(spec.seed, 0, "samples")
    known = pictures.take(first_rows(pictures)).latents
    if known.shape[1]:
        return full_latents(known, z_dim, source)
    return source.normal(COLUMNS * ROWS, z_dim)


def first_rows(pictures: Pictures) -> NDArray[np.int64]:
    """The rows of a sheet of pictures to learn from; few pictures are repeated."""
    return np.arange(COLUMNS * ROWS) % len(pictures)


@torch.no_grad()
def drawn(network: Network, z: Tensor, psi: float = 1) -> NDArray[np.uint8]:
    """Pictures of z, [N, z_dim], with the network's own noise: uint8 [N, R, R, C]."""
    noise = [map_ for map_ in network.synthesis.noise_maps("const") if map_ is not None]
    z = z.to(network.mapping.get_buffer("w_avg").device)
    parts = [
        to_pixels(synthesize(network, network.mapping(lot, psi=psi), noise)).cpu().numpy()
        for lot in torch.split(z, LOT)
    ]
    return np.concatenate(parts)


def write_sheet(path: Path, images: NDArray[np.uint8]) -> None:
    """Put pictures, uint8 [32, R, R, 3], on one sheet, whole or not at all."""
    side = images.shape[1]
    rows = images.reshape(ROWS, COLUMNS, side, side, 3).swapaxes(1, 2)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    Image.fromarray(rows.reshape(ROWS * side, COLUMNS * side, 3)).save(part, "PNG")
    part.replace(path)
