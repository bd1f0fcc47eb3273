"""How fast a fit goes, and the running average of its weights."""

import math

import torch
from torch import nn


def warm_cosine(step: int, steps: int, warm_up: float = 0.05) -> float:
    """Share of the peak rate: up over the first part, `warm_up`, then half a cosine to zero."""
    warm = max(int(steps * warm_up), 1)
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(steps - warm, 1)))


@torch.no_grad()
def follow(average: nn.Module, model: nn.Module, keep: float) -> None:
    """Move the average, statistics of the normalisations included, towards the model."""
    current = model.state_dict()
    for name, value in average.state_dict().items():
        if value.is_floating_point():
            value.lerp_(current[name], 1 - keep)
        else:
            value.copy_(current[name])
