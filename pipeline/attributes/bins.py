"""Cut an attribute into bins: parse their labels, sort values and probabilities into them.

Labels: whole-unit attributes (`age`, `skin_tone`) take `18-29` (18 <= v < 30), `60+` and a single
`7`; other numbers take half-open ranges `-10..10`, `..10`, `10..`; classes take `short` or several
joined, `short+medium`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.taxonomy import BY_NAME, Attribute, names
from pipeline.errors import SpecError, suggestion

_NUMBER = r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)"
_RANGE = re.compile(rf"({_NUMBER})?\s*\.\.\s*({_NUMBER})?")
_WHOLE = re.compile(r"(\d+)(?:\s*(-)\s*(\d+)|\s*(\+))?")


@dataclass(frozen=True)
class Bin:
    """One bin of one attribute.

    Numbers lie in it when low <= v < high, or low <= v <= high where `closed` (the top of a closed
    range); classes when their name is in `classes`.
    """

    attribute: str
    label: str
    low: float = 0.0
    high: float = 0.0
    closed: bool = False
    classes: frozenset[str] = frozenset()


def attribute_named(name: str) -> Attribute:
    """The taxonomy's entry.

    Raises:
        SpecError: no attribute has this name.
    """
    if name in BY_NAME:
        return BY_NAME[name]
    mend = suggestion(name, BY_NAME, f"choose from {names()}.")
    raise SpecError(f"Attribute '{name}' is unknown; {mend}")


def parse_bin(attribute: str, label: str) -> Bin:
    """Read one bin label.

    Raises:
        SpecError: the attribute is unknown, or the label cannot be read, is empty or reaches
            outside the attribute's range.
    """
    entry = attribute_named(attribute)
    label = label.strip()
    if entry.kind == "class":
        return _class_bin(entry, label)
    return _whole_bin(entry, label) if entry.integer else _range_bin(entry, label)


def parse_bins(attribute: str, labels: Sequence[str]) -> tuple[Bin, ...]:
    """Read the bins of one attribute, in the order given.

    Raises:
        SpecError: no label is given, one cannot be read, or two bins overlap.
    """
    entry = attribute_named(attribute)
    if not labels:
        raise SpecError(
            f"{attribute}: the list of bins is empty; give some, such as {_usual(entry)}."
        )
    bins = tuple(parse_bin(attribute, label) for label in labels)
    for i, one in enumerate(bins):
        for other in bins[:i]:
            if overlap(one, other):
                raise SpecError(
                    f"{attribute}: bins '{other.label}' and '{one.label}' overlap; "
                    "every value may lie in one bin only, so change one of them."
                )
    return bins


def bin_index(bins: Sequence[Bin], values: NDArray[np.generic]) -> NDArray[np.int64]:
    """The bin of each value, -1 where none holds it.

    Args:
        bins: bins of one attribute that do not overlap.
        values: [B], numbers in the taxonomy's unit, or class indices (integers).
    """
    found = np.zeros(values.shape, np.int32)
    for i, one in enumerate(bins):
        if one.classes:
            classes = BY_NAME[one.attribute].classes
            inside = np.isin(values, [classes.index(name) for name in one.classes])
        else:
            v = values.astype(np.float64, copy=False)
            inside = (v >= one.low) & ((v <= one.high) if one.closed else (v < one.high))
        # A sum, since no value lies in two bins: many times faster than to assign where it does.
        found += inside * np.int32(i + 1)
    return found.astype(np.int64) - 1


def bin_probability(
    bins: Sequence[Bin], attribute: str, probabilities: NDArray[np.floating]
) -> NDArray[np.float64]:
    """The probability of each bin; rows sum to less than 1 where the bins leave gaps.

    Classes are summed; ordered bands (age, skin tone) count by the share of the band's width that
    lies in the bin.

    Args:
        bins: bins of `attribute`, which must be one with classes.
        attribute: its name.
        probabilities: [B, C], one column a class.

    Returns:
        float64 [B, len(bins)].
    """
    shares = np.array([_class_shares(one) for one in bins]).reshape(len(bins), -1)
    if shares.shape[1] != probabilities.shape[1]:
        raise ValueError(f"{attribute} has no {probabilities.shape[1]} classes")
    inside: NDArray[np.float64] = probabilities.astype(np.float64) @ shares.T
    return inside


def band_edges(entry: Attribute) -> NDArray[np.float64]:
    """The edges of a whole-unit attribute's bands: float64 [C + 1], in its unit."""
    return np.linspace(entry.low, entry.high + 1, len(entry.classes) + 1)


def _class_shares(one: Bin) -> NDArray[np.float64]:
    """How much of each class or band lies in the bin: float64 [C], 0..1."""
    entry = BY_NAME[one.attribute]
    if one.classes:
        return np.array([float(name in one.classes) for name in entry.classes])
    if not entry.classes:
        return np.zeros(0)
    edges = band_edges(entry)
    inside = np.minimum(edges[1:], one.high) - np.maximum(edges[:-1], one.low)
    shares: NDArray[np.float64] = np.clip(inside, 0, None) / np.diff(edges)
    return shares


def _class_bin(entry: Attribute, label: str) -> Bin:
    members = [part.strip() for part in label.split("+")]
    for member in members:
        if member not in entry.classes:
            raise SpecError(
                f"{entry.name}: '{member}' is not one of its classes; "
                f"choose from {', '.join(entry.classes)} (several are joined with +)."
            )
    return Bin(entry.name, label, classes=frozenset(members))


def _whole_bin(entry: Attribute, label: str) -> Bin:
    match = _WHOLE.fullmatch(label)
    if match is None:
        raise _unreadable(entry, label)
    low = float(match[1])
    last = float(match[3]) if match[2] else entry.high if match[4] else low
    _check_range(entry, label, low, last)
    if last < low:
        raise SpecError(
            f"{entry.name}: bin '{label}' runs backwards; write the smaller value first."
        )
    return Bin(entry.name, label, low, last + 1)


def _range_bin(entry: Attribute, label: str) -> Bin:
    match = _RANGE.fullmatch(label)
    if match is None or match[1] is match[2] is None:
        raise _unreadable(entry, label)
    low = entry.low if match[1] is None else float(match[1])
    high = entry.high if match[2] is None else float(match[2])
    _check_range(entry, label, low, high)
    if high <= low:
        raise SpecError(
            f"{entry.name}: bin '{label}' is empty; its end must be greater than its start."
        )
    return Bin(entry.name, label, low, high, closed=high == entry.high)


def _check_range(entry: Attribute, label: str, *ends: float) -> None:
    for end in ends:
        if not entry.low <= end <= entry.high:
            unit = f" {entry.unit}" if entry.unit else ""
            raise SpecError(
                f"{entry.name}: {end:g} in bin '{label}' is outside its range; "
                f"stay between {entry.low:g} and {entry.high:g}{unit}."
            )


def _unreadable(entry: Attribute, label: str) -> SpecError:
    forms = (
        f"'{entry.usual_bins[0]}', '7' or '7+'"
        if entry.integer
        else f"'{entry.usual_bins[0]}' (start..end, the end not included)"
    )
    return SpecError(f"{entry.name}: cannot read bin '{label}'; write it like {forms}.")


def _usual(entry: Attribute) -> str:
    return ", ".join(f"'{label}'" for label in entry.usual_bins)


def overlap(one: Bin, other: Bin) -> bool:
    """Whether a value can lie in both of two bins of one attribute."""
    if one.classes:
        return bool(one.classes & other.classes)
    return max(one.low, other.low) < min(one.high, other.high)
