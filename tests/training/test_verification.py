"""Figures of embeddings."""

import numpy as np
import pytest

from pipeline.training.verification import (
    FALSE_ALARMS,
    cosines,
    equal_error,
    limit_of,
    verification,
)

PEOPLE, VIEWS = 200, 3


def embeddings(noise: float) -> np.ndarray:
    """People at random places of a sphere, each view off by noise."""
    rng = np.random.default_rng(0)
    who = rng.standard_normal((PEOPLE, 1, 128))
    found = who + noise * rng.standard_normal((PEOPLE, VIEWS, 128))
    return (found / np.linalg.norm(found, axis=2, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def known() -> dict[str, np.ndarray]:
    """Every second person thirty years older in the last view; heads turned there, too."""
    last = np.arange(VIEWS) == VIEWS - 1
    old = np.arange(PEOPLE) % 2 == 1
    return {
        "age": 25.0 + 30 * (old[:, None] & last),
        "yaw": np.broadcast_to(np.where(last, 40.0, 0.0), (PEOPLE, VIEWS)),
        "skin_tone": np.repeat(np.linspace(1, 10, PEOPLE)[:, None], VIEWS, 1),
        "gender_presentation": np.repeat(np.arange(PEOPLE)[:, None] % 2, VIEWS, 1),
    }


def test_clear_people_are_all_told_apart(known: dict[str, np.ndarray]) -> None:
    alike = cosines(embeddings(0.3))
    assert alike.shape == (3, PEOPLE, PEOPLE)
    limit = limit_of(alike)
    found = verification(alike, known, limit, 0)
    assert found["same"] == found["far_aged"] == found["turned"] == [1.0, 1.0, 1.0]
    assert found["equal_error"] < 0.001
    assert 1 - found["apart"][0] == pytest.approx(FALSE_ALARMS, abs=5e-4)


def test_noise_is_told_from_people() -> None:
    assert equal_error(cosines(embeddings(50.0))) == pytest.approx(0.5, abs=0.06)


def test_each_figure_counts_its_own_pairs(known: dict[str, np.ndarray]) -> None:
    found = embeddings(0.3)
    found[1::2, 2] = -found[1::2, 2]  # whoever has aged is somebody else
    figures = verification(cosines(found), known, 0.3, 0)
    assert figures["far_aged"][0] == 0
    assert figures["same_age"][0] == 1
    assert figures["turned"][0] == 0.5
    assert figures["same"][0] == pytest.approx(2 / 3, abs=1e-4)
    by_group = {(row["attribute"], row["group"]): row for row in figures["groups"]}
    assert by_group["gender_presentation", "feminine"]["same"][0] == 1
    assert by_group["gender_presentation", "masculine"]["same"][0] == pytest.approx(1 / 3, abs=1e-4)
    assert ("age", "60+") not in by_group
    assert by_group["skin_tone", "1-3"]["people"] + by_group["skin_tone", "7-10"]["people"] < PEOPLE
