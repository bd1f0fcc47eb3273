"""Refuse conditions of strangers that hold more than comparisons and functions of small cost."""

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

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
        *("+", "-", "*", "/", "//", "%", "^", "**"),
        *("~~", "!~~", "~~*", "!~~*", "~~~"),
        *("abs", "ceil", "ceiling", "floor", "round", "trunc", "sign", "sqrt"),
        *("ln", "log", "log2", "log10", "exp", "pow", "power", "mod", "pi"),
        *("sin", "cos", "tan", "asin", "acos", "atan", "atan2", "degrees", "radians"),
        *("isnan", "isinf", "isfinite", "greatest", "least"),
        *("lower", "upper", "length", "len", "strlen", "trim", "ltrim", "rtrim"),
        *("contains", "starts_with", "ends_with", "prefix", "suffix"),
        *("substr", "substring", "left", "right", "hash"),
        *("regexp_matches", "regexp_full_match"),
        *("list_contains", "list_has", "list_position", "array_contains"),
        *("list_extract", "array_extract", "struct_extract"),
        *("list_min", "list_max", "list_sum", "list_avg"),
        *("if", "ifnull", "nullif"),
    }
)
"""What conditions over rows of faces need. None makes much of little, as repeat() and range() do,
and none takes time out of proportion to the values it is given."""

_INTO_LISTS = frozenset(
    name for name in _FUNCTIONS if name.startswith(("list_", "array_")) or name in ("len", "length")
)
"""Of these, those that take a list and give one value."""


def check_length(where: str) -> None:
    """SpecError for a condition that is too long to be read."""
    if len(where) > _MOST_LETTERS:
        raise SpecError(
            f"where: is {len(where):,} characters long, and {_MOST_LETTERS:,} are read; shorten it"
        )


def check_plain(tree: Any, where: str, schema: pa.Schema) -> None:
    """SpecError for a condition that holds more than comparisons and functions of small cost.

    tree: what `json_serialize_sql` makes of it. Nothing has been evaluated yet: DuckDB works out
    constants, and answers a SELECT in brackets, even where it is asked about no row.
    schema: the columns. Those that hold lists may only be looked into: a few hundred additions of
    lists take more memory than there is.
    """
    lists = {field.name.lower() for field in schema if pa.types.is_list(field.type)}
    for node, holder in _parts(tree):
        kind = node.get("class", "CONSTANT")
        if kind not in _PARTS:
            what = {"SUBQUERY": "SELECT", "STAR": "*"}.get(kind, str(kind).lower())
            raise SpecError(
                f"where: {where!r} holds a {what}, and a condition compares values of one face; "
                "write it with comparisons, AND, OR, IN, BETWEEN and LIKE"
            )
        if kind == "FUNCTION":
            _check_function(node, where)
        if kind == "COLUMN_REF" and not _looks_into(holder):
            named = [name for name in node["column_names"] if name.lower() in lists]
            if named:
                raise SpecError(
                    f"where: {where!r} takes the list {named[0]} as a whole; look into it, as by "
                    f"{named[0]}[1] or list_max({named[0]})"
                )


def _parts(tree: Any) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Every object in a tree of JSON, and the expression that it stands in, empty for the first."""
    waiting: list[tuple[Any, Mapping[str, Any]]] = [(tree, {})]
    while waiting:
        node, holder = waiting.pop()
        if isinstance(node, dict):
            yield node, holder
            holder = node if "class" in node else holder
            waiting += ((child, holder) for child in node.values())
        elif isinstance(node, list):
            waiting += ((child, holder) for child in node)


def _looks_into(holder: Mapping[str, Any]) -> bool:
    """Whether an expression makes of a list something of small size."""
    if holder.get("class") == "FUNCTION":
        return str(holder["function_name"]).lower() in _INTO_LISTS
    return holder.get("type") in ("ARRAY_EXTRACT", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL")


def _check_function(node: Mapping[str, Any], where: str) -> None:
    name = str(node["function_name"])
    if name.lower() not in _FUNCTIONS or node.get("schema") or node.get("catalog"):
        words = [function for function in _FUNCTIONS if function.isidentifier()]
        mend = suggestion(name, sorted(words), "compare columns with values")
        raise SpecError(f"where: {where!r} calls {name}, which is not offered here; {mend}")
