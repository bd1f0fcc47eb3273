"""What a job wants and its scorer cannot read is refused before anything is drawn."""

from typing import Any

import pytest

from pipeline.errors import SpecError
from pipeline.sampling.reach import check_read
from pipeline.spec import parse_spec

READS = {"age", "gender_presentation"}
MEASURES = {"sharpness", "clipped"}


def check(**wanted: Any) -> None:
    spec = parse_spec({"name": "a", "count": 1, "output": "./x", **wanted})
    check_read("m.onnx", READS, MEASURES, spec.target, spec.limits, spec.varied)


def test_what_is_read_may_be_balanced_and_limited() -> None:
    check()
    check(
        balance={"age": "uniform"},
        where={"gender_presentation": "feminine"},
        quality={"min_sharpness": 0.2, "max_clipped": 0.1, "min_confidence": 0.5},
    )


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"balance": {"glasses": "uniform"}}, "balance.glasses"),
        ({"balance": {"age": "uniform"}, "where": {"yaw": "-5..5"}}, "where.yaw"),
        ({"variations": {"age": [20], "yaw": [0]}}, "variations.yaw"),
        ({"quality": {"min_realism": 0.5}}, "quality.min_realism"),
        ({"quality": {"min_skin_share": 0.1}}, "quality.min_skin_share"),
    ],
)
def test_what_is_not_read_is_named_with_its_field(wanted: dict[str, Any], field: str) -> None:
    with pytest.raises(SpecError) as caught:
        check(**wanted)
    assert str(caught.value) == (
        f"{field}: the scorer m.onnx does not read it; remove it, or write "
        "scorer.rest: builtin:heads."
    )
