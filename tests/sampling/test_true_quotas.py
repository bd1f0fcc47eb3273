"""Quotas aimed at true shares come as near to the target as any can."""

import time
from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from pipeline.sampling.distances import total_variation
from pipeline.sampling.mislabelling import attributed
from pipeline.sampling.true_quotas import true_quotas

GENDER = np.array([[0.75, 0.25], [0.25, 0.75]])


def test_a_perfect_scorer_gets_the_target() -> None:
    target = np.array([0.2, 0.3, 0.5])
    plan = true_quotas(target, np.array([0.9, 0.09, 0.01]), [np.eye(3)])
    assert np.allclose(plan.order, target)
    assert np.allclose(plan.expected, target)


def test_a_target_within_reach_is_met() -> None:
    prior = np.array([0.7, 0.3])
    plan = true_quotas(np.array([0.5, 0.5]), prior, [GENDER])
    assert np.allclose(plan.expected, 0.5, atol=1e-6)
    assert plan.order[1] > 0.5
    assert np.isclose(plan.uncorrected[1], (0.75 * 0.3 / 0.4 + 0.25 * 0.3 / 0.6) / 2)


def test_a_target_out_of_reach_is_approached() -> None:
    plan = true_quotas(np.array([0.5, 0.5]), np.array([0.95, 0.05]), [GENDER])
    assert np.allclose(plan.order, [0, 1], atol=1e-6)
    kept = true_quotas(np.array([0.5, 0.5]), np.array([0.95, 0.05]), [GENDER], least=0.4)
    assert np.allclose(kept.order, [0.2, 0.8], atol=1e-6)
    assert kept.uncorrected[1] < kept.expected[1] < plan.expected[1]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_no_worse_than_non_negative_least_squares_over_the_whole_matrix(seed: int) -> None:
    rng = np.random.default_rng(seed)
    prior = rng.dirichlet(np.full(12, 2.0)).reshape(4, 3)
    matrices = [0.7 * np.eye(n) + 0.3 * rng.dirichlet(np.ones(n), n) for n in prior.shape]
    target = rng.dirichlet(np.full(12, 3.0)).reshape(4, 3)
    plan = true_quotas(target, prior, matrices)
    assert np.isclose(plan.order.sum(), 1)
    assert (plan.order >= 0).all()
    assert np.allclose(plan.expected, attributed(plan.order, prior, matrices))
    joint = prior.reshape(-1, 1) * reduce(np.kron, matrices)
    weight = 1e4
    rows = np.vstack([joint / joint.sum(0), np.full((1, 12), weight)])
    best, _ = nnls(rows, np.append(target.ravel(), weight))
    reached = np.linalg.norm((joint / joint.sum(0)) @ best - target.ravel())
    assert np.linalg.norm(plan.expected - target) <= reached + 1e-5


def test_an_order_of_nothing_stays_nothing() -> None:
    matrix = np.array([[0.8, 0.2, 0.0], [0.1, 0.8, 0.1], [0.0, 0.2, 0.8]])
    plan = true_quotas(np.array([0.5, 0.5, 0.0]), np.array([0.5, 0.3, 0.2]), [matrix])
    assert plan.order[2] == 0
    with pytest.raises(ValueError, match="more held-out images are needed"):
        true_quotas(np.array([0.5, 0.5]), np.array([0.5, 0.5]), [np.array([[1.0, 0], [1, 0]])])


def test_thousands_of_cells_need_no_matrix_of_their_square() -> None:
    shape = (9, 2, 10, 6, 7)
    matrices = [np.eye(n) * 0.8 + 0.2 / n for n in shape]
    prior = np.random.default_rng(0).dirichlet(np.full(7560, 2.0)).reshape(shape)
    target = np.full(shape, 1 / 7560)
    start = time.process_time()
    plan = true_quotas(target, prior, matrices)
    assert time.process_time() - start < 30
    raw, better = (total_variation(x, target) for x in (plan.uncorrected, plan.expected))
    assert better < 0.8 * raw
