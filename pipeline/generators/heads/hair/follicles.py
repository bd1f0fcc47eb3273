"""Say how densely hair stands on the skin, to tint the skin beneath it."""

from collections.abc import Mapping

import torch
from torch import Tensor

from pipeline.generators.heads.face import step
from pipeline.generators.heads.hair.facial import wanted_zones
from pipeline.generators.heads.hair.regions import (
    beard_zones,
    brow_frame,
    crown_loss,
    line_terms,
    scalp_distance,
)
from pipeline.generators.heads.hair.styles import style


def follicles(t: Mapping[str, Tensor], rest: Tensor, person: Tensor) -> Tensor:
    """Density of hair at the skin.

    Args:
        t: traits, [B] each. rest: rest points float32 [N, 3]; person: int64 [N].

    Returns:
        scalp, beard and brow density, each 0..1: [N, 3].
    """
    chosen = style(t)
    y, z = rest[:, 1], rest[:, 2]
    recession = chosen.recession[person]
    edge = scalp_distance(
        rest, line_terms(rest), chosen.masculine[person], recession, chosen.shift[person],
        chosen.seed[person],
    )  # fmt: skip
    scalp = step(edge, -3.5, 8.0) * (1 - crown_loss(rest, recession)) * (y > -75)
    # Grey roots tint dark skin less than they would lighten it.
    pale = 0.75 * step(t["grey_share"], 0.0, 0.5) * step(t["tone"], 2.5, 5.0)
    scalp = scalp * (1 - pale[person])
    wanted, _ = wanted_zones(t)
    beard = (wanted[person] * beard_zones(rest)).amax(-1)
    u, v = brow_frame(rest)
    brow = (
        (1 - step(v.abs(), 1.5, 4.5)) * step(u, -0.02, 0.12) * (1 - step(u, 0.8, 1.0)) * (z > -45)
    )
    return torch.stack([scalp, beard * (z > -85), brow], -1)
