"""Fit the heads network to labelled renders."""

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from pipeline.attributes.network import (
    CLASS_HEADS,
    NUMBER_HEADS,
    HeadsNetwork,
    Readings,
    channels_last,
)
from pipeline.training.augment import augment
from pipeline.training.draws import Labels
from pipeline.training.renders import Renders

_NUMBER_WEIGHTS = {"smile": 2.0, "mouth_open": 2.0}
"""Losses of the small features weigh more: a mouth is a dozen pixels."""


@dataclass(frozen=True)
class Recipe:
    """How the network is fitted."""

    epochs: int = 14
    batch: int = 64
    rate: float = 2.5e-3
    decay: float = 0.03
    averaging: float = 0.998


def fit_network(
    renders: Renders,
    labels: Labels,
    recipe: Recipe,
    seed: int,
    progress: Callable[[int, int], None],
) -> HeadsNetwork:
    """Train from nothing and give back the running average of the weights, in evaluation mode.

    AdamW with a warm-up and a cosine; bfloat16 where the processor's library offers it.

    Args:
        renders: what to learn from.
        labels: the truth of each image.
        recipe: sizes and rates.
        seed: of the initial weights, the order and the disturbances.
        progress: called with steps done and in all.
    """
    rng = np.random.default_rng(seed)
    count = len(renders.images)
    per_epoch = max(count // recipe.batch, 1)
    steps = recipe.epochs * per_epoch
    targets = _targets(labels)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = channels_last(HeadsNetwork()).train()
        average: HeadsNetwork = copy.deepcopy(model).eval()
        optimizer = torch.optim.AdamW(
            model.parameters(), lr=recipe.rate, weight_decay=recipe.decay, betas=(0.9, 0.99)
        )
        for step in range(steps):
            if step % per_epoch == 0:
                order = rng.permutation(count)
            at = step % per_epoch * recipe.batch
            rows = np.sort(order[at : at + recipe.batch])
            chosen = {name: value[torch.from_numpy(rows)] for name, value in targets.items()}
            pixels, mask, chosen = augment(renders.images[rows], renders.masks[rows], chosen, rng)
            for group in optimizer.param_groups:
                group["lr"] = recipe.rate * _schedule(step, steps)
            with torch.autocast("cpu", torch.bfloat16):
                readings = model(pixels)
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss(readings, mask, chosen))
            torch.nn.utils.clip_grad_norm_(model.parameters(), 2.0)
            optimizer.step()
            _follow(average, model, min(recipe.averaging, (step + 1) / (step + 10)))
            progress(step + 1, steps)
    return average


def loss(readings: Readings, mask: Tensor, targets: Mapping[str, Tensor]) -> Tensor:
    """Sum of cross-entropies, errors of the numbers in units of their scale, and the mask's.

    Args:
        readings: of B images.
        mask: float32 [B, 32, 32], 0..1.
        targets: name -> [B].
    """
    total = F.binary_cross_entropy_with_logits(readings.mask, mask)
    for name in CLASS_HEADS:
        logits = readings.logits[name]
        if name == "age":
            total = total + 0.5 * F.cross_entropy(logits, age_bands(targets["age"]))
            centres = 2.5 + 5 * torch.arange(logits.shape[1])
            expected = (logits.softmax(1) * centres).sum(1)
            total = total + F.smooth_l1_loss(expected / 10, targets["age"] / 10, beta=0.5)
        else:
            total = total + F.cross_entropy(logits, targets[name])
    for name, (_, scale) in NUMBER_HEADS.items():
        weight = _NUMBER_WEIGHTS.get(name, 1.0)
        error = (readings.numbers[name] - targets[name]) / scale
        total = total + weight * F.smooth_l1_loss(error, torch.zeros_like(error), beta=0.5)
    return total


def age_bands(age: Tensor) -> Tensor:
    """Split each age between the two nearest band centres, so that the mean is the age: [B, 20]."""
    place = ((age - 2.5) / 5).clamp(0, 18.999)
    low = place.floor().long()
    part = place - low
    bands = torch.zeros(len(age), 20)
    bands.scatter_(1, low[:, None], (1 - part)[:, None])
    bands.scatter_(1, low[:, None] + 1, part[:, None])
    return bands


def _targets(labels: Labels) -> dict[str, Tensor]:
    numbers = {n: torch.from_numpy(_float(labels[n])) for n in ("age", *NUMBER_HEADS)}
    classes = {
        n: torch.from_numpy(np.asarray(labels[n], np.int64)) for n in CLASS_HEADS if n != "age"
    }
    return {**numbers, **classes}


def _float(values: NDArray[np.generic]) -> NDArray[np.float32]:
    return np.asarray(values, np.float32)


def _schedule(step: int, steps: int) -> float:
    """Warm up over the first twentieth, then half a cosine to zero."""
    warm = max(steps // 20, 1)
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(steps - warm, 1)))


@torch.no_grad()
def _follow(average: HeadsNetwork, model: HeadsNetwork, keep: float) -> None:
    """Move the average, statistics of the normalisations included, towards the model."""
    current = model.state_dict()
    for name, value in average.state_dict().items():
        if value.is_floating_point():
            value.lerp_(current[name], 1 - keep)
        else:
            value.copy_(current[name])
