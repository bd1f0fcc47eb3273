"""Quotas are fitted to what a pool has: never beyond it, and as near to the target as can be."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.sampling.quotas import quotas
from pipeline.sampling.rounding import OutOfTime
from pipeline.sampling.supply import (
    balancing_weights,
    effective_size,
    filled,
    fits,
    largest_count,
)
from pipeline.sampling.targets import Target, parse_balance

AGES = ["10-19", "20-29", "30-39", "40-49", "50-59"]


@st.composite
def pools(draw, most=40):
    """A target of up to 10 cells, and how many faces each of them has."""
    ages = AGES[: draw(st.integers(1, 5))]
    parts = draw(st.lists(st.integers(1, 9), min_size=len(ages), max_size=len(ages)))
    even = {"age": ages, "gender_presentation": "uniform"}
    uneven = {"age": {a: 100 * p / sum(parts) for a, p in zip(ages, parts, strict=True)}}
    floor = {"at_least": draw(st.integers(0, 3))}
    target = parse_balance(draw(st.sampled_from([even, uneven])) | floor)
    cells = target.shares.size
    numbers = draw(st.lists(st.integers(0, most), min_size=cells, max_size=cells))
    return target, np.array(numbers).reshape(target.shares.shape)


@given(pools(most=12))
def test_the_largest_count_is_what_trying_all_of_them_finds(pool):
    target, available = pool
    tried = [n for n in range(1, available.sum() + 1) if fits(target, n, available)]
    assert largest_count(target, available) == max(tried, default=0)


def test_the_largest_count_of_an_even_pool_is_all_of_it_and_of_a_great_one_is_found_fast():
    target = parse_balance({"age": AGES, "gender_presentation": "uniform"})
    assert largest_count(target, np.full((5, 2), 7)) == 70
    available = np.full((5, 2), 10**9)
    available[3, 1] = 123_456_789
    found = largest_count(target, available)
    assert 1_234_567_890 <= found < 1_234_567_900
    assert (quotas(target, found) <= available).all()


@given(pools(), st.integers(1, 400))
def test_filling_takes_the_count_or_all_there_is_and_never_more_than_a_cell_has(pool, count):
    target, available = pool
    taken = filled(target, count, available)
    assert taken.sum() == min(count, available.sum())
    assert (taken <= available).all()
    assert (taken >= 0).all()


@given(pools(), st.integers(1, 400))
def test_filling_is_the_quotas_where_they_fit(pool, count):
    target, available = pool
    if fits(target, count, available):
        assert np.array_equal(filled(target, count, available), quotas(target, count))


@given(st.lists(st.integers(0, 40), min_size=10, max_size=10), st.integers(1, 400))
def test_even_cells_are_filled_to_one_level(numbers, count):
    target = parse_balance({"age": AGES, "gender_presentation": "uniform"})
    available = np.array(numbers).reshape(5, 2)
    taken = filled(target, count, available)
    # Who has faces left holds no less than any other, but for the rounding.
    left = taken < available
    if left.any():
        assert taken.max() - taken[left].min() <= 1


def test_filling_shares_the_rest_in_proportion():
    target = parse_balance({"age": {"10-19": 50, "20-29": 30, "30-39": 20}})
    assert filled(target, 100, np.array([10, 500, 500])).tolist() == [10, 54, 36]
    assert filled(target, 100, np.array([10, 20, 500])).tolist() == [10, 20, 70]
    assert filled(target, 100, np.array([10, 20, 30])).tolist() == [10, 20, 30]


def test_cells_without_a_share_give_nothing():
    joint = [
        {"age": "10-19", "glasses": "none", "share": 50},
        {"age": "20-29", "glasses": "glasses", "share": 50},
    ]
    target = parse_balance(
        {"age": ["10-19", "20-29"], "glasses": ["none", "glasses"], "joint": joint}
    )
    available = np.array([[5, 100], [100, 100]])
    assert filled(target, 30, available).tolist() == [[5, 0], [0, 25]]
    assert largest_count(target, available) == 10
    assert balancing_weights(target.shares, available).tolist() == [[10.5, 0], [0, 0.525]]


@given(pools())
def test_weights_give_the_cells_their_shares_and_have_mean_one(pool):
    target, held = pool
    weights = balancing_weights(target.shares, held)
    some = held > 0
    assert (weights[~some] == 0).all()
    if some.any():
        assert (weights * held).sum() == pytest.approx(held.sum())
        share = (weights * held) / held.sum()
        assert share[some] == pytest.approx(target.shares[some] / target.shares[some].sum())
        assert 0 < effective_size(weights, held) <= held.sum() * (1 + 1e-9)


def test_the_effective_size_is_that_of_equal_weights_or_less():
    held = np.array([30, 10])
    assert effective_size(np.ones(2), held) == 40
    assert effective_size(balancing_weights(np.array([0.5, 0.5]), held), held) == pytest.approx(30)
    assert effective_size(np.zeros(2), held) == 0


def test_nothing_balanced_is_one_cell():
    target = Target((), np.ones(()))
    assert largest_count(target, np.array(17)) == 17
    assert filled(target, 5, np.array(17)).tolist() == 5


def test_no_answer_is_given_instead_of_the_one_that_is_not_found_in_time():
    target, now = parse_balance({"age": AGES}), time.monotonic()
    for ask in (
        lambda: fits(target, 5, np.full(5, 1), until=now),
        lambda: largest_count(target, np.full(5, 10), until=now),
        lambda: filled(target, 40, np.arange(5) * 5, until=now),
    ):
        with pytest.raises(OutOfTime):
            ask()
