"""Refuse conditions of strangers that hold more than comparisons and functions of small cost."""

from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.errors import SpecError, suggestion

_MOST_LETTERS = 4_000

_PARTS = frozenset(
    {
        *("CONSTANT", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "BETWEEN"),
        *("OPERATOR", "CASE", "CAST", "TYPE", "FUNCTION"),
    }
)

_FUNCTIONS = frozenset(
    {
        *("+", "-", "*", "/", "//", "%", "^", "**", "||"),
        *("~~", "!~~", "~~*", "!~~*", "~~~"),
        *("abs", "ceil", "ceiling", "floor", "round", "trunc", "sign", "sqrt"),
        *("ln", "log", "log2", "log10", "exp", "pow", "power", "mod", "pi"),
        *("sin", "cos", "tan", "asin", "acos", "atan", "atan2", "degrees", "radians"),
        *("isnan", "isinf", "isfinite", "greatest", "least"),
        *("lower", "upper", "length", "len", "strlen", "trim", "ltrim", "rtrim"),
        *("contains", "starts_with", "ends_with", "prefix", "suffix"),
        *("substr", "substring", "left", "right", "concat", "hash"),
        *("regexp_matches", "regexp_full_match"),
        *("list_contains", "list_has", "list_position", "array_contains"),
        *("list_extract", "array_extract", "struct_extract"),
        *("list_min", "list_max", "list_sum", "list_avg"),
        *("if", "ifnull", "nullif"),
    }
)
"""What conditions over rows of faces need. None makes much of little, as repeat() and range() do,
and none takes time out of proportion to the values it is given."""


def check_length(where: str) -> None:
    """SpecError for a condition that is too long to be read."""
    if len(where) > _MOST_LETTERS:
        raise SpecError(
            f"where: is {len(where):,} characters long, and {_MOST_LETTERS:,} are read; shorten it"
        )


def check_plain(parts: Iterable[Mapping[str, Any]], where: str) -> None:
    """SpecError for a condition that holds more than comparisons and functions of small cost.

    parts: every object of what `json_serialize_sql` makes of it. Nothing has been evaluated yet:
    DuckDB works out constants, and answers a SELECT in brackets, even where it is asked about no
    row.
    """
    for node in parts:
        kind = node.get("class", "CONSTANT")
        if kind not in _PARTS:
            what = {"SUBQUERY": "SELECT", "STAR": "*"}.get(kind, str(kind).lower())
            raise SpecError(
                f"where: {where!r} holds a {what}, and a condition compares values of one face; "
                "write it with comparisons, AND, OR, IN, BETWEEN and LIKE"
            )
        if kind == "FUNCTION":
            _check_function(node, where)


def _check_function(node: Mapping[str, Any], where: str) -> None:
    name = str(node["function_name"])
    if name.lower() not in _FUNCTIONS or node.get("schema") or node.get("catalog"):
        words = [function for function in _FUNCTIONS if function.isidentifier()]
        mend = suggestion(name, sorted(words), "compare columns with values")
        raise SpecError(f"where: {where!r} calls {name}, which is not offered here; {mend}")
