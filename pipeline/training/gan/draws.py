"""Make every random draw of a run follow from its seed, the step and what it is for."""

import numpy as np
import torch
from torch import Tensor

from pipeline.training.gan import ranks

STREAMS = (
    "weights", "latents", "noise", "augment_real", "augment_fake", "augment_again", "path",
    "path_noise", "mix", "mirror", "samples",
)  # fmt: skip
"""What is drawn; each has a stream of its own, so that none shifts another."""


class Draws:
    """Draws for the rows of a batch, of which a rank keeps its share.

    Every rank draws for the whole batch: a picture has the same draws whoever works on it.
    """

    def __init__(self, source: torch.Generator, rank: int = 0, count: int = 1) -> None:
        self._source, self._rank, self._count = source, rank, count

    def normal(self, rows: int, *shape: int) -> Tensor:
        """Standard normal draws, float32 [rows, *shape], on the source's device."""
        source = self._source
        drawn = torch.randn(rows * self._count, *shape, generator=source, device=source.device)
        return self._kept(drawn)

    def uniform(self, rows: int) -> Tensor:
        """Even draws, 0..1, float32 [rows]."""
        return self._kept(torch.rand(rows * self._count, generator=self._source))

    def whole(self, low: int, high: int, rows: int) -> Tensor:
        """Even draws of low … high - 1, int64 [rows]."""
        return self._kept(torch.randint(low, high, [rows * self._count], generator=self._source))

    def _kept(self, drawn: Tensor) -> Tensor:
        return drawn[self._rank :: self._count]


def draws(seed: int, step: int, stream: str) -> Draws:
    """Draws for one purpose at one step, the same whatever came before."""
    return Draws(generator(seed, step, stream))


def batch_draws(seed: int, step: int, stream: str, device: torch.device | str = "cpu") -> Draws:
    """The same for this rank's share of a batch; each kind of device has draws of its own."""
    return Draws(generator(seed, step, stream, device), ranks.rank(), ranks.count())


def generator(
    seed: int, step: int, stream: str, device: torch.device | str = "cpu"
) -> torch.Generator:
    """What `draws` come from."""
    number = np.random.SeedSequence((seed, step, STREAMS.index(stream)))
    return torch.Generator(device).manual_seed(int(number.generate_state(1, np.uint64)[0] >> 1))
