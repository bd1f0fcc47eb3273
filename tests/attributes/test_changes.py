"""What is to change of a person is read the same from a job spec and from the command line."""

from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.attributes.changes import (
    MOST,
    WORDS,
    combined,
    label_of,
    read_change,
    shown,
    unread,
    written,
)
from pipeline.attributes.scorer import Scores
from pipeline.attributes.taxonomy import ATTRIBUTES, BY_NAME
from pipeline.errors import SpecError


def values_of(name: str) -> st.SearchStrategy[list[object]]:
    """Lists of values that an attribute, or one of WORDS, can be given."""
    if name in WORDS:
        one: st.SearchStrategy[object] = st.sampled_from(list(WORDS[name][1]))
    elif BY_NAME[name].kind == "class":
        one = st.sampled_from(BY_NAME[name].classes)
    else:
        entry = BY_NAME[name]
        number = st.integers(int(entry.low), int(entry.high))
        one = number | number.map(str)
        if entry.low >= 0:
            one = one | st.integers(0, int(entry.high - entry.low)).map("{:+d}".format)
    return st.lists(
        one, min_size=1, max_size=4, unique_by=lambda v: read_change(name, str(v), "v").label
    )


NAMES = sorted({*(a.name for a in ATTRIBUTES), "light"} - {"light_azimuth"})
ASKED = st.lists(st.sampled_from(NAMES), unique=True, max_size=3).flatmap(
    lambda names: st.fixed_dictionaries({name: values_of(name) for name in names})
)


@settings(deadline=None, max_examples=60)
@given(ASKED)
def test_every_combination_is_there_once_in_whatever_order_attributes_are_named(
    asked: dict[str, list[object]],
) -> None:
    size = prod(len(values) for values in asked.values())
    if size > MOST:
        with pytest.raises(SpecError, match=f"{size} pictures of a person are more than {MOST}"):
            combined(asked, "variations")
        return
    made = combined(asked, "variations")
    labels = [label_of(changes) for changes in made]
    assert len(labels) == len(set(labels)) == (size if asked else 0)
    assert combined(dict(reversed(asked.items())), "variations") == made
    order = [attribute.name for attribute in ATTRIBUTES]
    for changes in made:
        assert len(changes) == len(asked)
        assert list(changes) == sorted(changes, key=order.index)
        for one in changes.values():
            name, _, value = one.label.partition("=")
            assert read_change(name, value, "set") == one
            assert not one.relative or BY_NAME[one.attribute].low >= 0


def test_a_sign_is_relative_only_where_no_value_has_one() -> None:
    assert read_change("age", "-20", "set").of(50) == 30
    assert read_change("age", "+0", "set").of(50) == 50
    assert read_change("age", "20", "set").of(50) == 20
    assert read_change("yaw", "+30", "set") == read_change("yaw", "30", "set")
    assert read_change("yaw", "-30", "set").of(50) == -30
    assert (
        read_change("light", "left", "set").of(0) < 0 < read_change("light", "right", "set").of(0)
    )


def test_pictures_are_read_as_asked_within_a_tenth_of_the_range() -> None:
    values = {"age": np.array([40.0, 49.0, 50.5]), "expression": np.array([1, 1, 0])}
    scores = Scores(values, {}, {})
    asked = {"age": 40.0, "expression": 1.0, "yaw": 10.0}
    assert [list(unread(asked, scores, i)) for i in range(3)] == [[], [], ["age", "expression"]]


def test_what_changes_came_to_is_written_with_names_and_few_digits() -> None:
    assert written({"age": 53.20004, "expression": 1.0}) == '{"age": 53.2, "expression": "smile"}'
    assert shown("yaw", -30.0) == -30
