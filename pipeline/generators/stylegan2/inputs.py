"""Prepare what a picture is made from: w spread, truncated and mixed, and noise seeded by slot."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

from pipeline.generators.stylegan2.config import Config

Noise = Literal["const", "none"] | Sequence[Tensor]
"""The checkpoint's own maps, none, or a map a layer: float32 [B or 1, r, r], r of `noise_sizes`."""


def unit_power(x: Tensor) -> Tensor:
    """Scale each row of [B, D] to a mean square of one."""
    return x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()


def spread(w: Tensor, num_ws: int) -> Tensor:
    """One w for all layers, [B, D], or one each, [B, num_ws, D] (W+): [B, num_ws, D].

    Raises:
        ValueError: a W+ of another number of layers.
    """
    if w.ndim == 2:
        return w[:, None].expand(-1, num_ws, -1)
    if w.shape[1] != num_ws:
        raise ValueError(f"w has {w.shape[1]} layers; this network takes {num_ws}")
    return w


def truncated(ws: Tensor, mean: Tensor, psi: float = 1, cutoff: int | None = None) -> Tensor:
    """Draw the first `cutoff` layers of ws, [B, L, D], towards the mean w, [D]; None: all.

    psi 1 changes nothing, 0 gives the mean (Karras et al. 2019, sec. 3.1 and appendix B).
    """
    if psi == 1:
        return ws
    first = ws.shape[1] if cutoff is None else cutoff
    return torch.cat([mean.lerp(ws[:, :first], psi), ws[:, first:]], 1)


def mixed(coarse: Tensor, fine: Tensor, crossover: int) -> Tensor:
    """Take the first `crossover` layers from one W+, the others from another: [B, L, D]."""
    return torch.cat([coarse[:, :crossover], fine[:, crossover:]], 1)


def random_noise(
    config: Config, seeds: Sequence[int], device: torch.device | str = "cpu"
) -> list[Tensor]:
    """Draw each picture's noise from its own seed, whatever else is in the batch.

    Returns:
        A map a layer, float32 [B, r, r] on `device`; drawn there, so each kind of device has its
        own.
    """
    pictures = []
    for seed in seeds:
        generator = torch.Generator(device).manual_seed(seed)
        pictures.append(
            [torch.randn(r, r, generator=generator, device=device) for r in config.noise_sizes]
        )
    return [torch.stack(maps) for maps in zip(*pictures, strict=True)]
