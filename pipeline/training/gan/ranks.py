"""Share a batch among the ranks of a run, a process a device, and add up what they find.

Outside a process group there is one rank, which has it all.
"""

from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed, nn

Rows = TypeVar("Rows", Tensor, NDArray[np.int64])


def rank() -> int:
    """The number of this process; 0 is the one that writes."""
    return distributed.get_rank() if distributed.is_initialized() else 0


def count() -> int:
    """How many there are."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def share(rows: Rows) -> Rows:
    """This rank's rows of a whole batch.

    Every `count`-th, so that pictures that the discriminator compares with each other stay together
    where each rank has a multiple of four.
    """
    return rows[rank() :: count()]


def total(x: Tensor) -> Tensor:
    """The sum over all ranks, to the same bits on each."""
    if count() == 1:
        return x
    x = x.detach().clone(memory_format=torch.contiguous_format)
    distributed.all_reduce(x)
    return x


def mean(x: Tensor) -> Tensor:
    """The mean over all ranks, which have shares of the same size."""
    return x if count() == 1 else total(x) / count()


def mean_figures(figures: dict[str, float], device: torch.device) -> dict[str, float]:
    """Means of a step's figures; every rank has the same ones."""
    if count() == 1:
        return figures
    values = mean(torch.tensor(list(figures.values()), device=device)).tolist()
    return dict(zip(figures, values, strict=True))


def average_gradients(network: nn.Module) -> None:
    """Let every rank have the mean of all ranks' gradients."""
    if count() == 1:
        return
    gradients = [p.grad for p in network.parameters() if p.grad is not None]
    means = mean(torch.cat([gradient.reshape(-1) for gradient in gradients]))
    parts = torch.split(means, [gradient.numel() for gradient in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view(gradient.shape))
