"""Read a population table, as a census gives it: a CSV with a column an attribute, a row a cell.

    age,gender_presentation,count
    18-29,feminine,1204
    18-29,masculine,1187

Beside the attributes stands `share` or `count`; either is taken in proportion to its sum.
"""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.bins import Bin, attribute_named, overlap, parse_bin
from pipeline.attributes.taxonomy import BY_NAME
from pipeline.errors import SpecError

TABLE = "table"
MAX_CELLS = 100_000
_MOST_BYTES = 1 << 24
_MOST = 1e15
_WEIGHTS = ("share", "count")


@dataclass(frozen=True)
class Population:
    """How often every cell of some attributes occurs.

    bins: attribute -> its bins: those that occur; numbers ascending, classes as they come.
    shares: float64 [bins of the first attribute, ...], summing to 1; 0 where no row names the cell.
    text: the table as CSV, however it was quoted, spaced or its lines ended.
    """

    bins: Mapping[str, tuple[Bin, ...]]
    shares: NDArray[np.float64]
    text: str


def with_population(balance: Any, folder: Path) -> Any:
    """The spec's `balance` with the table's text in place of its file's name.

    Args:
        balance: as the spec's file has it.
        folder: to which the name is relative: where the spec's file lies.

    Raises:
        SpecError: the file cannot be read or holds no such table; names it, the line and the mend.
    """
    place = balance.get(TABLE) if isinstance(balance, dict) else None
    if not isinstance(place, str) or "\n" in place:
        return balance
    return balance | {TABLE: read_population(folder / place).text}


def read_population(path: Path) -> Population:
    """Read a CSV file.

    Raises:
        SpecError: it cannot be read or holds no such table; names file, line, column and mend.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        text = data.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SpecError(
            f"balance.{TABLE}: {path} cannot be read ({reason}); give a CSV file."
        ) from None
    if len(data) > _MOST_BYTES:
        raise SpecError(f"balance.{TABLE}: {path} is too large; give at most 16 MiB.")
    return parse_population(text, str(path))


def parse_population(text: str, source: str = f"balance.{TABLE}") -> Population:
    """Read a table's text.

    Args:
        text: the CSV.
        source: where it comes from, for the errors.

    Raises:
        SpecError: the first thing in it that cannot be meant; names source, line, column and mend.
    """
    lines = _lines(text, source)
    if not lines:
        raise SpecError(f"{source}: is empty; start with a line of column names.")
    (_, head), body = lines[0], lines[1:]
    weight = _check_head(head, source)
    if not body:
        raise SpecError(f"{source}: has no rows; give one for every cell.")
    for number, row in body:
        if len(row) != len(head):
            raise SpecError(
                f"{source}, line {number}: {len(row)} values stand under {len(head)} columns; "
                "write one for each (decimals with a point)."
            )
    bins: dict[str, tuple[Bin, ...]] = {}
    index = []
    for column, name in enumerate(head):
        if name == weight:
            continue
        labels = [row[column] for _, row in body]
        bins[name] = _column(name, labels, [number for number, _ in body], source)
        place = {one.label: i for i, one in enumerate(bins[name])}
        index.append([place[label] for label in labels])
    shape = tuple(len(some) for some in bins.values())
    if math.prod(shape) > MAX_CELLS:
        raise SpecError(
            f"{source}: {math.prod(shape):,} cells are more than {MAX_CELLS:,}; "
            "use fewer bins or columns."
        )
    shares = np.zeros(shape)
    seen: dict[tuple[int, ...], int] = {}
    at = head.index(weight)
    for cell, (number, row) in zip(zip(*index, strict=True), body, strict=True):
        if cell in seen:
            raise SpecError(
                f"{source}, line {number}: repeats the cell of line {seen[cell]}; "
                "add the two up in one row."
            )
        seen[cell] = number
        shares[cell] = _weight(row[at], f"{source}, line {number}, column {weight}")
    total = float(shares.sum())
    if total == 0:
        raise SpecError(f"{source}, column {weight}: adds up to 0; give some row a number above 0.")
    return Population(bins, shares / total, _csv([head, *(row for _, row in body)]))


def _lines(text: str, source: str) -> list[tuple[int, list[str]]]:
    """The rows that are not blank, each with its line's number, values without outer spaces."""
    reader = csv.reader(io.StringIO(text, newline=None), skipinitialspace=True, strict=True)
    try:
        rows = [(reader.line_num, [value.strip() for value in row]) for row in reader]
    except csv.Error as error:
        raise SpecError(f"{source}, line {reader.line_num}: is not CSV ({error}).") from None
    return [(number, row) for number, row in rows if any(row)]


def _check_head(head: Sequence[str], source: str) -> str:
    """The name of the column of shares or counts."""
    if len(head) == 1 and any(mark in head[0] for mark in ";\t"):
        raise SpecError(f"{source}, line 1: has one column only; separate columns with commas.")
    for column, name in enumerate(head):
        if name in head[:column]:
            raise SpecError(f"{source}, line 1: column '{name}' stands twice; remove one.")
        if name not in _WEIGHTS:
            try:
                attribute_named(name)
            except SpecError as error:
                raise SpecError(f"{source}, line 1: {error}") from None
    weights = [name for name in head if name in _WEIGHTS]
    if len(weights) != 1:
        raise SpecError(
            f"{source}, line 1: needs one column {' or '.join(_WEIGHTS)}, and has "
            f"{'both; remove one' if weights else 'none; add it'}."
        )
    if len(head) == 1:
        raise SpecError(f"{source}, line 1: names no attribute; add a column for one, as age.")
    return weights[0]


def _column(
    name: str, labels: Sequence[str], numbers: Sequence[int], source: str
) -> tuple[Bin, ...]:
    """The bins of one attribute, as its column names them."""
    first: dict[str, int] = {}
    for label, number in zip(labels, numbers, strict=True):
        first.setdefault(label, number)
    bins: list[Bin] = []
    for label, number in first.items():
        try:
            bins.append(parse_bin(name, label))
        except SpecError as error:
            raise SpecError(f"{source}, line {number}, column {error}") from None
    if BY_NAME[name].kind == "number":
        bins.sort(key=lambda one: (one.low, one.high))
        pairs = list(pairwise(bins))
    else:
        # More bins than classes cannot but overlap: there are few pairs to look at.
        few = bins[: len(BY_NAME[name].classes) + 1]
        pairs = [(one, other) for i, other in enumerate(few) for one in few[:i]]
    for one, other in pairs:
        if overlap(one, other):
            line = max(first[one.label], first[other.label])
            raise SpecError(
                f"{source}, line {line}, column {name}: bins '{one.label}' and '{other.label}' "
                "overlap; every value may lie in one bin only, so change one of them."
            )
    return tuple(bins)


def _weight(value: str, where: str) -> float:
    try:
        number = float(value.removesuffix("%"))
    except ValueError:
        number = math.nan
    if not 0 <= number <= _MOST:
        raise SpecError(
            f"{where}: '{value}' is no share or count; write a number from 0, such as 12.5 or 1204."
        )
    return number


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
