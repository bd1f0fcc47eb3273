"""The screen passes over what cannot fit, and hardly anything that can."""

import numpy as np
import pytest

from pipeline.attributes.bins import bin_index, parse_bins
from pipeline.attributes.null_scorer import NullScorer
from pipeline.attributes.surrogate import Surrogate
from pipeline.generators.null import Null
from pipeline.sampling.screen import LOST, PROBES, Screen
from pipeline.sampling.seeds import probes
from pipeline.sampling.targets import parse_balance
from pipeline.training.surrogate import fit_surrogate

BALANCE = {"age": ["10-39", "40-80"], "gender_presentation": "uniform", "hair_length": "uniform"}


def draws(seed: int, count: int) -> np.ndarray:
    return Null().latents(probes(seed, count, Null.latent_size))


@pytest.fixture(scope="module")
def surrogate() -> Surrogate:
    w = draws(1, 4000)
    return fit_surrogate(w, NullScorer().score(Null().render(w, 64)).values, ("g", "s"))[0]


def test_it_learns_what_the_scorer_will_read(surrogate: Surrogate) -> None:
    w = draws(2, 2000)
    values = NullScorer().score(Null().render(w, 64)).values
    guess = surrogate.guess(w)
    assert (guess.classes["hair_length"].argmax(1) == values["hair_length"]).mean() > 0.85
    assert np.abs(guess.means["age"] - values["age"]).mean() < 4


def test_what_would_fit_passes_and_most_of_the_rest_does_not(surrogate: Surrogate) -> None:
    target = parse_balance(BALANCE)
    where = {"yaw": parse_bins("yaw", ["-45..0"])}
    screen = Screen(surrogate, target, where, draws(3, PROBES))
    w = draws(4, 3000)
    values = NullScorer().score(Null().render(w, 64)).values
    inside = bin_index(where["yaw"], values["yaw"]) == 0
    fitting = passing = kept = 0
    for cell in range(target.shares.size):
        fits = inside.copy()
        for one in target.bins_of(cell):
            fits &= bin_index((one,), values[one.attribute]) == 0
        passed = np.array([why is None for why in screen.refusals(w, np.full(len(w), cell))])
        fitting, passing = fitting + fits.sum(), passing + passed.sum()
        kept += (fits & passed).sum()
    assert kept > (1 - 2 * LOST) * fitting
    assert passing < 3 * fitting
    assert screen.looks == pytest.approx(passing / fitting, rel=0.3)


def test_it_names_the_least_probable_attribute(surrogate: Surrogate) -> None:
    target = parse_balance({"gender_presentation": "uniform"})
    screen = Screen(surrogate, target, {}, draws(3, PROBES))
    w = draws(5, 500)
    read = NullScorer().score(Null().render(w, 64)).values["gender_presentation"]
    why = screen.refusals(w, 1 - np.asarray(read, np.int64))
    assert why.count("gender_presentation") > 450


def test_a_rare_cell_keeps_what_fits_it(surrogate: Surrogate) -> None:
    target = parse_balance({"hair_length": ["bald", "long"], "skin_tone": ["1-3", "9-10"]})
    screen = Screen(surrogate, target, {}, draws(3, PROBES))
    w = draws(6, 20_000)
    values = NullScorer().score(Null().render(w, 64)).values
    fits = np.ones(len(w), bool)
    for one in target.bins_of(3):
        fits &= bin_index((one,), values[one.attribute]) == 0
    passed = np.array([why is None for why in screen.refusals(w, np.full(len(w), 3))])
    assert fits.mean() < 0.02
    assert passed[fits].mean() > 0.9


def test_nothing_ordered_nothing_refused(surrogate: Surrogate) -> None:
    screen = Screen(surrogate, parse_balance({}), {}, draws(3, PROBES))
    assert screen.refusals(draws(5, 9), np.zeros(9, np.int64)) == [None] * 9
