"""What the network is told off for."""

from dataclasses import replace

import numpy as np
import torch
from toys import Discs

from pipeline.attributes.network import CLASS_HEADS, Readings
from pipeline.training.batches import Batch, Lesson
from pipeline.training.draws import natural_latents
from pipeline.training.losses import emphasis, landmark_loss, loss
from pipeline.training.renders import render_small


def perfect(batch: Batch) -> Readings:
    """Readings that say the truth, of bad pictures that they are bad and else nothing."""
    bad = len(batch.pixels) - len(batch.mask)

    def padded(x: torch.Tensor) -> torch.Tensor:
        return torch.cat([x, torch.full((bad, *x.shape[1:]), 9.0)])

    realism = torch.cat([torch.full((len(batch.mask),), 20.0), torch.full((bad,), -20.0)])
    logits = {name: padded((batch.classes[name] + 1e-9).log()) for name in CLASS_HEADS}
    numbers = {name: padded(value) for name, value in batch.numbers.items()}
    return Readings(
        logits,
        torch.zeros(len(batch.pixels), 4),
        numbers,
        realism,
        padded(batch.landmarks),
        batch.damage * 40 - 20,
        padded(batch.mask * 40 - 20),
    )


def test_the_truth_costs_least_and_every_error_costs() -> None:
    w = natural_latents(Discs(), 16, np.random.default_rng(0))
    renders = render_small(Discs(), w, np.full(16, 128))
    batch = Lesson.of(renders, Discs().truth(w), 16, 0).batch(0)
    truth = perfect(batch)
    least = loss(truth, batch)
    worse = [
        replace(truth, realism=-truth.realism),
        replace(truth, landmarks=truth.landmarks + 0.01),
        replace(truth, damage=-truth.damage),
        replace(truth, mask=-truth.mask),
    ]
    for name in truth.numbers.keys() - {"age"}:
        worse.append(replace(truth, numbers={**truth.numbers, name: truth.numbers[name] + 20}))
    for name in CLASS_HEADS:
        turned = {**truth.logits, name: truth.logits[name].roll(1, 1)}
        worse.append(replace(truth, logits=turned))
    assert all(loss(readings, batch) > least + 0.1 for readings in worse)


def test_points_far_outside_the_picture_do_not_count() -> None:
    truth = torch.full((1, 68, 2), 0.5)
    truth[0, 0] = 2.0
    found = truth.clone()
    found[0, 0] = 0.9
    assert landmark_loss(found, truth) == 0
    assert landmark_loss(found + 0.01, truth) > 0


def test_groups_that_fell_behind_weigh_more() -> None:
    w = natural_latents(Discs(), 4, np.random.default_rng(0))
    batch = Lesson.of(render_small(Discs(), w, np.full(4, 128)), Discs().truth(w), 4, 0).batch(0)
    tones = torch.eye(10)[[0, 4, 4, 9]]
    numbers = {**batch.numbers, "age": torch.tensor([10.0, 30.0, 50.0, 70.0])}
    people = replace(batch, classes={**batch.classes, "skin_tone": tones}, numbers=numbers)
    weights = {name: emphasis(name, people).tolist() for name in CLASS_HEADS}
    assert weights.pop("age") == [1, 1, 1, 2]
    assert weights.pop("skin_tone") == [1.5 * 1.5, 1, 1, 1]
    assert weights.pop("hair_color") == [1, 1, 2, 1]
    assert weights.pop("expression") == [1.25, 1, 1, 1.5]
    assert all(weight == [1, 1, 1, 1] for weight in weights.values())
