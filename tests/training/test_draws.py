"""What training draws look like."""

import numpy as np
from toys import Discs

from pipeline.generators.heads import truth
from pipeline.training.draws import (
    demanding_latents,
    flattened_hard_latents,
    flattened_latents,
    hard_latents,
    natural_latents,
    tone_class,
)
from pipeline.training.labelled_heads import LabelledHeads


def shares(index: np.ndarray) -> np.ndarray:
    return np.bincount(index) / len(index)


def test_flattened_draws_hold_every_tone_decade_and_presentation_about_equally() -> None:
    generator = LabelledHeads()
    rng = np.random.default_rng(0)
    natural = truth(natural_latents(generator, 2000, rng))
    flat = truth(flattened_latents(generator, 2000, rng))
    assert shares(tone_class(natural["skin_tone"])).min() < 0.04
    tones = shares(tone_class(flat["skin_tone"]))
    assert tones.min() > 0.08
    assert tones.max() < 0.13
    decades = shares((np.asarray(flat["age"]) // 10).astype(np.int64))
    assert decades[:7].min() > 0.08
    assert abs(np.mean(flat["gender_presentation"]) - 0.5) < 0.06
    assert np.mean(flat["glasses"]) > np.mean(natural["glasses"])


def test_hard_draws_turn_heads_and_light_everywhere() -> None:
    hard = Discs().truth(hard_latents(Discs(), 400, np.random.default_rng(0)))
    natural = Discs().truth(natural_latents(Discs(), 400, np.random.default_rng(0)))
    for name, width in (("yaw", 10), ("light_azimuth", 15)):
        step = (np.abs(np.asarray(hard[name])) // width).astype(np.int64)
        assert shares(step)[:4].min() > 0.1
        assert np.abs(hard[name]).mean() > 1.2 * np.abs(natural[name]).mean()
    assert abs(np.mean(hard["age"]) - np.mean(natural["age"])) < 4


def test_flattened_hard_draws_are_both() -> None:
    generator = LabelledHeads()
    both = truth(flattened_hard_latents(generator, 2000, np.random.default_rng(0)))
    tones = shares(tone_class(both["skin_tone"]))
    assert 0.07 < tones.min() < tones.max() < 0.14
    assert shares((np.abs(np.asarray(both["yaw"])) // 10).astype(np.int64))[:4].min() > 0.15


def test_demanding_draws_are_turned_people_of_whom_two_things_make_reading_hard() -> None:
    generator = LabelledHeads()
    people = truth(demanding_latents(generator, 500, np.random.default_rng(0)))
    traits = np.stack(
        [
            np.asarray(people["age"]) >= 45,
            np.asarray(people["skin_tone"]) >= 6.5,
            np.asarray(people["facial_hair"]) > 0,
        ]
    )
    assert traits.sum(0).min() >= 2
    assert traits.mean(1).min() > 0.4
    assert shares((np.abs(np.asarray(people["yaw"])) // 10).astype(np.int64))[:4].min() > 0.12
    assert np.bincount(np.asarray(people["expression"])).min() > 30


def test_draws_follow_the_seed_alone() -> None:
    one = flattened_latents(Discs(), 50, np.random.default_rng(5))
    other = flattened_latents(Discs(), 50, np.random.default_rng(5))
    assert one.shape == (50, 13)
    assert np.array_equal(one, other)
    assert len(np.unique(one, axis=0)) == 50


def test_tones_round_to_the_nearest_class() -> None:
    assert tone_class(np.array([0.9, 1.4, 1.6, 9.7, 10.2])).tolist() == [0, 0, 1, 9, 9]
