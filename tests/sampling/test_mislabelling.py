"""Tables go through a scorer's errors as if the whole confusion matrix had been written out."""

from functools import reduce

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sampling.mislabelling import (
    attributed,
    draw_truths,
    perceived,
    precision,
    pulled_back,
    rates,
)

Floats = np.ndarray
SIZES = st.lists(
    st.tuples(st.integers(1, 4), st.booleans()).map(lambda s: (s[0] + s[1], s[0])),
    min_size=1,
    max_size=3,
)
"""[T, P] an attribute; some with a true class outside all bins."""


def errors(shapes: list[tuple[int, int]], seed: int) -> tuple[Floats, list[Floats]]:
    rng = np.random.default_rng(seed)
    prior = rng.dirichlet(np.ones(np.prod([t for t, _ in shapes]))).reshape([t for t, _ in shapes])
    return prior, [rng.dirichlet(np.ones(p), t) for t, p in shapes]


@settings(max_examples=40, deadline=None)
@given(SIZES, st.integers(0, 1000))
def test_axis_by_axis_is_the_whole_matrix(shapes: list[tuple[int, int]], seed: int) -> None:
    prior, matrices = errors(shapes, seed)
    whole = reduce(np.kron, matrices)
    seen = perceived(prior, matrices)
    assert np.allclose(seen.ravel(), prior.ravel() @ whole)
    weights = np.random.default_rng(seed).random(seen.shape)
    assert np.allclose(pulled_back(weights, matrices).ravel(), whole @ weights.ravel())
    posterior = prior.reshape(-1, 1) * whole / seen.ravel()
    assert np.allclose(attributed(weights, prior, matrices).ravel(), posterior @ weights.ravel())
    same = np.ravel_multi_index(np.unravel_index(np.arange(seen.size), seen.shape), prior.shape)
    assert np.allclose(precision(prior, matrices).ravel(), posterior[same, range(seen.size)])


def test_drawn_truths_keep_the_count_and_follow_bayes() -> None:
    prior, matrices = errors([(3, 2), (2, 2), (3, 3)], 5)
    counts = np.random.default_rng(1).integers(0, 30, (2, 2, 3))
    draws = 4000
    truths, pairs = draw_truths(
        counts,
        np.broadcast_to(prior, (draws, *prior.shape)),
        [np.broadcast_to(matrix, (draws, *matrix.shape)) for matrix in matrices],
        np.random.default_rng(2),
    )
    assert (truths.sum((1, 2, 3)) == counts.sum()).all()
    assert np.allclose(truths.mean(0), attributed(counts, prior, matrices), atol=0.3)
    whole = prior.reshape(-1, 1) * reduce(np.kron, matrices)
    odds = whole / whole.sum(0)
    variance = (odds * (1 - odds)) @ counts.ravel()
    assert np.allclose(truths.reshape(draws, -1).var(0), variance, rtol=0.12)
    for axis, table in enumerate(pairs):
        others = tuple(i for i in range(3) if i != axis)
        assert (table.sum(1) == counts.sum(others)).all()
        assert (table.sum(2) == truths.sum(tuple(i + 1 for i in others))).all()


def test_what_held_out_images_cannot_tell_is_refused() -> None:
    with pytest.raises(ValueError, match="attribute 1: true class 2 has no held-out image"):
        rates([np.eye(2), np.diag([3, 1, 0])])
    with pytest.raises(ValueError, match="nothing to correct"):
        rates([])
    never = rates([np.array([[5, 0], [4, 0]])])
    with pytest.raises(ValueError, match="more held-out images are needed"):
        attributed(np.array([9.0, 1.0]), np.array([0.5, 0.5]), never)
