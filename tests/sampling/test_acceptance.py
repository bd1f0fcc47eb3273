"""The full image's scores accept; a preview only rules out what is clearly another cell."""

import numpy as np
import pytest

from pipeline.attributes.bins import parse_bin
from pipeline.attributes.scorer import Scores
from pipeline.errors import SpecError
from pipeline.sampling.acceptance import Limits, confidence, implausible, refusal

CELL = (parse_bin("age", "18-29"), parse_bin("gender_presentation", "feminine"))
FREE = Limits({}, {}, {})


def scores(age: float, feminine: float, yaw: float = 0.0, sharpness: float = 0.5) -> Scores:
    bands = np.zeros((1, 20), np.float32)
    bands[0, int(age // 5)] = 1
    return Scores(
        {
            "age": np.array([age], np.float32),
            "gender_presentation": np.array([int(feminine < 0.5)]),
            "yaw": np.array([yaw], np.float32),
        },
        {"age": bands, "gender_presentation": np.array([[feminine, 1 - feminine]], np.float32)},
        {"sharpness": np.array([sharpness], np.float32)},
    )


def test_a_face_in_its_cell_is_accepted() -> None:
    assert refusal(scores(24, 0.9), 0, CELL, FREE) is None


def test_a_refusal_names_the_attribute() -> None:
    assert refusal(scores(31, 0.9), 0, CELL, FREE) == "age"
    assert refusal(scores(24, 0.2), 0, CELL, FREE) == "gender_presentation"


def test_limits_refuse_by_attribute_quality_and_confidence() -> None:
    where = {"yaw": (parse_bin("yaw", "-10..10"),)}
    limits = Limits(where, {"sharpness": 0.4, "confidence": 0.8}, {})
    assert refusal(scores(24, 0.9, yaw=30), 0, CELL, limits) == "yaw"
    assert refusal(scores(24, 0.9, sharpness=0.1), 0, CELL, limits) == "sharpness"
    assert refusal(scores(24, 0.6), 0, CELL, limits) == "confidence"
    assert refusal(scores(24, 0.9), 0, CELL, limits) is None


def test_confidence_is_the_probability_of_the_cell() -> None:
    assert np.isclose(confidence(scores(24, 0.75), 0, CELL), 0.75)


def test_a_preview_is_looser_than_the_full_image() -> None:
    assert implausible(scores(24, 0.4), 0, CELL, FREE) is None
    assert implausible(scores(24, 0.1), 0, CELL, FREE) == "gender_presentation"
    where = Limits({"yaw": (parse_bin("yaw", "-10..10"),)}, {}, {})
    assert implausible(scores(24, 0.9, yaw=15), 0, CELL, where) is None
    assert implausible(scores(24, 0.9, yaw=40), 0, CELL, where) == "yaw"


def test_a_preview_goes_by_the_value_where_there_are_no_probabilities() -> None:
    def numbers(age: float) -> Scores:
        return Scores({"age": np.array([age], np.float32)}, {}, {})

    cell = CELL[:1]
    assert implausible(numbers(33), 0, cell, FREE) is None
    assert implausible(numbers(45), 0, cell, FREE) == "age"


def test_an_attribute_that_the_scorer_does_not_read_is_named() -> None:
    line = "expression: this job's scorer does not read it; remove it from balance and where"
    with pytest.raises(SpecError, match=line):
        refusal(scores(24, 0.9), 0, (parse_bin("expression", "smile"),), FREE)
    limits = Limits({"pitch": (parse_bin("pitch", "0..10"),)}, {}, {})
    with pytest.raises(SpecError, match="pitch: this job's scorer"):
        implausible(scores(24, 0.9), 0, CELL, limits)
