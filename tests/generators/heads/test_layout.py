"""The latent layout: lattice, truth and the documented natural distribution."""

import numpy as np
import pytest

from pipeline.attributes.taxonomy import ATTRIBUTES, BY_NAME
from pipeline.generators.heads import DIMENSIONS, Heads, truth


@pytest.fixture(scope="module")
def population() -> dict[str, np.ndarray]:
    heads = Heads()
    normals = np.random.default_rng(4).standard_normal((100_000, heads.latent_size))
    return truth(heads.latents(normals.astype(np.float32)))


def test_latents_lie_on_the_float16_lattice_within_six_deviations() -> None:
    heads = Heads()
    normals = np.random.default_rng(0).standard_normal((50, heads.latent_size)) * 4
    w = heads.latents(normals.astype(np.float32))
    assert w.dtype == np.float32
    assert w.shape == (50, len(DIMENSIONS))
    assert np.array_equal(w.astype(np.float16).astype(np.float32), w)
    assert np.abs(w).max() <= 6


def test_truth_names_every_attribute_but_the_measured_angle(
    population: dict[str, np.ndarray],
) -> None:
    assert set(population) == {a.name for a in ATTRIBUTES} - {"ita"} | {"masculinity"}


def test_truth_stays_within_the_taxonomys_ranges(population: dict[str, np.ndarray]) -> None:
    for name, values in population.items():
        if name == "masculinity":
            assert values.min() >= 0
            assert values.max() <= 1
            continue
        attribute = BY_NAME[name]
        if attribute.kind == "class":
            assert values.dtype == np.int64
            assert set(np.unique(values)) == set(range(len(attribute.classes)))
        else:
            assert values.dtype == np.float32
            assert attribute.low <= values.min()
            assert values.max() <= attribute.high


def test_natural_distribution_is_skewed_as_documented(population: dict[str, np.ndarray]) -> None:
    age, tone = population["age"], np.rint(population["skin_tone"])
    assert 0.06 < (age >= 60).mean() < 0.09
    assert 0.45 < ((age >= 20) & (age < 40)).mean() < 0.58
    assert 0.40 < population["gender_presentation"].mean() < 0.44
    assert 0.55 < (tone <= 3).mean() < 0.61
    assert 0.14 < (tone >= 7).mean() < 0.18
    assert 0.16 < population["glasses"].mean() < 0.20
    assert 13 < population["yaw"].std() < 15
    assert (np.abs(population["yaw"]) < 25).mean() > 0.9


def test_every_balanced_cell_is_within_reach_of_rejection(
    population: dict[str, np.ndarray],
) -> None:
    age, tone = np.floor(population["age"]), np.rint(population["skin_tone"])
    gender = population["gender_presentation"]
    shares = np.array(
        [
            ((age >= a) & (age <= b) & (gender == g) & (tone >= low) & (tone <= high)).mean()
            for a, b in ((18, 29), (30, 44), (45, 59), (60, 80))
            for g in (0, 1)
            for low, high in ((1, 3), (4, 6), (7, 10))
        ]
    )
    assert shares.min() >= 0.004
    assert (1 / shares).mean() <= 60


def test_beards_grow_on_masculine_grown_ups_only(population: dict[str, np.ndarray]) -> None:
    bearded = population["facial_hair"] > 0
    assert population["gender_presentation"][bearded].min() == 1
    assert population["age"][bearded].min() > 16
