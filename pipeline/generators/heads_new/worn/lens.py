"""Shade the lenses of glasses: a thin tint, and the reflection of a soft window."""

from collections.abc import Mapping

import torch
from torch import Tensor

from pipeline.generators.heads_new.light import Lights
from pipeline.generators.heads_new.worn.material import hemisphere


def glass(
    t: Mapping[str, Tensor],
    position: Tensor,
    normal: Tensor,
    view: Tensor,
    lights: Lights,
    b: Tensor,
) -> tuple[Tensor, Tensor]:
    """What lenses add and let through: two of float32 [N, 3], linear RGB."""
    facing = (normal * view).sum(-1).abs().clamp(0, 1)
    fresnel = 0.045 + 0.85 * (1 - facing) ** 5
    mirrored = 2 * facing[:, None] * normal - view
    key = lights.key[b]
    # A window on the key's side, as tall as the eye can see; its panes end softly.
    across = key[:, 0] * mirrored[:, 2] - key[:, 2] * mirrored[:, 0]
    above = mirrored[:, 1] - key[:, 1] * 0.75

    def inside(x: Tensor, half: float, soft: float) -> Tensor:
        return ((half - x.abs()) / soft + 0.5).clamp(0, 1)

    window = inside(across, 0.30, 0.10) * inside(above, 0.26, 0.10)
    window = window * (1 - 0.6 * inside(across, 0.012, 0.02)) * (mirrored[:, 2] > -0.2)
    room = 0.55 * hemisphere(mirrored, lights, b)
    streak = (position[:, 0] * 0.05 + position[:, 1] * 0.09).sin() * 0.1 + 0.9
    added = fresnel[:, None] * (room + 4.0 * lights.key_color[b] * (window * streak)[:, None])
    tint = 0.035 + 0 * facing
    through = (1 - fresnel - tint)[:, None] * torch.tensor([1.0, 1.0, 0.995], device=b.device)
    return added, through
