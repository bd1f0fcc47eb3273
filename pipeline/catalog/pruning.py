"""Tell by the statistics of row groups which of them a condition cannot hold in."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.catalog.read import Catalog, Part

_MOST = 2**64
_Bound = float | str | None


@dataclass(frozen=True)
class Range:
    """What a column's values must lie in, both ends included; an end that is None is open."""

    column: str
    low: _Bound
    high: _Bound


def ranges_of(condition: Any, schema: pa.Schema) -> list[Range]:
    """The ranges outside of which a condition cannot hold, one a column at most.

    condition: as `json_serialize_sql` of DuckDB parses it. What compares one column with a plain
    number or word, alone or joined by AND, tells a range; anything else tells none.
    """
    names = {name.lower(): name for name in schema.names}
    merged: dict[str, Range] = {}
    for name, low, high in _compared(condition):
        column = names.get(name.lower())
        if column is None or not _comparable(schema.field(column).type, low, high):
            continue
        known = merged.get(column, Range(column, None, None))
        if low is not None and (known.low is None or low > known.low):  # type: ignore[operator]
            known = Range(column, low, known.high)
        if high is not None and (known.high is None or high < known.high):  # type: ignore[operator]
            known = Range(column, known.low, high)
        merged[column] = known
    return list(merged.values())


def groups_that_may_match(catalog: Catalog, part: Part, ranges: Sequence[Range]) -> list[int]:
    """The numbers of a part's row groups in which rows may lie in all the ranges."""
    footer = catalog.open_part(part).metadata
    places = {footer.schema.column(i).path: i for i in range(footer.num_columns)}

    def may_match(index: int) -> bool:
        group = footer.row_group(index)
        return all(_may_hold(r, group.column(places[r.column]).statistics) for r in ranges)

    return [index for index in range(footer.num_row_groups) if may_match(index)]


def _may_hold(wanted: Range, known: Any) -> bool:
    if known is None or not known.has_min_max:
        return True
    low, high = wanted.low, wanted.high
    if isinstance(known.max, float) and high is None:
        return True  # In SQL NaN is greater than any number, and statistics do not know of it.
    if not isinstance(low, str) and low is not None:
        low = _beyond(low, -math.inf, known.max)
    if not isinstance(high, str) and high is not None:
        high = _beyond(high, math.inf, known.max)
    return not ((low is not None and known.max < low) or (high is not None and known.min > high))


def _beyond(end: float, way: float, value: float) -> float:
    """The next number after `end`: SQL may compare as float32, as doubles or exactly."""
    if isinstance(value, float):
        with np.errstate(over="ignore"):
            return float(np.nextafter(np.float32(end), np.float32(way)))
    return math.nextafter(end, way) if isinstance(end, float) else end


def _comparable(kind: pa.DataType, *ends: _Bound) -> bool:
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    words = pa.types.is_string(kind)
    return all(e is None or (words if isinstance(e, str) else number) for e in ends)


def _compared(node: Any) -> Iterator[tuple[str, _Bound, _Bound]]:
    """Columns that a condition compares, and the values that they must lie between."""
    kind = node.get("type") if isinstance(node, dict) else None
    if kind == "CONJUNCTION_AND":
        for child in node["children"]:
            yield from _compared(child)
    elif kind == "COMPARE_BETWEEN":
        ends = _literal(node["lower"]), _literal(node["upper"])
        yield from _between(node["input"], [ends[0]], [ends[1]])
    elif kind == "COMPARE_IN":
        column, *listed = node["children"]
        values = [_literal(child) for child in listed]
        yield from _between(column, values, values)
    elif kind == "COMPARE_EQUAL":
        for one, other in ((node["left"], node["right"]), (node["right"], node["left"])):
            yield from _between(one, [_literal(other)], [_literal(other)])
    elif kind in _GREATER or kind in _LESS:
        less, more = node["left"], node["right"]
        if kind in _GREATER:
            less, more = more, less
        yield from _between(more, [_literal(less)], [])
        yield from _between(less, [], [_literal(more)])


_GREATER = ("COMPARE_GREATERTHAN", "COMPARE_GREATERTHANOREQUALTO")
_LESS = ("COMPARE_LESSTHAN", "COMPARE_LESSTHANOREQUALTO")


def _between(
    column: Any, lows: Sequence[_Bound], highs: Sequence[_Bound]
) -> Iterator[tuple[str, _Bound, _Bound]]:
    """The range from the least to the greatest value, where all are known and it is a column's."""
    every = [*lows, *highs]
    if column.get("type") != "COLUMN_REF" or None in every:
        return
    if len({isinstance(value, str) for value in every}) == 1:
        yield column["column_names"][-1], _least(lows), _greatest(highs)


def _least(values: Iterable[Any]) -> _Bound:
    return min(values, default=None)


def _greatest(values: Iterable[Any]) -> _Bound:
    return max(values, default=None)


def _literal(node: Any) -> _Bound:
    """The number or word that a part of a condition is, or None."""
    if node.get("type") != "VALUE_CONSTANT" or "literal" not in node:
        return None
    kind, text = node["literal"].get("kind"), node["literal"].get("text")
    if kind == "STRING":
        return str(text)
    try:
        number = int(text) if kind == "INTEGER" else float(text) if kind == "NUMERIC" else None
        return number if number is not None and abs(number) < _MOST else None
    except (TypeError, ValueError):
        return None
