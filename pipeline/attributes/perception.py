"""Run the heads network over images of any size; no reading depends on its neighbours."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from pipeline.attributes.network import CLASS_HEADS, MASK_SIZE, SIZE, HeadsNetwork
from pipeline.attributes.resample import area_average, resized
from pipeline.attributes.skin import SkinColor, skin_color

CHUNK = 16
"""Images a pass. Always as many: float sums depend on the shape of the batch."""


@dataclass(frozen=True)
class Perception:
    """What the network sees in B images, before calibration.

    logits: name -> float32 [B, C]; features: float32 [B, F], what they are read from; numbers:
    name -> float32 [B], unclipped; realism: float32 [B], logit; landmarks: float32 [B, 68, 2],
    fractions of the side; skin: its colour.
    """

    logits: Mapping[str, NDArray[np.float32]]
    features: NDArray[np.float32]
    numbers: Mapping[str, NDArray[np.float32]]
    realism: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    skin: SkinColor


def perceive(model: HeadsNetwork, images: NDArray[np.uint8]) -> Perception:
    """Run a folded network over images in passes of CHUNK, the last one padded with black.

    Args:
        model: a network on the CPU, ready for inference.
        images: uint8 [B, H, H, 3], sRGB; brought to the network's size here.
    """
    count = len(images)
    parts = [_perceive_chunk(model, images[i : i + CHUNK]) for i in range(0, max(count, 1), CHUNK)]
    return Perception(
        {n: np.concatenate([p.logits[n] for p in parts])[:count] for n in parts[0].logits},
        np.concatenate([p.features for p in parts])[:count],
        {n: np.concatenate([p.numbers[n] for p in parts])[:count] for n in parts[0].numbers},
        np.concatenate([p.realism for p in parts])[:count],
        np.concatenate([p.landmarks for p in parts])[:count],
        SkinColor(
            np.concatenate([p.skin.median for p in parts])[:count],
            np.concatenate([p.skin.features for p in parts])[:count],
            np.concatenate([p.skin.share for p in parts])[:count],
        ),
    )


def _perceive_chunk(model: HeadsNetwork, images: NDArray[np.uint8]) -> Perception:
    pixels = np.zeros((CHUNK, SIZE, SIZE, 3), np.float32)
    if len(images):
        pixels[: len(images)] = resized(images, SIZE)
    with torch.inference_mode():
        out = model(torch.from_numpy(pixels).permute(0, 3, 1, 2))
    numbers = {name: value.numpy() for name, value in out.numbers.items()}
    mask = torch.sigmoid(out.mask).numpy().astype(np.float64)
    cells = area_average(pixels, MASK_SIZE)
    azimuth = numbers["light_azimuth"].astype(np.float64)
    return Perception(
        {name: out.logits[name].numpy() for name in CLASS_HEADS},
        out.features.numpy(),
        numbers,
        out.realism.numpy(),
        out.landmarks.numpy(),
        skin_color(cells, mask, azimuth),
    )
