"""Quotas are whole numbers with exact margins, whatever is asked."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sampling.quotas import largest_remainder, quotas
from pipeline.sampling.targets import Target, parse_balance

AXES = {
    "age": ["18-24", "25-34", "35-44", "45-59", "60-80"],
    "gender_presentation": ["feminine", "masculine"],
    "skin_tone": ["1-2", "3-5", "6-8", "9-10"],
    "hair_length": ["bald", "short", "medium", "long"],
}


@st.composite
def targets(draw: st.DrawFn) -> Target:
    names = draw(st.lists(st.sampled_from(sorted(AXES)), unique=True, min_size=1, max_size=4))
    balance = {}
    for name in names:
        bins = AXES[name]
        if draw(st.booleans()):
            balance[name] = bins
        else:
            cuts = draw(
                st.lists(st.integers(0, 1000), min_size=len(bins) - 1, max_size=len(bins) - 1)
            )
            edges = [0, *sorted(cuts), 1000]
            shares = [(b - a) / 10 for a, b in pairwise(edges)]
            balance[name] = dict(zip(bins, shares, strict=True))
    return parse_balance(balance)


@settings(max_examples=80, deadline=None)
@given(targets(), st.integers(1, 10_000_000))
def test_margins_are_exact_and_cells_within_one_for_random_targets(
    target: Target, count: int
) -> None:
    result = quotas(target, count)
    assert result.sum() == count
    assert (result >= 0).all()
    assert np.abs(result - target.shares * count).max() <= 1 + 1e-6
    for axis, entry in enumerate(target.axes):
        others = tuple(i for i in range(result.ndim) if i != axis)
        margin = result.sum(others)
        assert (margin == largest_remainder(np.asarray(entry.shares), count)).all()


def test_a_tie_goes_to_the_first_bin_however_the_shares_were_summed() -> None:
    target = parse_balance(
        {
            "hair_length": AXES["hair_length"],
            "gender_presentation": {"feminine": 1.4, "masculine": 98.6},
        }
    )
    shares = np.asarray(target.axes[1].shares)
    assert largest_remainder(shares, 422_250).tolist() == [5912, 416_338]
    assert quotas(target, 422_250).sum(0).tolist() == [5912, 416_338]


def test_joint_tables_come_out_as_ordered() -> None:
    rows = [
        {"gender_presentation": "feminine", "glasses": "none", "share": "12.5%"},
        {"gender_presentation": "feminine", "glasses": "glasses", "share": 37.5},
        {"gender_presentation": "masculine", "glasses": "none", "share": 50},
    ]
    target = parse_balance({"gender_presentation": "uniform", "glasses": "uniform", "joint": rows})
    assert quotas(target, 80).tolist() == [[10, 30], [40, 0]]


def test_nothing_balanced_is_one_cell() -> None:
    target = parse_balance({})
    assert quotas(target, 7).tolist() == 7
    assert target.label(0) == "all"


def test_a_hundred_million_slots_over_thousands_of_cells() -> None:
    ages = [f"{low}-{low + 4}" for low in range(0, 90, 5)]
    balance = dict.fromkeys(("gender_presentation", "hair_length", "hair_color"), "uniform")
    target = parse_balance({"age": ages, "skin_tone": [str(t) for t in range(1, 11)], **balance})
    result = quotas(target, 100_012_345)
    assert result.size == 7200
    assert result.sum() == 100_012_345
    assert result.max() - result.min() <= 2


@pytest.mark.parametrize(("count", "whole"), [(10, [3, 3, 4]), (1, [0, 0, 1]), (100, [30, 30, 40])])
def test_largest_remainder_gives_the_rest_to_the_largest_fraction(
    count: int, whole: list[int]
) -> None:
    assert largest_remainder(np.array([0.3, 0.3, 0.4]), count).tolist() == whole
