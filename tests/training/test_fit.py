"""The network learns."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from toys import Discs

from pipeline.attributes.heads_scorer import perceive
from pipeline.training.draws import natural_latents
from pipeline.training.fit import Recipe, age_bands, fit_network
from pipeline.training.renders import Renders, render_small


def renders(count: int) -> Renders:
    w = natural_latents(Discs(), count, np.random.default_rng(count))
    return Renders(*render_small(Discs(), w, np.full(count, 64)), w)


def test_ages_split_between_the_nearest_bands_so_that_the_mean_is_the_age() -> None:
    ages = torch.tensor([7.5, 10.0, 33.0, 92.5])
    bands = age_bands(ages)
    assert bands.sum(1).tolist() == pytest.approx([1, 1, 1, 1])
    assert (bands * (2.5 + 5 * torch.arange(20))).sum(1).tolist() == pytest.approx(ages.tolist())
    assert int((bands[2] > 0).sum()) == 2


def test_a_short_run_learns_what_is_easy() -> None:
    train, held = renders(192), renders(64)
    steps: list[int] = []
    network = fit_network(
        train,
        Discs().truth(train.w),
        Recipe(epochs=5, batch=32, averaging=0.8),
        seed=0,
        progress=lambda done, total: steps.append(done),
    )
    assert steps == list(range(1, 31))
    seen = perceive(network.folded(), held.images)
    right = seen.logits["glasses"].argmax(1) == Discs().truth(held.w)["glasses"]
    assert right.mean() > 0.9


def test_a_run_follows_its_seed() -> None:
    train = renders(32)
    truth = Discs().truth(train.w)

    def readings(seed: int) -> NDArray[np.float32]:
        network = fit_network(train, truth, Recipe(epochs=2, batch=16), seed, lambda *_: None)
        return perceive(network.folded(), train.images).logits["age"]

    assert np.array_equal(readings(1), readings(1))
    assert not np.array_equal(readings(1), readings(2))
