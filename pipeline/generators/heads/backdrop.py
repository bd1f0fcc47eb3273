"""Paint what is behind the head: a plain wall, a gradient or blurred blobs."""

import torch
from torch import Tensor

from pipeline.generators.heads import colors, noise
from pipeline.generators.heads.layout import Person


def paint(g: Person, side: int) -> Tensor:
    """The backdrop, float32 [3, side, side], linear RGB."""
    near, far = colors.backdrop(g)
    c = (torch.arange(side, dtype=torch.float32) + 0.5) / side - 0.5
    y, x = c[:, None].expand(side, side), c[None].expand(side, side)
    lean = 0.8 if g["light_azimuth"] > 0 else -0.8
    spot = torch.exp(-((x * 1.0 - 0.2 * lean).square() + (y + 0.1).square()) * 2.2)
    kind = (g["backdrop"] * 13.7) % 1
    if kind > 0.6:
        u, v = x.flatten() * 0.05 + g["backdrop"], y.flatten() * 0.05 + g["backdrop_value"]
        blobs = noise.read(u, v, noise.CLOUD).view(side, side)
        mix = (0.55 * spot + 1.5 * (blobs - 0.35)).clamp(0, 1)
    elif kind > 0.3:
        mix = (0.5 - y * 0.9 + 0.3 * lean * x).clamp(0, 1)
    else:
        mix = 0.25 + 0.75 * spot
    return far[:, None, None] + (near - far)[:, None, None] * mix
