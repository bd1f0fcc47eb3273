"""Count faces by the bins of attributes, all in one pass."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.attributes.bins import Bin, parse_bins
from pipeline.attributes.taxonomy import presets
from pipeline.errors import SpecError, suggestion
from pipeline.sampling.targets import named_in

OUTSIDE = "outside"
"""Stands beside the bins, for faces in none of them: other values, and none at all."""

Facets = Sequence[str] | Mapping[str, str | Sequence[str] | None]
"""Names of attributes; or name -> labels of bins, the name of a preset, or None: the usual bins."""


def bins_of(facets: Facets) -> dict[str, tuple[Bin, ...]]:
    """The bins to count, by attribute; SpecError for what cannot be meant."""
    if isinstance(facets, str):
        facets = [facets]
    asked = facets if isinstance(facets, Mapping) else dict.fromkeys(facets)
    return {name: _bins(name, value) for name, value in asked.items()}


def counting(bins: Mapping[str, Sequence[Bin]]) -> str:
    """The SQL that counts: a column for all faces, then one for each bin, in their order."""
    every = [one for some in bins.values() for one in some]
    return ", ".join(["count(*)", *(f"count(*) FILTER ({_inside(one)})" for one in every)])


def counted(bins: Mapping[str, Sequence[Bin]], row: Sequence[int]) -> dict[str, dict[str, int]]:
    """The counts in a row that `counting` made: attribute -> bin, or OUTSIDE -> faces."""
    total, *numbers = row
    left = iter(numbers)
    found = {}
    for name, some in bins.items():
        counts = {one.label: int(next(left)) for one in some}
        found[name] = counts | {OUTSIDE: int(total) - sum(counts.values())}
    return found


def _bins(name: str, value: Any) -> tuple[Bin, ...]:
    named_in("facets", name)
    known = presets(name)
    if value is None:
        value = "uniform"
    if isinstance(value, str):
        if value not in known:
            mend = suggestion(value, known, f"write one of {', '.join(known)}, or a list of bins")
            raise SpecError(f"facets.{name}: {value!r} is no preset; {mend}")
        value = known[value]
    try:
        return parse_bins(name, [str(label) for label in value])
    except SpecError as error:
        raise SpecError(f"facets.{error}") from None


def _inside(one: Bin) -> str:
    """The condition for a value to lie in a bin, as `bin_index` has it."""
    column = f'"{one.attribute}"'
    if one.classes:
        return f"{column} IN ({', '.join(repr(name) for name in sorted(one.classes))})"
    # As doubles: the column's 32 bits must not round the edges of the bins.
    value, low, high = f"{column}::DOUBLE", f"{one.low!r}::DOUBLE", f"{one.high!r}::DOUBLE"
    return f"{value} >= {low} AND {value} {'<=' if one.closed else '<'} {high}"
