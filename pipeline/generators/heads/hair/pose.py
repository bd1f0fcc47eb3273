"""Turn strands into the world, and number what is drawn of them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.generators.heads.camera import HEIGHT, Camera
from pipeline.generators.heads.face import step
from pipeline.generators.heads.hair.strands import Strands

HAIRS = 32
"""Most hairs drawn for a strand."""

RAMP = 16.0
"""Waves reach their full size so many mm from where they begin."""


@dataclass(frozen=True)
class Posed:
    """Strands in the world: points, normal, tangent float32 [B, S, P, 3], the last two unit.

    fine: 1 where samples show single hairs, less where each stands for several.
    """

    strands: Strands
    points: Tensor
    normal: Tensor
    tangent: Tensor
    fine: float


def pose(strands: Strands, camera: Camera) -> Posed:
    """Turn strands into the world: hair that hangs on the body turns with the body."""
    p = strands.points
    low = step(-p[..., 1:2], 95.0, 185.0)
    world = torch.lerp(camera.world(p), camera.world(p, body=True), low)
    ahead = torch.cat([world[..., 1:, :], world[..., -1:, :]], -2)
    behind = torch.cat([world[..., :1, :], world[..., :-1, :]], -2)
    tangent = ahead - behind
    tangent = tangent / tangent.square().sum(-1, keepdim=True).sqrt().clamp(min=1e-6)
    fine = min(1.0, max(0.35, (0.40 * camera.side / HEIGHT) ** 0.6))
    return Posed(strands, world, camera.directions(strands.normal), tangent, fine)


PLACES = 128
"""Places along a strand that a drawn number can tell apart."""
