"""Make every random draw of a run follow from its seed, the step and what it is for."""

import numpy as np
import torch

STREAMS = (
    "weights", "latents", "noise", "augment_real", "augment_fake", "augment_again", "path",
    "path_noise", "mix", "mirror", "samples",
)  # fmt: skip
"""What is drawn; each has a stream of its own, so that none shifts another."""


def draws(seed: int, step: int, stream: str) -> torch.Generator:
    """A generator on the CPU for one purpose at one step, the same whatever came before."""
    number = np.random.SeedSequence((seed, step, STREAMS.index(stream)))
    return torch.Generator().manual_seed(int(number.generate_state(1, np.uint64)[0] >> 1))
