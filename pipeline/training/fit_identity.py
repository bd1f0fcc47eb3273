"""Fit the identity network: pictures of a person together, those of others apart."""

import copy
import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.attributes.identity import IdentityNetwork
from pipeline.training.checkpoint import Checkpoint
from pipeline.training.pace import follow, warm_cosine
from pipeline.training.pairs import Pairs
from pipeline.training.threads import torch_threads

TEMPERATURE = 0.07
"""What cosines are divided by in the loss."""

SAVE_SECONDS = 60.0
"""Time between checkpoints."""

_RATE, _DECAY, _AVERAGING = 2e-3, 0.05, 0.995


def fit(
    pairs: Pairs,
    epochs: int,
    workers: int,
    threads: int,
    device: torch.device,
    checkpoint: Checkpoint | None,
    progress: Callable[[int, int], None],
) -> IdentityNetwork:
    """Train from nothing and give back the running average of the weights, on the processor.

    AdamW with a warm-up and a cosine; bfloat16 where the device offers it.

    Args:
        pairs: what to learn from; its seed is also that of the initial weights.
        epochs: passes over the people.
        workers: processes that make batches.
        threads: of the arithmetic on a processor.
        device: where to train.
        checkpoint: where to keep the state, to go on from.
        progress: called with steps done and in all, first with those of an earlier call.

    Raises:
        JobError: a process that makes batches died.
    """
    steps = epochs * pairs.steps
    cards = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(cards), torch_threads(threads):
        torch.manual_seed(pairs.seed)
        model = IdentityNetwork().to(device).channels_last().train()
        average: IdentityNetwork = copy.deepcopy(model).eval()
        optimizer = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=_DECAY)
        start = checkpoint.restore(model, average, optimizer) if checkpoint else 0
        saved = time.monotonic()
        progress(start, steps)
        for step, images in enumerate(pairs.batches(start, steps, workers), start):
            torch.manual_seed(pairs.seed + step)  # dropout follows from the step alone
            for group in optimizer.param_groups:
                group["lr"] = _RATE * warm_cosine(step, steps)
            pixels = torch.from_numpy(images).to(device).permute(0, 3, 1, 2).float()
            with torch.autocast(device.type, torch.bfloat16):
                found = model(pixels)
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(contrast(found))
            torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            follow(average, model, min(_AVERAGING, (step + 1) / (step + 10)))
            if checkpoint and time.monotonic() - saved > SAVE_SECONDS:
                checkpoint.save(step + 1, model, average, optimizer)
                saved = time.monotonic()
            progress(step + 1, steps)
    return average.to("cpu")


def contrast(found: Tensor) -> Tensor:
    """Cross-entropy of whose other picture is whose (Chen et al., 2020, SimCLR, on true pairs).

    Args:
        found: unit vectors [2 N, E], N people in one order twice.
    """
    own = torch.eye(len(found), dtype=torch.bool, device=found.device)
    alike = (found @ found.T / TEMPERATURE).masked_fill(own, -torch.inf)
    other = torch.arange(len(found), device=found.device).roll(len(found) // 2)
    return F.cross_entropy(alike, other)
