"""Fit the heads network to labelled renders."""

import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pipeline.attributes.network import HeadsNetwork, channels_last
from pipeline.training.batches import Lesson
from pipeline.training.checkpoint import Checkpoint
from pipeline.training.draws import Labels
from pipeline.training.losses import loss
from pipeline.training.pace import follow, warm_cosine
from pipeline.training.renders import Renders
from pipeline.training.threads import torch_threads
from pipeline.training.unfold import unfolded

SAVE_SECONDS = 120.0
"""Time between checkpoints."""

MEASURED = 8
"""Batches on which the statistics of a finished network are measured before it learns on."""


@dataclass(frozen=True)
class Recipe:
    """How the network is fitted.

    epochs: passes; batch: proper pictures a step; rate: AdamW's at its peak, reached after the
    share `warm_up` of the steps; decay: of the weights; averaging: what the average keeps a step.
    """

    epochs: int = 14
    batch: int = 64
    rate: float = 2.5e-3
    warm_up: float = 0.05
    decay: float = 0.03
    averaging: float = 0.998


TUNING = Recipe(epochs=8, rate=8e-4, warm_up=0.02)
"""How a finished network learns on: a third of the rate moves it without losing what it knows."""


def fit_network(
    renders: Renders,
    labels: Labels,
    recipe: Recipe,
    seed: int,
    progress: Callable[[int, int], None],
    *,
    begin: Mapping[str, Tensor] | None = None,
    threads: int = 1,
    checkpoint: Checkpoint | None = None,
) -> HeadsNetwork:
    """Train, and give back the running average of the weights, in evaluation mode.

    AdamW with a warm-up and a cosine; bfloat16 where the processor's library offers it.

    Args:
        renders: what to learn from.
        labels: the truth of each image.
        recipe: sizes and rates.
        seed: of the initial weights, the order and the disturbances.
        progress: called with steps done and in all, first with those of an earlier call.
        begin: state of a finished, folded network to learn on from; None begins from nothing.
        threads: of the network's arithmetic; one more makes the batches. Other numbers of threads
            round sums differently.
        checkpoint: where to keep the state, to go on from.
    """
    lesson = Lesson.of(renders, labels, recipe.batch, seed)
    steps = recipe.epochs * lesson.steps
    with torch.random.fork_rng(devices=[]), torch_threads(threads):
        torch.manual_seed(seed)
        if begin is None:
            model = HeadsNetwork()
        else:
            model = unfolded(begin, (lesson.batch(step).pixels for step in range(MEASURED)))
        model = channels_last(model).train()
        average: HeadsNetwork = copy.deepcopy(model).eval()
        optimizer = torch.optim.AdamW(
            model.parameters(), lr=recipe.rate, weight_decay=recipe.decay, betas=(0.9, 0.99)
        )
        start = checkpoint.restore(model, average, optimizer) if checkpoint else 0
        saved = time.monotonic()
        progress(start, steps)
        for step, batch in enumerate(lesson.batches(start, steps), start):
            torch.manual_seed(seed + step)  # dropout follows from the step, not from the history
            for group in optimizer.param_groups:
                group["lr"] = recipe.rate * warm_cosine(step, steps, recipe.warm_up)
            with torch.autocast("cpu", torch.bfloat16):
                readings = model(batch.pixels)
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss(readings, batch))
            torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
            optimizer.step()
            follow(average, model, min(recipe.averaging, (step + 1) / (step + 10)))
            if checkpoint and time.monotonic() - saved > SAVE_SECONDS:
                checkpoint.save(step + 1, model, average, optimizer)
                saved = time.monotonic()
            progress(step + 1, steps)
    return average
