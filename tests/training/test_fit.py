"""The network learns."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from toys import Discs

from pipeline.attributes import WEIGHTS
from pipeline.attributes.heads_weights import Weights
from pipeline.attributes.network import HeadsNetwork
from pipeline.attributes.perception import perceive
from pipeline.training import fit
from pipeline.training.checkpoint import Checkpoint
from pipeline.training.draws import natural_latents
from pipeline.training.fit import TUNING, Recipe, fit_network
from pipeline.training.labelled_heads import LabelledHeads
from pipeline.training.pace import warm_cosine
from pipeline.training.renders import Renders, render_small


def renders(count: int) -> Renders:
    w = natural_latents(Discs(), count, np.random.default_rng(count))
    return render_small(Discs(), w, np.full(count, 128))


def silent(done: int, total: int) -> None:
    """Tell nobody."""


def test_a_short_run_learns_what_is_easy() -> None:
    train, held = renders(256), renders(64)
    steps: list[int] = []
    network = fit_network(
        train,
        Discs().truth(train.w),
        Recipe(epochs=12, batch=32, averaging=0.8),
        seed=0,
        progress=lambda done, total: steps.append(done),
    )
    assert steps == list(range(97))
    seen = perceive(network.folded(), held.images)
    right = seen.logits["glasses"].argmax(1) == Discs().truth(held.w)["glasses"]
    assert right.mean() > 0.9
    assert np.abs(seen.landmarks - held.landmarks).mean() < 0.02
    bad = perceive(network, held.images[:, ::-1])
    assert np.median(seen.realism) > np.quantile(bad.realism, 0.9)


def test_a_run_follows_its_seed() -> None:
    train = renders(32)
    truth = Discs().truth(train.w)

    def readings(seed: int) -> NDArray[np.float32]:
        network = fit_network(train, truth, Recipe(epochs=2, batch=16), seed, silent)
        return perceive(network.folded(), train.images).logits["age"]

    assert np.array_equal(readings(1), readings(1))
    assert not np.array_equal(readings(1), readings(2))


def test_a_finished_network_learns_on_from_what_it_knows() -> None:
    generator = LabelledHeads()
    train, held = (
        render_small(generator, natural_latents(generator, 64, np.random.default_rng(seed)), small)
        for seed, small in ((1, np.full(64, 64)), (2, np.full(64, 64)))
    )
    bundled = Weights.load(WEIGHTS / "weights.safetensors").network
    recipe = replace(TUNING, epochs=2, batch=32, rate=TUNING.rate / 10)  # no steps to warm up in
    network = fit_network(train, generator.truth(train.w), recipe, 1, silent, begin=bundled)
    before = HeadsNetwork().folded()
    before.load_state_dict(dict(bundled))

    def miss(network: HeadsNetwork) -> float:
        return float(np.abs(perceive(network, held.images).landmarks - held.landmarks).mean())

    assert 0 < miss(network.folded()) < 1.3 * miss(before) < 0.02


def test_the_rate_rises_for_the_share_of_steps_that_the_recipe_says() -> None:
    rates = [warm_cosine(step, 1000, TUNING.warm_up) for step in range(1001)]
    assert rates.index(max(rates)) in (19, 20)
    assert rates[0] == 0.05
    assert rates[-1] == 0
    assert TUNING.rate < Recipe().rate / 2


@pytest.mark.parametrize("learned", [False, True])
def test_a_run_broken_off_goes_on_and_ends_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, learned: bool
) -> None:
    monkeypatch.setattr(fit, "SAVE_SECONDS", 0.0)
    train = renders(32)
    truth = Discs().truth(train.w)
    recipe = Recipe(epochs=3, batch=16)
    begin = HeadsNetwork().folded().state_dict() if learned else None
    whole = fit_network(train, truth, recipe, 0, silent, begin=begin)

    def break_off(done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    kept = Checkpoint(tmp_path / "fit.pt", "run")
    with pytest.raises(KeyboardInterrupt):
        fit_network(train, truth, recipe, 0, break_off, begin=begin, checkpoint=kept)
    steps: list[int] = []
    again = fit_network(
        train,
        truth,
        recipe,
        0,
        lambda done, total: steps.append(done),
        begin=begin,
        checkpoint=kept,
    )
    assert steps == [4, 5, 6]
    one, other = (perceive(n.folded(), train.images) for n in (whole, again))
    assert np.array_equal(one.logits["age"], other.logits["age"])
    assert np.array_equal(one.landmarks, other.landmarks)
