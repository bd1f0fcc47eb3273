"""Teach the generator to draw what the renderer draws of the same latent."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.generators.stylegan2.reference import Network
from pipeline.training.gan import ranks
from pipeline.training.gan.draws import batch_draws
from pipeline.training.gan.features import Taught
from pipeline.training.gan.fused import fused
from pipeline.training.gan.heads_data import full_latents
from pipeline.training.gan.shards import Feed, Sample
from pipeline.training.gan.spec import GanSpec
from pipeline.training.gan.state import State
from pipeline.training.gan.synthesis import synthesize

LEVELS = 4
"""Sizes at which pictures are compared: full, half, a quarter, an eighth."""

W_MEMORY = 0.995
"""How much of the mean w a batch leaves as it was (Karras et al., 2019)."""

DTYPES = {"bf16": torch.bfloat16, "fp32": torch.float32}


def regress_step(
    state: State, spec: GanSpec, feed: Feed, taught: Taught | None
) -> dict[str, float]:
    """Learn from this rank's share of one batch, and say how far off it was.

    No noise is drawn: what the latent does not tell must not be learned as grain.
    """
    step = state.step
    sample = feed(step)
    z = full_latents(
        sample.latents, state.generator.config.z_dim, batch_draws(spec.seed, step, "latents")
    )
    w = mapped(state.generator, z.to(state.device))
    found = fused(synthesize, spec)(state.generator, w, dtype=DTYPES[spec.precision])
    loss, figures = loss_of(found, sample, spec, taught)
    for group in state.regress.param_groups:
        group["lr"] = spec.regress.rate * _schedule(step, spec.regress_steps)
    figures["gradient"] = descend(state.regress, state.generator, loss, spec.clip)
    state.follow(spec)
    return figures


def loss_of(
    found: Tensor, sample: Sample, spec: GanSpec, taught: Taught | None
) -> tuple[Tensor, dict[str, float]]:
    """How far pictures, [B, C, R, R], are from those of their latents, and the parts of it.

    By their pixels and, with `taught`, by what the frozen scorer sees of them: expressions and
    glasses are few pixels.
    """
    weights = sample.weights(spec.regress.focus, spec.regress.setting)
    loss = fused(regression_loss, spec)(found, sample.images, weights)
    figures = {"loss": loss.item()}
    if taught is not None:
        apart = taught.distance(found, sample.rows)
        figures["features"] = apart.item()
        loss = loss + spec.regress.features * apart
    return loss, figures


def regression_loss(found: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    """Mean distance over a pyramid of sizes, and of the differences between neighbours.

    Args:
        found: float32 [B, C, R, R], -1..1; truth: likewise.
        weights: float32 [B, 1, R, R], how many times an error counts where.
    """
    error = found - truth
    across = (error.diff(dim=3).abs() * weights[..., 1:]).mean()
    down = (error.diff(dim=2).abs() * weights[..., 1:, :]).mean()
    total = across + down
    for _ in range(LEVELS):
        total = total + (error.abs() * weights).mean()
        error, weights = F.avg_pool2d(error, 2), F.avg_pool2d(weights, 2)
    return total


def mapped(network: Network, z: Tensor) -> Tensor:
    """Map z, [B, z_dim], to w, [B, num_ws, w_dim], and let the mean w follow."""
    w: Tensor = network.mapping(z)
    mean = network.mapping.get_buffer("w_avg")
    mean.copy_(ranks.mean(w[:, 0].detach().mean(0)).lerp(mean, W_MEMORY))
    return w


def descend(
    optimizer: torch.optim.Optimizer, network: torch.nn.Module, loss: Tensor, clip: float
) -> float:
    """One step down the mean of all ranks' losses.

    Gives the gradient's norm, which is limited to `clip`.
    """
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    ranks.average_gradients(network)
    norm = torch.nn.utils.clip_grad_norm_(network.parameters(), clip)
    if bool(torch.isfinite(norm)):
        optimizer.step()
    return norm.item()


def _schedule(step: int, steps: int) -> float:
    """Warm up over the first fiftieth, then half a cosine to a twentieth."""
    warm = max(steps // 50, 1)
    if step < warm:
        return (step + 1) / warm
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * (step - warm) / max(steps - warm, 1)))
