"""Check a network's description and keep it as JSON: whole numbers, numbers and words, no code."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from pipeline.errors import SpecError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def check(
    kind: str,
    description: "DataclassInstance",
    wholes: Mapping[str, tuple[int, int]],
    positives: tuple[str, ...],
) -> None:
    """Refuse a field out of its bounds.

    Args:
        wholes: name to least and most of the whole numbers.
        positives: names of numbers above 0.

    Raises:
        SpecError: names the field, its value and what it must be.
    """
    for name, (least, most) in wholes.items():
        value = getattr(description, name)
        if type(value) is not int or not least <= value <= most:
            refuse(kind, name, value, f"a whole number, {least} to {most}")
    for name in positives:
        value = getattr(description, name)
        if not is_number(value) or value <= 0:
            refuse(kind, name, value, "a number above 0")


def refuse(kind: str, name: str, value: object, wanted: str) -> None:
    """Raise the one sentence about a field."""
    raise SpecError(f"{kind}: {name} is {value!r}; it must be {wanted}.")


def is_number(value: object) -> bool:
    """Whether it is a finite number, and no truth value."""
    return type(value) in (int, float) and math.isfinite(value)  # type: ignore[arg-type]


def to_json(kind: str, description: "DataclassInstance") -> str:
    """One line of JSON."""
    return json.dumps({"kind": kind, **asdict(description)})


def from_json(kind: str, text: str, description: "type[DataclassInstance]") -> dict[str, Any]:
    """Field names to values.

    Raises:
        SpecError: no JSON, of another kind, or with a field that the description lacks.
    """
    try:
        values = json.loads(text)
    except ValueError as error:
        raise SpecError(f"{kind}: the description is no JSON ({error}).") from None
    if not isinstance(values, dict) or values.pop("kind", None) != kind:
        raise SpecError(f"{kind}: the description is of something else.")
    if unknown := values.keys() - {field.name for field in fields(description)}:
        raise SpecError(f"{kind}: the description has an unknown field, {min(unknown)!r}.")
    return values
