"""Print rows of a manifest, or an answer to SQL: as a table to read, as JSON or as CSV."""

import csv
import json
import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, TextIO

import pyarrow as pa
from rich.table import Table
from rich.text import Text

from pipeline.errors import printable

_SHOWN_OF_LIST = 3


def rows_table(rows: pa.Table) -> Table:
    """Rows as a table for the screen: numbers to 4 digits, of lists the first few values."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for field in rows.schema:
        number = pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
        number = number or pa.types.is_decimal(field.type)
        justify = "right" if number else "left"
        table.add_column(Text(printable(field.name)), justify=justify, overflow="fold")  # type: ignore[arg-type]
    for row in zip(*(column.to_pylist() for column in rows.columns), strict=True):
        table.add_row(*(Text(_short(value)) for value in row))
    return table


def rows_shown(answer: pa.RecordBatchReader, most: int) -> tuple[Table, int, bool]:
    """The first rows of an answer as a table, how many they are, and whether there are more."""
    batches: list[pa.RecordBatch] = []
    rows = 0
    for batch in answer:
        batches.append(batch)
        rows += batch.num_rows
        if rows > most:
            break
    table = pa.Table.from_batches(batches, answer.schema).slice(0, most)
    return rows_table(table), table.num_rows, rows > most


def print_json(batches: Iterable[pa.RecordBatch], out: TextIO) -> None:
    """An array of objects, a row a line; what is no number is null."""
    comma = "["
    for batch in batches:
        for row in batch.to_pylist():
            out.write(f"{comma}\n{json.dumps(plain(row), ensure_ascii=False)}")
            comma = ","
    out.write("\n]\n" if comma == "," else "[]\n")


def print_csv(batches: Iterable[pa.RecordBatch], names: Iterable[str], out: TextIO) -> None:
    """A line of names, then a line a row; lists are written as JSON, nothing as nothing."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    for batch in batches:
        for row in batch.to_pylist():
            cells = (plain(value) for value in row.values())
            writer.writerow(json.dumps(c) if isinstance(c, list | dict) else c for c in cells)


def plain(value: Any) -> Any:
    """A value of Arrow as JSON can hold it, without NaN or infinity."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(value)


def _short(value: Any) -> str:
    value = plain(value)
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        more = ", …" if len(value) > _SHOWN_OF_LIST else ""
        return f"[{', '.join(map(_short, value[:_SHOWN_OF_LIST]))}{more}]"
    return printable(str(value))
