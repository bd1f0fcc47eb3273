"""Shade the lenses of glasses: a thin tint, and the reflection of a soft window."""

from collections.abc import Mapping

from torch import Tensor

from pipeline.generators.heads.light import Lights
from pipeline.generators.heads.worn.material import hemisphere


def glass(
    t: Mapping[str, Tensor], position: Tensor, normal: Tensor, view: Tensor, lights: Lights,
    b: Tensor,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """What lenses add and let through: two of float32 [N, 3], linear RGB."""
    facing = (normal * view).sum(-1).abs().clamp(0, 1)
    fresnel = 0.06 + 0.85 * (1 - facing) ** 5
    mirrored = 2 * facing[:, None] * normal - view
    # A window, drawn toward the front so that most poses catch a corner of it.
    key = lights.key[b]
    across = mirrored[:, 0] - 0.45 * key[:, 0]
    above = mirrored[:, 1] - 0.30 * key[:, 1] + 0.12 + 0.35 * across
    window = _inside(across, 0.17, 0.06) * _inside(above, 0.12, 0.06)
    window = window * (1 - 0.7 * _inside(across - 0.02, 0.006, 0.016)) * (mirrored[:, 2] > 0)
    room = 0.28 * hemisphere(mirrored, lights, b)
    added = fresnel[:, None] * (room + 2.5 * lights.key_color[b] * window[:, None])
    through = 1 - fresnel - 0.06
    return added, through[:, None].expand(-1, 3)


def _inside(x: Tensor, half: float, soft: float) -> Tensor:
    """1 where |x| < half, with an edge `soft` wide."""
    return ((half - x.abs()) / soft + 0.5).clamp(0, 1)
