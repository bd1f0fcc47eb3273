"""Answer one SELECT over a catalog's one table, `faces`, and refuse whatever is none."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.catalog.condition import nodes, reason_of
from pipeline.catalog.dataset import TABLE, database_of
from pipeline.catalog.local_file import whole_file
from pipeline.catalog.manifest import in_blocks
from pipeline.catalog.pruning import Range, ranges_of
from pipeline.catalog.read import Catalog
from pipeline.errors import SpecError

_BATCH = 4096
_MEND = (
    f"write one SELECT over the table {TABLE}, such as "
    f"SELECT skin_tone, count(*) FROM {TABLE} GROUP BY 1"
)
_NODES = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
_SOURCES = {"BASE_TABLE", "SUBQUERY", "JOIN", "EMPTY", "EXPRESSION_LIST", "TABLE_FUNCTION"}
_FUNCTIONS = {"unnest", "range", "generate_series"}


@contextmanager
def query(catalog: Catalog, sql: str) -> Iterator[pa.RecordBatchReader]:
    """The answer to a SELECT (DuckDB) over the table `faces`, a row an asset, to be read once.

    Only the columns and row groups that it needs are read; it can reach no file, no network and no
    other table. Memory is bounded: what does not fit goes to the temporary folder.

    Raises SpecError for anything but one SELECT over `faces`, and where it fails on the values.
    """
    try:
        with closing(duckdb.connect()) as parser:
            ranges = _ranges(check_select(parser, sql), catalog)
        with database_of(catalog, ranges=ranges) as database:
            relation = database.sql(sql)
            twice = [name for name in relation.columns if relation.columns.count(name) > 1]
            if twice:
                raise SpecError(
                    f"sql: two columns of the answer are named {twice[0]!r}; name one otherwise, "
                    "by AS"
                )
            yield relation.to_arrow_reader(_BATCH)
    except (duckdb.Error, pa.ArrowException) as error:
        raise SpecError(f"sql: {sql!r} cannot be answered ({reason_of(error)}); {_MEND}") from error


def check_answer_file(path: Path) -> None:
    """SpecError for a file that `write_answer` does not write."""
    if path.suffix.lower() != ".parquet":
        raise SpecError(f"to: {path} does not end in .parquet, the format that is written; name it")


def write_answer(answer: pa.RecordBatchReader, path: Path) -> int:
    """Write an answer to a Parquet file that appears whole or not at all; its number of rows."""
    rows = 0
    with (
        whole_file(path, "query again") as hidden,
        pq.ParquetWriter(str(hidden), answer.schema, compression="zstd") as writer,
    ):
        for table in in_blocks(pa.Table.from_batches([batch]) for batch in answer):
            writer.write_table(table)
            rows += table.num_rows
    return rows


def check_select(database: duckdb.DuckDBPyConnection, sql: str) -> dict[str, Any]:
    """The parsed statement, as `json_serialize_sql` has it; nothing is run.

    Raises SpecError where it is not one SELECT over `faces` alone, duckdb.Error for wrong grammar.
    """
    kinds = [statement.type.name for statement in database.extract_statements(sql)]
    if len(kinds) != 1:
        found = "holds no statement" if not kinds else f"holds {len(kinds)} statements"
        raise SpecError(f"sql: {sql!r} {found}; {_MEND}")
    with database.cursor() as cursor:
        ((answer,),) = cursor.execute("SELECT json_serialize_sql($sql)", {"sql": sql}).fetchall()
    tree = json.loads(answer)
    if kinds != ["SELECT"] or tree["error"]:
        kind = "PIVOT" if kinds == ["MULTI"] else kinds[0].replace("_", " ")
        raise SpecError(f"sql: {sql!r} is no SELECT but {kind}; {_MEND}")
    every = list(nodes(tree))
    named = {entry["key"].lower() for node in every for entry in _named_parts(node)} | {TABLE}
    for node in every:
        if fault := _fault(node, named):
            raise SpecError(f"sql: {sql!r} {fault}; {_MEND}")
    statement: dict[str, Any] = tree["statements"][0]["node"]
    return statement


def _ranges(statement: dict[str, Any], catalog: Catalog) -> list[Range]:
    """The ranges outside of which no face counts; none unless it reads `faces` once, plainly."""
    read = [node for node in nodes(statement) if node.get("type") == "BASE_TABLE"]
    source = statement.get("from_table", {})
    plain = source.get("type") == "BASE_TABLE" and not source["column_name_alias"]
    if len(read) != 1 or not plain or not statement["where_clause"]:
        return []
    return ranges_of(statement["where_clause"], catalog.schema())


def _fault(node: dict[str, Any], named: set[str]) -> str:
    """What a part of a parsed statement does that it may not; empty where it is sound."""
    kind = str(node.get("type", ""))
    if kind.endswith("_NODE") and kind not in _NODES:
        return f"holds {kind.removesuffix('_NODE').replace('_', ' ')}"
    if not {"alias", "sample"} <= node.keys() or "class" in node:
        return ""  # No table, nor anything that stands for one.
    if kind not in _SOURCES:
        return f"asks for {kind.removesuffix('_REF').replace('_', ' ')}"
    if kind == "TABLE_FUNCTION":
        function = str(node["function"].get("function_name"))
        return "" if function.lower() in _FUNCTIONS else f"calls {function}"
    if kind == "BASE_TABLE":
        path = [node["catalog_name"], node["schema_name"], node["table_name"]]
        table = ".".join(part for part in path if part)
        return "" if table.lower() in named else f"names the table {table!r}"
    return ""


def _named_parts(node: dict[str, Any]) -> list[dict[str, Any]]:
    """What a statement names by WITH."""
    parts: list[dict[str, Any]] = node.get("cte_map", {}).get("map", [])
    return parts
