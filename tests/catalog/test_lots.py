"""Lots are spread evenly, follow from name and seed alone, and never change."""

import numpy as np
import pyarrow as pa
from fake_manifest import name_of
from hypothesis import given
from hypothesis import strategies as st

from pipeline.catalog.lots import lots, uniform


def drawn(names, seed=0):
    return lots(pa.chunked_array([pa.array(names, pa.string())]), seed)


def reference(name, seed):
    """The same by the words of the docstring, a number at a time."""
    mask = 2**64 - 1

    def mix(state):
        state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & mask
        state = (state ^ state >> 27) * 0x94D049BB133111EB & mask
        return state ^ state >> 31

    data = name.encode()
    state = mix(mix(seed) + len(data) & mask)
    for start in range(0, len(data), 8):
        word = int.from_bytes(data[start : start + 8], "little")
        state = mix((state ^ word) + 0x9E3779B97F4A7C15 & mask)
    return state


@given(st.lists(st.text(max_size=30)), st.integers(0, 2**63 - 1))
def test_lots_are_those_of_the_definition_whatever_stands_beside(names, seed):
    assert drawn(names, seed).tolist() == [reference(name, seed) for name in names]


@given(st.lists(st.text(max_size=12)), st.data())
def test_chunks_and_slices_make_no_difference(names, data):
    cut = data.draw(st.integers(0, len(names)))
    whole = pa.array(names, pa.string())
    parts = pa.chunked_array([whole[:cut], whole[cut:]])
    assert np.array_equal(lots(parts, 5), drawn(names, 5))


def test_lots_stay_as_they_are():
    assert drawn(["", "f0000001", name_of(0)]).tolist() == [
        0,
        9_083_415_356_097_285_463,
        12_593_533_935_677_614_171,
    ]


def test_lots_are_uniform_and_those_of_two_seeds_have_nothing_in_common():
    names = [name_of(index) for index in range(20_000)]
    one, other = (uniform(drawn(names, seed)) for seed in (0, 1))
    for lot in (one, other):
        counts, _ = np.histogram(lot, 20, (0, 1))
        assert ((counts - 1000) ** 2 / 1000).sum() < 60  # chi-square, 19 degrees of freedom
    assert abs(np.corrcoef(one, other)[0, 1]) < 0.03
    assert abs(np.corrcoef(one[:-1], one[1:])[0, 1]) < 0.03


def test_names_that_differ_in_one_letter_share_nothing():
    first = drawn([f"f{index:07d}" for index in range(4096)])
    flips = np.unpackbits((first[:-1] ^ first[1:]).view(np.uint8)).mean()
    assert abs(flips - 0.5) < 0.01
