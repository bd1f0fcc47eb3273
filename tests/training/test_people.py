"""Several pictures of each of many people."""

import numpy as np

from pipeline.generators.heads import INDEX, truth
from pipeline.training.people import HAIR, OFTEN_HAIR, PASSING, WIDE, WORN, people


def test_a_person_stays_and_the_rest_passes() -> None:
    w = people(400, 3, np.random.default_rng(0))
    assert w.shape == (400, 3, len(INDEX))
    assert np.array_equal(w.astype(np.float16).astype(np.float32), w)
    changing = {*PASSING, *WORN, *HAIR, "age"}
    for name, column in INDEX.items():
        same = (w[:, 0, column] == w[:, 1, column]).mean()
        assert same < 0.02 if name in PASSING else name in changing or same == 1, name
    kept = (w[:, 0, INDEX["hair_style"]] == w[:, 1, INDEX["hair_style"]]).mean()
    assert abs(kept - (1 - OFTEN_HAIR) ** 2) < 0.08


def test_most_are_of_an_age_in_all_pictures_and_some_of_any() -> None:
    w = people(500, 2, np.random.default_rng(1))
    age = np.asarray(truth(w.reshape(1000, -1))["age"]).reshape(500, 2)
    apart = np.abs(age[:, 0] - age[:, 1])
    assert 0.15 < (apart == 0).mean() < 0.35
    assert (apart > 30).mean() > 0.02


def test_stretched_draws_hold_more_of_the_rare_groups() -> None:
    natural, wide = (people(600, 1, np.random.default_rng(2), stretch) for stretch in (1.0, 1.5))
    dark = [(np.asarray(truth(w[:, 0])["skin_tone"]) > 8).mean() for w in (natural, wide)]
    assert dark[1] > 1.3 * dark[0]
    turned = natural[..., [INDEX[name] for name in WIDE]]
    assert 1.15 < turned.std() < 1.4
