"""How bins are read from labels and how values and probabilities fall into them."""

from itertools import pairwise

import numpy as np
import pytest

from pipeline.attributes.bins import Bin, bin_index, bin_probability, parse_bin, parse_bins
from pipeline.attributes.taxonomy import ATTRIBUTES, Attribute
from pipeline.errors import SpecError


def test_whole_unit_bins_include_their_last_unit() -> None:
    bins = parse_bins("age", ["18-29", "30-44", "60+", "7"])
    ages = np.array([17.9, 18, 29.99, 30, 44.5, 50, 60, 99, 7, 7.5, 8], np.float32)
    assert bin_index(bins, ages).tolist() == [-1, 0, 0, 1, 1, -1, 2, 2, 3, 3, -1]


def test_there_may_be_very_many_bins() -> None:
    edges = np.linspace(-45, 45, 40_001)
    bins = [Bin("yaw", str(i), low, high) for i, (low, high) in enumerate(pairwise(edges))]
    assert bin_index(bins, np.array([-45.0, 44.9999, 46, np.nan])).tolist() == [0, 39_999, -1, -1]


def test_ranges_are_half_open_and_closed_at_the_top_of_the_attribute() -> None:
    bins = parse_bins("smile", ["0..0.5", "0.5..1"])
    assert bin_index(bins, np.array([0.0, 0.499, 0.5, 1.0])).tolist() == [0, 0, 1, 1]
    assert bin_index(bins[:1], np.array([0.5, np.nan])).tolist() == [-1, -1]


def test_open_ended_ranges_reach_the_end_of_the_attribute() -> None:
    bins = parse_bins("yaw", ["..-10", "-10..10", "10.."])
    assert bin_index(bins, np.array([-90.0, -10.0, 9.9, 10.0, 90.0])).tolist() == [0, 1, 1, 2, 2]


def test_class_bins_may_join_classes() -> None:
    bins = parse_bins("hair_length", ["short+medium", "long"])
    assert bin_index(bins, np.array([0, 1, 2, 3])).tolist() == [-1, 0, 0, 1]


@pytest.mark.parametrize("entry", ATTRIBUTES, ids=lambda entry: entry.name)
def test_the_usual_bins_can_be_read(entry: Attribute) -> None:
    assert [one.label for one in parse_bins(entry.name, entry.usual_bins)] == list(entry.usual_bins)


def test_age_bands_count_by_the_share_that_lies_in_the_bin() -> None:
    bins = parse_bins("age", ["18-29", "30-44"])
    probabilities = np.zeros((2, 20), np.float32)
    probabilities[0, 3] = 1  # 15-19
    probabilities[1, 5:9] = 0.25  # 25-44
    assert np.allclose(bin_probability(bins, "age", probabilities), [[0.4, 0], [0.25, 0.75]])


def test_class_probabilities_are_summed() -> None:
    tones = parse_bins("skin_tone", ["1-3", "4-6", "7-10"])
    assert np.allclose(
        bin_probability(tones, "skin_tone", np.full((1, 10), 0.1)), [[0.3, 0.3, 0.4]]
    )
    hair = parse_bins("hair_length", ["short+medium"])
    probabilities = np.array([[0.1, 0.2, 0.3, 0.4]])
    assert np.allclose(bin_probability(hair, "hair_length", probabilities), [[0.5]])


def test_an_attribute_without_classes_has_no_bin_probabilities() -> None:
    with pytest.raises(ValueError, match="yaw"):
        bin_probability(parse_bins("yaw", ["-10..10"]), "yaw", np.ones((1, 3)))


@pytest.mark.parametrize(
    ("attribute", "labels", "line"),
    [
        ("agee", ["1-2"], "Attribute 'agee' is unknown; did you mean 'age'?"),
        ("shoe", ["1-2"], "choose from age, gender_presentation"),
        ("age", [], "the list of bins is empty"),
        ("age", ["18..29"], "age: cannot read bin '18..29'; write it like '18-29'"),
        ("age", ["29-18"], "runs backwards"),
        (
            "age",
            ["60-120"],
            "120 in bin '60-120' is outside its range; stay between 0 and 99",
        ),
        ("age", ["18-30", "30-44"], "bins '18-30' and '30-44' overlap"),
        ("skin_tone", ["0-3"], "stay between 1 and 10"),
        ("yaw", ["10"], "cannot read bin '10'; write it like '-90..-10'"),
        ("yaw", [".."], "cannot read bin '..'"),
        ("yaw", ["10..10"], "is empty; its end must be greater"),
        ("yaw", ["-120..0"], "stay between -90 and 90 degrees"),
        ("yaw", ["..10", "0.."], "overlap"),
        ("hair_length", ["curly"], "'curly' is not one of its classes; choose from bald, short"),
        ("hair_length", ["short", "short+long"], "overlap"),
    ],
)
def test_a_bin_that_cannot_be_meant_names_the_value_and_the_mend(
    attribute: str, labels: list[str], line: str
) -> None:
    with pytest.raises(SpecError) as caught:
        parse_bins(attribute, labels)
    assert line in str(caught.value)


def test_labels_may_carry_blanks() -> None:
    assert parse_bin("age", " 18 - 29 ").high == 30
