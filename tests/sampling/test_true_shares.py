"""Corrected shares undo a scorer's errors, and their intervals hold the truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.sampling.mislabelling import rates
from pipeline.sampling.true_shares import (
    Estimate,
    learn_stream,
    likeliest_shares,
    quota_shares,
    sample_shares,
)

AGE = np.array([[0.85, 0.15, 0.0], [0.1, 0.8, 0.1], [0.0, 0.2, 0.8]])
GENDER = np.array([[0.95, 0.05], [0.04, 0.96]])
PRIOR = np.array([[0.30, 0.25], [0.24, 0.15], [0.04, 0.02]])
JOINT = PRIOR.reshape(-1, 1) * np.kron(AGE, GENDER)


def held_out(images: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Confusion counts from a mixture that is not the stream's."""
    return [
        np.stack([rng.multinomial(images // len(matrix), row) for row in matrix])
        for matrix in (AGE, GENDER)
    ]


def natural(draws: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return rng.multinomial(draws, JOINT.sum(0)).reshape(PRIOR.shape)


def truths_of(delivered: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
    """The true shares of a catalog filled from the stream by perceived cell."""
    truths = rng.multinomial(delivered.ravel(), (JOINT / JOINT.sum(0)).T).sum(0)
    return (truths / delivered.sum()).reshape(PRIOR.shape)


def covered(found: Estimate, truth: NDArray[np.float64]) -> float:
    return float(((found.low <= truth + 1e-12) & (truth <= found.high + 1e-12)).mean())


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(1, 500), min_size=6, max_size=6), st.integers(0, 99))
def test_a_perfect_scorer_is_taken_at_its_word(counts: list[int], seed: int) -> None:
    found = np.array(counts).reshape(3, 2)
    perfect = [np.eye(3) * 400, np.eye(2) * 600]
    stream = learn_stream(found[::-1], perfect, seed)
    for shares in (sample_shares(found, perfect, seed), quota_shares(found, stream, seed)):
        assert np.allclose(shares.value, found / found.sum())
        assert np.allclose(shares.precision.value, 1)
        assert np.allclose(shares.draws.sum((1, 2)), 1)
        assert (shares.draws >= 0).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_the_likeliest_shares_lie_on_the_simplex_and_do_not_care_for_the_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.integers(1, 400, (3, 2))
    matrices = [0.7 * np.eye(3) + 0.3 * rng.dirichlet(np.ones(3), 3), GENDER]
    shares = likeliest_shares(counts, matrices)
    assert np.isclose(shares.sum(), 1)
    assert (shares >= 0).all()
    seen, true = rng.permutation(3), rng.permutation(3)
    swapped = likeliest_shares(counts[seen], [matrices[0][true][:, seen], GENDER])
    assert np.allclose(swapped, shares[true], atol=1e-5)


def test_expected_counts_are_corrected_to_the_truth() -> None:
    expected = np.round(JOINT.sum(0) * 1e7).astype(np.int64).reshape(3, 2)
    assert np.allclose(likeliest_shares(expected, [AGE, GENDER]), PRIOR, atol=1e-4)
    stream = learn_stream(expected, [AGE * 1e6, GENDER * 1e6], 0)
    evenly = np.full((3, 2), 100)
    wanted = ((JOINT / JOINT.sum(0)).sum(1) / 6).reshape(3, 2)
    assert np.allclose(quota_shares(evenly, stream, 0).value, wanted, atol=1e-4)


def test_intervals_shrink_with_images_draws_and_faces() -> None:
    rng = np.random.default_rng(3)
    widths = []
    for times in (1, 16):
        errors = [np.round(matrix * 300 * times) for matrix in (AGE, GENDER)]
        counts = np.round(JOINT.sum(0) * 1000 * times).astype(np.int64).reshape(3, 2)
        stream = learn_stream(counts, errors, int(rng.integers(100)))
        for cells in (
            quota_shares(np.full((3, 2), 50 * times), stream, 1).cells(),
            sample_shares(counts, errors, 2).cells(),
        ):
            widths.append(cells.high - cells.low)
    assert (widths[2] < 0.4 * widths[0]).all()
    assert (widths[3] < 0.4 * widths[1]).all()


def test_intervals_cover_and_only_the_right_estimate_does() -> None:
    """30 jobs: 180 cells. `benchmarks/true_balance.py` judges 200 jobs of 50 cells."""
    right, wrong, margins, samples = [], [], [], []
    for job in range(30):
        rng = np.random.default_rng([11, job])
        errors = held_out(1500, rng)
        stream = learn_stream(natural(5000, rng), errors, job)
        delivered = np.full((3, 2), 300)
        truth = truths_of(delivered, rng)
        found = quota_shares(delivered, stream, job)
        right.append(covered(found.cells(), truth))
        margins.append(covered(found.margin(0), truth.sum(1)))
        pairs = rng.multinomial(1000, JOINT.ravel()).reshape(6, 6)
        sample = sample_shares(pairs.sum(0).reshape(3, 2), errors, job)
        samples.append(covered(sample.cells(), (pairs.sum(1) / 1000).reshape(3, 2)))
        if job % 5 == 0:
            wrong.append(covered(sample_shares(delivered, errors, job).cells(), truth))
    assert np.mean(right) >= 0.92
    assert np.mean(margins) >= 0.92
    assert np.mean(samples) >= 0.92
    assert np.mean(wrong) < 0.7


def test_a_true_class_outside_all_bins_takes_its_share() -> None:
    errors = [np.array([[900, 100], [100, 900], [150, 50]])]
    shares = quota_shares(np.array([50, 50]), learn_stream(np.array([600, 400]), errors, 0), 0)
    assert shares.value.shape == (3,)
    assert np.isclose(shares.value.sum(), 1)
    assert shares.precision.value.shape == (2,)


def test_the_same_seed_gives_the_same_intervals() -> None:
    one, two = (sample_shares(np.array([30, 70]), [np.array([[9, 1], [2, 8]])], 4) for _ in "ab")
    assert np.array_equal(one.draws, two.draws)


def test_counts_that_cannot_be_meant_are_refused() -> None:
    errors = [np.eye(2) * 9]
    with pytest.raises(ValueError, match="counts are shaped"):
        sample_shares(np.ones(3, np.int64), errors, 0)
    with pytest.raises(ValueError, match="negative, nor all zero"):
        sample_shares(np.zeros(2, np.int64), errors, 0)
    assert np.allclose(rates(errors)[0], np.eye(2))
