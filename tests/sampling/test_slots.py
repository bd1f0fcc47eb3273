"""Slots fill the quotas exactly, and every run of them nearly so."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sampling.slots import Slots


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=30).filter(any))
def test_each_cell_gets_exactly_its_quota(counts: list[int]) -> None:
    slots = Slots(np.array(counts))
    cells = [slots.cell_of(slot) for slot in range(slots.count)]
    assert np.bincount(cells, minlength=len(counts)).tolist() == counts
    there = np.arange(-1, slots.count + 1)
    assert slots.cells_of(there).tolist() == [-1, *cells, -1]


@pytest.mark.parametrize("shard", [50, 128, 1000])
def test_every_shard_is_nearly_as_balanced_as_the_job(shard: int) -> None:
    quotas = np.array([4000, 3000, 2000, 500, 300, 200])
    slots = Slots(quotas)
    for start in range(0, slots.count - shard + 1, shard):
        cells = [slots.cell_of(slot) for slot in range(start, start + shard)]
        counts = np.bincount(cells, minlength=quotas.size)
        assert np.abs(counts - quotas / quotas.sum() * shard).max() <= 4


def test_a_billion_slots_take_no_memory() -> None:
    slots = Slots(np.array([400_000_000, 600_000_000]))
    assert [slots.cell_of(slot) for slot in (0, 1, 2, 999_999_999)] == [0, 1, 0, 0]
    assert slots.cells_of(np.array([0, 1, 2, 999_999_999])).tolist() == [0, 1, 0, 0]


def test_slots_outside_the_job_are_refused() -> None:
    with pytest.raises(IndexError, match="slot 3 is not one of"):
        Slots(np.array([3])).cell_of(3)
