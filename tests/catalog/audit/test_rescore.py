"""Scores agree to the digit, within the tolerance, or not; and not all scorers are here."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.attributes.scorer import Scores
from pipeline.attributes.taxonomy import ATTRIBUTES
from pipeline.catalog.audit.ordered import Ordered, read_ordered
from pipeline.catalog.audit.rescore import differences, scorer_of
from pipeline.catalog.read import open_catalog
from pipeline.spec import parse_spec
from pipeline.storage import open_store

CHANCES = np.array([[0.5002, 0.4998]], np.float32)
SCORES = Scores(
    {"age": np.array([30.5], np.float32), "gender_presentation": np.array([0])},
    {"gender_presentation": CHANCES},
    {"sharpness": np.array([0.25], np.float32)},
)


def row(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {attribute.name: None for attribute in ATTRIBUTES}
    made |= {f"{attribute.name}_p": None for attribute in ATTRIBUTES if attribute.classes}
    made |= {"sharpness": 0.25, "clipped": None, "skin_share": None, "realism": None}
    made |= {"age": 30.5, "gender_presentation": "feminine"}
    return made | {"gender_presentation_p": CHANCES[0].tolist()} | changes


@pytest.mark.parametrize(
    ("changes", "columns"),
    [
        ({}, {}),
        ({"age": 30.51}, {"age": False}),
        ({"age": 31.0}, {"age": True}),
        ({"age": None}, {"age": True}),
        ({"age": float("nan")}, {"age": True}),
        ({"smile": 0.5}, {"smile": True}),
        ({"sharpness": 0.2501}, {"sharpness": False}),
        ({"realism": 0.9}, {"realism": True}),
        # As likely as each other: other hardware may decide otherwise.
        ({"gender_presentation": "masculine"}, {"gender_presentation": False}),
        (
            {"gender_presentation": "masculine", "gender_presentation_p": [0.3, 0.6]},
            {"gender_presentation": True, "gender_presentation_p of feminine": True},
        ),
        ({"gender_presentation_p": None}, {"gender_presentation_p": True}),
        ({"gender_presentation_p": [1.0]}, {"gender_presentation_p": True}),
        ({"gender_presentation": "other"}, {"gender_presentation": True}),
    ],
)
def test_differences_are_far_or_near(changes: dict[str, Any], columns: dict[str, bool]) -> None:
    found = differences(SCORES, 0, row(**changes))
    assert {one.column: one.far for one in found} == columns


@pytest.fixture
def ordered(stripes: Path) -> Ordered:
    return read_ordered(open_catalog(open_store(str(stripes))))


def test_only_the_scorer_of_the_catalogs_digest_is_taken(ordered: Ordered) -> None:
    assert scorer_of(ordered)[0] is not None
    scorer, why = scorer_of(dataclasses.replace(ordered, scorer_digest="0" * 64))
    assert scorer is None
    assert "of this installation has the digest" in why


def test_no_scorer_is_fetched_from_where_a_catalog_says(ordered: Ordered) -> None:
    away = {"model": "https://host.invalid/a.onnx", "card": "https://host.invalid/a.yaml"}
    plain = ordered.spec.model_dump(mode="json") | {"scorer": away}
    scorer, why = scorer_of(dataclasses.replace(ordered, spec=parse_spec(plain)))
    assert (scorer, why) == (
        None,
        "the scorer https://host.invalid/a.onnx does not lie on this machine",
    )
