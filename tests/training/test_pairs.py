"""Batches of two pictures of each person."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.training.pairs import Pairs


@pytest.fixture
def pairs(tmp_path: Path) -> Pairs:
    """Twelve people of one grey each, in four pictures."""
    greys = np.linspace(30, 220, 12).round().astype(np.uint8)
    pictures = np.empty((12, 4, 128, 128, 3), np.uint8)
    pictures[:] = greys[:, None, None, None, None]
    return Pairs.of(pictures, tmp_path, batch=4, seed=3)


def greys(batch: np.ndarray) -> np.ndarray:
    return batch.reshape(len(batch), -1).mean(1)


def test_both_halves_are_of_the_same_people_and_everybody_comes_once_a_pass(pairs: Pairs) -> None:
    assert pairs.steps == 3
    seen = []
    for step in range(3):
        batch = pairs.batch_of(step)
        assert (batch.shape, batch.dtype) == ((8, 128, 128, 3), np.dtype(np.uint8))
        one, other = np.split(greys(batch), 2)
        assert np.abs(one - other).max() < 25
        seen += one.tolist()
    assert np.abs(np.sort(seen) - np.linspace(30, 220, 12)).max() < 20


def test_batches_follow_from_the_step_whoever_makes_them(pairs: Pairs) -> None:
    wanted = [pairs.batch_of(step) for step in range(2, 6)]
    for workers in (1, 2):
        made = list(pairs.batches(2, 6, workers))
        assert all(np.array_equal(a, b) for a, b in zip(made, wanted, strict=True))
    assert not np.array_equal(wanted[0], wanted[3])  # one pass later
    assert [path.name for path in pairs.pictures.parent.iterdir()] == ["pictures.npy"]
