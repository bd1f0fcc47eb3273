"""What a job's faces truly are, against a world whose truth is known."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.attributes.bins import bin_index, parse_bins
from pipeline.attributes.held_out import HeldOut
from pipeline.attributes.value_file import Values
from pipeline.sampling.confusion import confusion
from pipeline.sampling.targets import parse_balance
from pipeline.sampling.true_balance import ELSEWHERE, true_balance

TARGET = parse_balance({"age": ["20-39", "40-59"], "glasses": {"none": 50, "glasses": 50}})


def world(seed: int, count: int) -> tuple[Values, Values]:
    """Readings and truth of natural people: ages off by 5 years, one in ten glasses not seen."""
    rng = np.random.default_rng(seed)
    age = rng.uniform(10, 90, count)
    wears = rng.random(count) < 0.2
    seen = (wears & (rng.random(count) < 0.9)) | (rng.random(count) < 0.03)
    read = {"age": np.clip(age + rng.normal(0, 5, count), 0, 99), "glasses": seen.astype(int)}
    return read, {"age": age, "glasses": wears.astype(int)}


def held_out(seed: int = 1) -> HeldOut:
    return HeldOut(*world(seed, 3000), "g", "s")


def test_intervals_hold_what_the_faces_truly_are() -> None:
    quotas = np.full((2, 2), 250)
    found = true_balance(TARGET, quotas, {}, held_out())
    assert found is not None
    read, truth = world(3, 60_000)
    cell = 2 * bin_index(TARGET.axes[0].bins, read["age"]) + read["glasses"]
    inside = bin_index(TARGET.axes[0].bins, read["age"]) >= 0
    kept = np.concatenate([np.flatnonzero(inside & (cell == c))[:250] for c in range(4)])
    for name, bins in (("age", TARGET.axes[0].bins), ("glasses", TARGET.axes[1].bins)):
        true = bin_index(bins, truth[name][kept])
        for i, row in enumerate(found["axes"][name]):
            share = (true == (i if row["bin"] != ELSEWHERE else -1)).mean()
            assert row["low"] - 0.01 <= share <= row["high"] + 0.01, (name, row, share)
            assert row["low"] <= row["share"] <= row["high"]
    assert [row["bin"] for row in found["axes"]["age"]] == ["20-39", "40-59", ELSEWHERE]
    glasses = found["axes"]["glasses"][1]
    assert glasses["share"] < 0.48  # one in eight of those labelled so wears none
    assert found == true_balance(TARGET, quotas, {}, held_out())


def test_errors_of_some_people_count_by_how_many_of_them_are_ordered() -> None:
    """Glasses of the old are seen where there are none: in nature few are old, here half."""

    def people(seed: int, count: int) -> tuple[Values, Values]:
        rng = np.random.default_rng(seed)
        age = np.where(rng.random(count) < 0.1, 50.0, 30.0)
        wears = rng.random(count) < 0.3
        seen = wears | ((age == 50) & (rng.random(count) < 0.6))
        return {"age": age, "glasses": seen.astype(int)}, {"age": age, "glasses": wears.astype(int)}

    quotas = np.full((2, 2), 500)
    found = true_balance(TARGET, quotas, {}, HeldOut(*people(1, 6000), "g", "s"))
    assert found is not None
    read, truth = people(2, 100_000)
    seen = read["glasses"] == 1
    old = read["age"] == 50
    truly = (truth["glasses"][seen & old].mean() + truth["glasses"][seen & ~old].mean()) / 4
    row = found["axes"]["glasses"][1]
    assert row["low"] < truly < row["high"]
    assert row["share"] == pytest.approx(truly, abs=0.015)
    assert truly < 0.4  # of all that are read so 84 of 100 wear them: 0.42


def test_a_scorer_that_never_errs_changes_nothing() -> None:
    read, _ = world(1, 3000)
    quotas = np.array([[100, 300], [50, 50]])
    found = true_balance(TARGET, quotas, {}, HeldOut(read, read, "g", "s"))
    assert found is not None
    assert [row["share"] for row in found["axes"]["age"]] == pytest.approx([0.8, 0.2])


def test_only_images_within_the_limits_count() -> None:
    where = {"age": parse_bins("age", ["20-39"])}
    quotas = np.full((2, 2), 10)
    assert true_balance(TARGET, quotas, where, held_out()) is None  # nobody of 40-59 is left
    table = confusion(TARGET.axes[1], held_out(), np.zeros(3000, bool))
    assert table.shape == (3, 2)
    assert not table.any()


def test_it_is_told_whether_the_limits_left_too_few_images() -> None:
    everyone = {"age": parse_bins("age", ["0-99"])}  # which all of them keep
    half = {"age": parse_bins("age", ["20-59"])}
    few = {"age": parse_bins("age", ["20-21"])}
    for where, limited in (({}, True), (everyone, True), (half, True), (few, False)):
        found = true_balance(TARGET, np.full((2, 2), 10), where, held_out())
        assert found is not None
        assert found["limited"] is limited
        assert (found["images"] < 3000) is (where is half)


def test_nothing_is_said_where_nothing_is_known() -> None:
    quotas, own = np.full((2, 2), 10), held_out()
    strange = replace(own, truth={"age": own.truth["age"]})
    assert true_balance(TARGET, quotas, {}, strange) is None
    assert true_balance(parse_balance({}), np.array(10), {}, own) is None
