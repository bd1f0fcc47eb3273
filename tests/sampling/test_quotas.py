"""Quotas are whole numbers with exact margins, whatever is asked."""

import time
import tracemalloc
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import SpecError
from pipeline.sampling.quotas import quotas, wanted_faces
from pipeline.sampling.rounding import apportion
from pipeline.sampling.slots import Slots
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
        assert (margin == apportion(np.asarray(entry.shares) * count, count)).all()


@settings(max_examples=80, deadline=None)
@given(targets(), st.integers(0, 60), st.integers(0, 5_000_000))
def test_floors_hold_in_every_cell_with_a_share(target: Target, floor: int, more: int) -> None:
    wanted = target.shares > 0
    target = replace(target, at_least=floor)
    count = max(1, floor * int(wanted.sum())) + more
    result = quotas(target, count)
    exact = wanted_faces(target, count)
    assert result.sum() == count
    assert (result[wanted] >= floor).all()
    assert np.isclose(exact.sum(), count)
    assert np.abs(result - exact).max() <= 1 + 1e-6
    for axis in range(result.ndim):
        others = tuple(i for i in range(result.ndim) if i != axis)
        assert (result.sum(others) == apportion(exact.sum(others), count)).all()
    # Cells above the floor keep their ratios to each other.
    ratios = (exact / np.where(wanted, target.shares, 1))[exact > floor * (1 + 1e-9)]
    assert ratios.size == 0 or np.allclose(ratios, ratios[0])


@settings(max_examples=40, deadline=None)
@given(targets(), st.integers(1, 2000), st.integers(1, 300))
def test_shards_of_any_size_fill_the_quotas_together(
    target: Target, count: int, shard: int
) -> None:
    slots = Slots(quotas(target, count))
    cells = [
        [slots.cell_of(slot) for slot in range(start, min(start + shard, count))]
        for start in range(0, count, shard)
    ]
    filled = np.bincount(np.concatenate(cells), minlength=target.shares.size)
    assert (filled == slots.quotas.ravel()).all()


def test_a_floor_raises_rare_cells_and_the_others_give_way_in_proportion() -> None:
    target = parse_balance(
        {"hair_length": {"bald": 1, "short": 66, "medium": 33, "long": 0}, "at_least": 100}
    )
    assert quotas(target, 1000).tolist() == [100, 600, 300, 0]
    assert quotas(target, 300).tolist() == [100, 100, 100, 0]


def test_too_few_faces_for_the_floor_is_one_line() -> None:
    target = parse_balance({"age": AXES["age"], "skin_tone": AXES["skin_tone"], "at_least": 50})
    line = (
        "balance.at_least: 50 faces in each of 20 cells take 1,000 faces, and count is 999; "
        "raise it to that, or lower the floor."
    )
    with pytest.raises(SpecError, match=line):
        quotas(target, 999)
    assert (quotas(target, 1000) == 50).all()


def test_a_table_is_independent_of_what_stands_beside_it() -> None:
    table = "gender_presentation,glasses,share\nfeminine,none,3\nmasculine,glasses,1\n"
    target = parse_balance({"table": table, "skin_tone": {"1-5": 25, "6-10": 75}})
    assert quotas(target, 16).tolist() == [[[3, 9], [0, 0]], [[0, 0], [1, 3]]]
    assert [axis.shares for axis in target.axes] == [(0.75, 0.25), (0.75, 0.25), (0.25, 0.75)]


def test_a_tie_goes_to_the_first_bin_however_the_shares_were_summed() -> None:
    target = parse_balance(
        {
            "hair_length": AXES["hair_length"],
            "gender_presentation": {"feminine": 1.4, "masculine": 98.6},
        }
    )
    shares = np.asarray(target.axes[1].shares)
    assert apportion(shares * 422_250, 422_250).tolist() == [5912, 416_338]
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
    assert result.max() - result.min() <= 1


BINS: dict[str, list[str]] = {
    "age": [f"{low}-{low + 9}" for low in range(0, 90, 10)],
    "gender_presentation": ["feminine", "masculine"],
    "skin_tone": [str(tone) for tone in range(1, 11)],
    "expression": ["neutral", "smile", "laugh", "surprise", "anger", "sadness"],
    "yaw": [f"{low}..{low + 20}" for low in range(-70, 70, 20)],
}


@pytest.mark.parametrize("even", [True, False])
@pytest.mark.parametrize("count", [17, 10**8])
def test_a_plan_of_7560_cells_is_quick_and_small(count: int, even: bool) -> None:
    balance: dict[str, Any] = dict(BINS)
    for name, bins in BINS.items() if not even else ():
        weights = np.arange(1, len(bins) + 1)
        balance[name] = dict(zip(bins, (100 * weights / weights.sum()).tolist(), strict=True))
    tracemalloc.start()
    began = time.process_time()
    target = parse_balance(balance)
    slots = Slots(quotas(target, count))
    cell = slots.cell_of(count - 1)
    seconds, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert slots.quotas.size == 7560
    assert slots.quotas.ravel()[cell] > 0
    assert np.abs(slots.quotas - target.shares * count).max() <= 1
    assert seconds < 5
    assert peak < 100e6
