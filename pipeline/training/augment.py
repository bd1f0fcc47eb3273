"""Disturb training images as the world does: flips, shifts, blur, light, noise and JPEG."""

import io
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

MIRRORED = ("yaw", "light_azimuth")
"""Labels whose sign turns with a horizontal flip."""


def augment(
    images: NDArray[np.uint8],
    masks: NDArray[np.uint8],
    labels: Mapping[str, Tensor],
    rng: np.random.Generator,
) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """Disturb a batch; about a third of the images is only flipped or left alone.

    Args:
        images: uint8 [B, 64, 64, 3].
        masks: uint8 [B, 32, 32].
        labels: name -> [B].
        rng: the only source of chance.

    Returns:
        float32 [B, 3, 64, 64], 0..255, channels last; float32 [B, 32, 32], 0..1; the labels.
    """
    count = len(images)
    pressed = images.copy()
    for i in np.flatnonzero(rng.random(count) < 0.25):
        pressed[i] = jpeg(pressed[i], int(rng.integers(60, 96)))
    x = torch.from_numpy(pressed).permute(0, 3, 1, 2).float()
    m = torch.from_numpy(masks).float()[:, None] / 255
    moved = _rows(rng, count, 0.5)
    theta = _placements(len(moved), rng)
    x[moved], m[moved] = _place(x[moved], theta), _place(m[moved], theta)
    soft = _rows(rng, count, 0.15)
    x[soft] = F.interpolate(F.avg_pool2d(x[soft], 2), scale_factor=2.0, mode="bilinear")
    lit = _rows(rng, count, 0.4)
    x[lit] = _relight(x[lit], rng)
    x = x.clamp(0, 255)
    flip = torch.from_numpy(rng.random(count) < 0.5)
    x = torch.where(flip[:, None, None, None], x.flip(3), x)
    m = torch.where(flip[:, None, None, None], m.flip(3), m)
    turned = {
        name: torch.where(flip, -value, value) if name in MIRRORED else value
        for name, value in labels.items()
    }
    return x.contiguous(memory_format=torch.channels_last), m[:, 0], turned


def jpeg(image: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Through JPEG and back: uint8 [H, W, 3]."""
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality, subsampling=0)
    with Image.open(file) as decoded:
        return np.asarray(decoded.convert("RGB"))


def _rows(rng: np.random.Generator, count: int, share: float) -> Tensor:
    return torch.from_numpy(np.flatnonzero(rng.random(count) < share))


def _placements(count: int, rng: np.random.Generator) -> Tensor:
    """Random scales within 6 % and shifts within 2 of 64 px: float32 [count, 2, 3]."""
    theta = np.zeros((count, 2, 3), np.float32)
    theta[:, 0, 0] = theta[:, 1, 1] = 1 + rng.uniform(-0.06, 0.06, count)
    theta[:, :, 2] = rng.uniform(-1 / 16, 1 / 16, (count, 2))
    return torch.from_numpy(theta)


def _place(x: Tensor, theta: Tensor) -> Tensor:
    grid = F.affine_grid(theta, list(x.shape), align_corners=False)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)


def _relight(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Brightness and contrast within 12 %, noise of up to 5 levels."""
    shape = (len(x), 1, 1, 1)
    gain = torch.from_numpy(rng.uniform(0.88, 1.12, shape).astype(np.float32))
    lift = torch.from_numpy(rng.uniform(-12, 12, shape).astype(np.float32))
    level = torch.from_numpy(rng.uniform(0, 5, shape).astype(np.float32))
    noise = torch.from_numpy(rng.standard_normal(tuple(x.shape), np.float32))
    return (x - 128) * gain + 128 + lift + level * noise
