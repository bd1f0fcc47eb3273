"""Read what is to change of a person, as `age=60`, `age=+20` or `light=left`, and judge pictures.

A sign makes a number relative to what the person has where no value has one: `+20` and `-20` of
`age`, `skin_tone`, `smile` and `mouth_open`. Angles have signs of their own: `-30` and `+30` are
where to look.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from pipeline.attributes.scorer import Scores
from pipeline.attributes.taxonomy import ATTRIBUTES, BY_NAME, Attribute
from pipeline.errors import SpecError, suggestion

MOST = 100
"""Pictures of a person in one go."""

OFF = 0.1
"""How far, as a share of its range, a number may be read from what was asked."""

WORDS: Mapping[str, tuple[str, Mapping[str, float]]] = {
    "light": ("light_azimuth", {"left": -50.0, "front": 0.0, "right": 50.0}),
}
"""Names that stand for an attribute, and words that stand for its values."""


ALONG: Mapping[str, tuple[str, ...]] = {
    "age": ("hair_color",),
    "skin_tone": ("hair_color", "ita"),
    "ita": ("hair_color", "skin_tone"),
    "gender_presentation": ("hair_length", "facial_hair"),
    "expression": ("smile", "mouth_open"),
    "smile": ("expression", "mouth_open"),
    "hair_length": ("hair_color",),
    "light_azimuth": ("ita",),
}
"""Attribute -> others that go along with it: who ages turns grey, and who smiles parts the lips."""


@dataclass(frozen=True)
class Change:
    """What one attribute of a person is to become.

    value: in the attribute's unit, a class as its index; where `relative`, it is added to what the
    person has. label: as it was asked, `age=+20`.
    """

    attribute: str
    value: float
    label: str
    relative: bool = False

    def of(self, now: float) -> float:
        """The value that it comes to for a person who has `now`."""
        return now + self.value if self.relative else self.value


Changes = dict[str, Change]
"""What changes of a person at once: attribute -> its change."""


def read_change(name: str, text: str, field: str) -> Change:
    """Read one value of an attribute, or of one of WORDS.

    field: what is read, for errors, as `variations`.

    Raises:
        SpecError: the name is unknown, or the value cannot be meant.
    """
    text = text.strip()
    known = [*BY_NAME, *WORDS]
    if name not in known:
        mend = suggestion(name, known, f"choose from {', '.join(known)}.")
        raise SpecError(f"{field}: {name!r} is no attribute; {mend}")
    if name in WORDS:
        attribute, words = WORDS[name]
        if text not in words:
            raise SpecError(f"{field}.{name}: {text!r} is none; choose from {', '.join(words)}.")
        return Change(attribute, words[text], f"{name}={text}")
    entry = BY_NAME[name]
    if entry.kind == "class":
        if text not in entry.classes:
            raise SpecError(
                f"{field}.{name}: {text!r} is none; choose from {', '.join(entry.classes)}."
            )
        return Change(name, float(entry.classes.index(text)), f"{name}={text}")
    relative = text[:1] in ("+", "-") and entry.low >= 0
    low, high = (
        (entry.low - entry.high, entry.high - entry.low)
        if relative
        else (
            entry.low,
            entry.high,
        )
    )
    try:
        value = float(text) + 0.0  # no -0
    except ValueError:
        value = np.nan
    if not low <= value <= high:
        raise SpecError(
            f"{field}.{name}: {text!r} is no number from {low:g} to {high:g}"
            f"{_or_relative(entry) if not relative else ''}."
        )
    return Change(name, value, f"{name}={value:+g}" if relative else f"{name}={value:g}", relative)


def _or_relative(entry: Attribute) -> str:
    return ", or one with a sign, to be added to what the person has" if entry.low >= 0 else ""


def combined(asked: Mapping[str, Sequence[object] | object], field: str) -> tuple[Changes, ...]:
    """All combinations of the values of attributes, in the order of the taxonomy, the last fastest.

    The order of the mapping does not matter; that of a list does.

    Args:
        asked: attribute -> a value, or a list of them, as in a job spec.
        field: for errors.

    Raises:
        SpecError: a value cannot be meant or stands twice, or they make more than MOST pictures.
    """
    axes: dict[str, list[Change]] = {}
    for name, values in asked.items():
        several = values if isinstance(values, list | tuple) else [values]
        if not several:
            raise SpecError(f"{field}.{name}: the list is empty; give some values, or remove it.")
        changes = [read_change(name, str(one), field) for one in several]
        attribute = changes[0].attribute
        if attribute in axes:
            raise SpecError(f"{field}.{name}: {attribute} stands there too; remove one of them.")
        for i, one in enumerate(changes):
            if one.label in [other.label for other in changes[:i]]:
                raise SpecError(f"{field}.{name}: {one.label} stands twice; remove one.")
        axes[attribute] = changes
    ordered = [axes[entry.name] for entry in ATTRIBUTES if entry.name in axes]
    return product_of(ordered, field) if ordered else ()


def product_of(axes: Sequence[Sequence[Change]], field: str) -> tuple[Changes, ...]:
    """One change of each axis, all combined, the last axis fastest; SpecError beyond MOST."""
    size = int(np.prod([len(axis) for axis in axes], dtype=object))
    if size > MOST:
        raise SpecError(
            f"{field}: {size:,} pictures of a person are more than {MOST}; ask for fewer values."
        )
    return tuple({one.attribute: one for one in row} for row in product(*axes))


def label_of(changes: Changes) -> str:
    """What was asked, in words: `age=+20, expression=smile`."""
    return ", ".join(one.label for one in changes.values())


def unread(asked: Mapping[str, float], scores: Scores, index: int = 0) -> Iterator[str]:
    """The attributes that the scorer does not read as asked in picture `index`.

    Classes must be read to the letter, numbers within OFF of their range; what the scorer does not
    read at all is not judged.
    """
    for name, value in asked.items():
        if name in scores.values and abs(float(scores.values[name][index]) - value) > slack(name):
            yield name


def slack(name: str) -> float:
    """How far an attribute may be read from what was asked, in its unit."""
    entry = BY_NAME[name]
    return 0.0 if entry.kind == "class" else OFF * (entry.high - entry.low)


def written(asked: Mapping[str, float]) -> str:
    """What changes came to for a person, as JSON: `{"age": 53.2, "expression": "smile"}`."""
    return json.dumps({name: shown(name, value) for name, value in asked.items()})


def shown(name: str, value: float) -> float | str:
    """A value for people: rounded, or the name of a class."""
    entry = BY_NAME[name]
    return entry.classes[int(value)] if entry.kind == "class" else round(value, 3)
