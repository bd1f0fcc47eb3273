"""Apply a reader's SQL condition to rows of a manifest."""

import json
import re
from collections.abc import Iterator
from typing import Any

import duckdb
import pyarrow as pa

from pipeline.catalog.limits import current_limits
from pipeline.catalog.plain import check_length, check_plain
from pipeline.catalog.pruning import Range, ranges_of
from pipeline.errors import SpecError

_EXAMPLE = "write a SQL condition over its columns, such as \"age >= 30 AND glasses = 'none'\""


class Condition:
    """A SQL condition over the manifest's columns, or none: then every row matches.

    database: a locked one: what the condition can reach, its writer can.
    columns: those of the manifest that it names. ranges: outside of which it cannot hold.

    Raises SpecError when it cannot be meant.
    """

    def __init__(
        self, database: duckdb.DuckDBPyConnection, where: str | None, schema: pa.Schema
    ) -> None:
        self._database, self._where = database, where
        self.columns: frozenset[str] = frozenset()
        self.ranges: list[Range] = []
        if where is not None:
            tree = self._tree_of(where, schema)
            self.columns = _columns_in(tree, where, schema)
            self.ranges = ranges_of(tree["statements"][0]["node"]["where_clause"], schema)

    @property
    def always(self) -> bool:
        """Whether it is none."""
        return self._where is None

    def matching(self, rows: pa.Table, columns: list[str]) -> pa.Table:
        """These columns of the rows that it holds for.

        rows: with at least `columns` and those that the condition names.
        """
        if self._where is None:
            return rows.select(columns)
        quoted = ", ".join(f'"{name}"' for name in columns)
        try:
            # A relation's filter parses one expression; no statement can hide in it.
            relation = self._database.from_arrow(rows).filter(self._where)
            found: pa.Table = relation.project(quoted).to_arrow_table()
        except duckdb.Error as error:
            raise refusal(self._where, error) from error
        return found

    def check_some(self, matched: int, rows: int) -> None:
        """SpecError where it holds for none of the manifest's rows."""
        if not matched:
            raise SpecError(f"where: {self._where!r} matches none of the {rows} faces; widen it")

    def _tree_of(self, where: str, schema: pa.Schema) -> Any:
        """How DuckDB reads it as a statement's, after trying it on an empty manifest."""
        if current_limits() is not None:
            check_length(where)
            check_plain(self._parsed(where), where, schema)
        try:
            empty = self._database.from_arrow(schema.empty_table())
            # Once more in brackets: DuckDB 1.5 overlooks what follows an expression, as LIMIT 1.
            empty.filter(where).filter(f"({where}\n)").fetchall()
        except duckdb.Error as error:
            raise refusal(where, error) from error
        return self._parsed(where)

    def _parsed(self, where: str) -> Any:
        """The statement that it is the condition of; nothing is evaluated."""
        try:
            ((answer,),) = self._database.execute(
                "SELECT json_serialize_sql($query)", {"query": f"SELECT 1 WHERE {where}"}
            ).fetchall()
            tree = json.loads(answer)
        except duckdb.Error as error:
            raise refusal(where, error) from error
        except RecursionError:
            raise SpecError(f"where: {where!r} is nested too deeply; {_EXAMPLE}") from None
        if tree["error"]:
            raise refusal(where, ValueError(tree["error_message"]))
        return tree


def _columns_in(tree: Any, where: str, schema: pa.Schema) -> frozenset[str]:
    """The manifest's columns that a condition names; SpecError for a SELECT in it."""
    named: set[str] = set()
    everything = False
    for node in nodes(tree):
        if node.get("class") == "SUBQUERY":
            raise SpecError(
                f"where: {where!r} holds a SELECT, and a condition sees one face at a time; "
                f"{_EXAMPLE}"
            )
        everything |= node.get("class") == "STAR"
        named.update(name.lower() for name in node.get("column_names", ()))
    return frozenset(name for name in schema.names if everything or name.lower() in named)


def nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Every object in a tree of JSON."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node


def refusal(where: str, error: Exception) -> SpecError:
    """The error of a condition that DuckDB cannot apply."""
    return SpecError(
        f"where: {where!r} cannot be applied to the manifest ({reason_of(error)}); {_EXAMPLE}"
    )


def reason_of(error: Exception) -> str:
    """What DuckDB says is wrong, as one sentence, without the query that it goes on with."""
    return " ".join(re.split(r"\sLINE \d+:", str(error), maxsplit=1)[0].split())
