"""Paint the eyeballs: sclera, iris, pupil, lid shadow and catch-light."""

from itertools import pairwise

import torch
from torch import Tensor

from pipeline.generators.heads import noise
from pipeline.generators.heads.anatomy import Anatomy
from pipeline.generators.heads.details import aperture, step
from pipeline.generators.heads.layout import Person
from pipeline.generators.heads.march import unit

IRIS = (
    (0.00, (0.030, 0.013, 0.006)),
    (0.35, (0.085, 0.038, 0.014)),
    (0.55, (0.16, 0.095, 0.030)),
    (0.70, (0.13, 0.15, 0.055)),
    (0.82, (0.15, 0.26, 0.38)),
    (1.00, (0.26, 0.33, 0.38)),
)
"""Iris colours (linear RGB) along the trait, brown to grey-blue."""


def iris_color(value: float) -> Tensor:
    """The iris colour [3] at a trait value in 0..1."""
    for (low, a), (high, b) in pairwise(IRIS):
        if value <= high:
            f = (value - low) / (high - low)
            return torch.tensor([(1 - f) * p + f * q for p, q in zip(a, b, strict=True)])
    return torch.tensor(IRIS[-1][1])


def paint(
    a: Anatomy, g: Person, p: Tensor, eye: Tensor, camera: Tensor, light: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Albedo [3, N], highlight [N] and shade [N] of eyeball points.

    p: float32 [3, N]; eye: centre of each point's eyeball [3, N]; camera, light: the camera's
    position and the direction to the key light in head space [3].
    """
    out = unit(p - eye)
    gaze = unit(camera[:, None] - eye)
    ahead = torch.tensor([0.03 * g["gaze"], 0.012 * g["asymmetry"], 1.0])[:, None]
    gaze = unit(0.8 * gaze + 0.2 * ahead)
    forward = (out * gaze).sum(0)
    side = out - gaze * forward
    r = side.norm(dim=0) / 0.49
    r = torch.where(forward > 0, r, 2.0 + 0 * r)
    angle = torch.atan2(side[1], side[0])
    fibres = noise.read(angle * 0.32 + 0.3, r * 0.015, noise.FINE)
    base = iris_color(g["iris"])[:, None]
    glow = 1.25 - 0.5 * r + 0.65 * (fibres - 0.5)
    # Light entering the cornea gathers on the side away from the lamp.
    glow = glow - 0.45 * (side * light[:, None]).sum(0) / 0.46
    color = base * glow.clamp(min=0.25) + 0.05 * base.mean()
    color = color * (1 - 0.75 * step(r, 0.78, 1.0)) * step(r, 0.34, 0.42)
    sclera = torch.tensor([0.72, 0.68, 0.645])[:, None]
    inside, above, u = aperture(a, p[0], p[1])
    pink = step(u.abs(), 0.55, 1.0) * 0.5
    sclera = sclera * (1 - pink * torch.tensor([0.10, 0.32, 0.34])[:, None])
    mix = step(r, 0.93, 1.05)
    albedo = color + (sclera - color) * mix
    shade = 0.30 + 0.70 * step(-above, 0.0, 0.055)
    shade = shade * (0.55 + 0.45 * step(inside, 0.0, 0.03))
    glint = torch.stack([0.19 * light[0], 0.06 + 0.07 * light[1], 0 * light[2]])
    spot = side - glint[:, None]
    highlight = 1 - step(spot.norm(dim=0), 0.055, 0.105)
    fill = side - torch.stack([-0.9 * glint[0], -glint[1], 0 * glint[2]])[:, None]
    highlight = highlight + 0.12 * (1 - step(fill.norm(dim=0), 0.03, 0.08))
    return albedo, highlight, shade
