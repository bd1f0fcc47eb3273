"""Say how a subset of a catalog is to be balanced, and sort its rows into the cells for that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml
from numpy.typing import NDArray

from pipeline.attributes.bins import Bin, bin_index
from pipeline.attributes.taxonomy import BY_NAME
from pipeline.catalog.read import Catalog
from pipeline.errors import SpecError
from pipeline.sampling.population import TABLE, with_population
from pipeline.sampling.targets import AT_LEAST, JOINT, Target, named_in, parse_balance

Method = Literal["quotas", "weights"]

Balanced = Mapping[str, Any] | Sequence[str]
"""What to balance: as a job spec's `balance`, where None stands for the bins that are usual in the
catalog; or as words of the command line, `["age", "skin_tone=monk"]`."""


@dataclass(frozen=True)
class Balance:
    """How a subset is to be balanced.

    target: the share of every cell.
    method: `quotas` takes whole numbers of faces from each cell; `weights` takes every face with a
    weight or, with a count, draws faces with chances in proportion to their weights.
    seed: 0 .. 2^63-1; another one, other faces.
    allow_short: take what there is where a cell has too few, and do not refuse.
    """

    target: Target
    method: Method = "quotas"
    seed: int = 0
    allow_short: bool = False


def read_balanced(texts: Sequence[str], folder: Path = Path()) -> dict[str, Any]:
    """Read what to balance from the command line: `age`, `age=fairface`, `age=[18-29,30-44]`.

    texts: each one or several of these, with commas between; what follows `=` is the YAML that
    would follow `balance.age:` in a job spec. folder: where a population table's path begins.

    Raises SpecError for what cannot be read.
    """
    asked: dict[str, Any] = {}
    for item in (item for text in texts for item in _items(text)):
        name, equals, text = (part.strip() for part in item.partition("="))
        if not name or (equals and not text):
            raise SpecError(
                f"balance: {item!r} cannot be read; write names of attributes with commas between, "
                "each with bins behind it if you like: age,skin_tone=[1-3,4-6,7-10]."
            )
        if name in asked:
            raise SpecError(f"balance.{name}: stands twice; remove it once.")
        try:
            asked[name] = yaml.safe_load(text) if equals else None
        except (yaml.YAMLError, ValueError):
            raise SpecError(
                f"balance.{name}: {text!r} is not YAML; write a preset or a list, such as "
                f"{name}=[BIN,BIN], in quotes for the shell."
            ) from None
    read: dict[str, Any] = with_population(asked, folder)
    return read


def balance_of(
    catalog: Catalog,
    balanced: Balanced,
    method: Method = "quotas",
    seed: int = 0,
    allow_short: bool = False,
) -> Balance:
    """How a subset of this catalog is to be balanced; SpecError for what cannot be meant."""
    if method not in get_args(Method):
        raise SpecError(f"method: {method!r} is none; choose {' or '.join(get_args(Method))}.")
    if not 0 <= seed < 2**63:
        raise SpecError(f"seed: {seed} is out of range; write a whole number from 0 to 2^63-1.")
    return Balance(target_of(catalog, balanced), method, seed, allow_short)


def target_of(catalog: Catalog, balanced: Balanced) -> Target:
    """The share of every cell that a subset of this catalog is to have.

    Without bins an attribute takes those of the catalog's own job if that balanced it, else its
    usual ones.

    Raises SpecError for an attribute or bins that cannot be meant or that nobody measured.
    """
    if not isinstance(balanced, Mapping):
        balanced = read_balanced([balanced] if isinstance(balanced, str) else balanced)
    whole = {}
    for name, value in balanced.items():
        if name in (JOINT, TABLE, AT_LEAST):
            whole[name] = value
            continue
        named_in("balance", name)
        whole[name] = _bins_of_job(catalog, name) if value is None else value
    target = parse_balance(whole)
    for axis in target.axes:
        if not _measured(catalog, axis.attribute):
            raise SpecError(
                f"balance.{axis.attribute}: is null in all rows of this catalog, because its "
                "scorer does not measure it; remove it."
            )
    return target


def cells_of_rows(target: Target, rows: pa.Table) -> NDArray[np.int32]:
    """The cell of each row by its attributes' values: a row-major index; -1 where no bin holds it.

    rows: with a column for each attribute of the target.
    """
    cell = np.zeros(rows.num_rows, np.int64)
    inside = np.ones(rows.num_rows, bool)
    for axis in target.axes:
        index = _bins_of_values(axis.bins, rows[axis.attribute])
        inside &= index >= 0
        cell = cell * len(axis.bins) + index
    return np.where(inside, cell, -1).astype(np.int32)


def _bins_of_values(bins: Sequence[Bin], column: "pa.ChunkedArray[Any]") -> NDArray[np.int64]:
    classes = BY_NAME[bins[0].attribute].classes
    if not bins[0].classes:
        return bin_index(bins, column.cast(pa.float64()).to_numpy())
    found = pc.index_in(column.combine_chunks(), value_set=pa.array(classes))
    codes = np.nan_to_num(found.to_numpy(zero_copy_only=False), nan=len(classes)).astype(np.int64)
    of_code: NDArray[np.int64] = np.append(bin_index(bins, np.arange(len(classes))), -1)[codes]
    return of_code


def _bins_of_job(catalog: Catalog, name: str) -> list[str]:
    """The bins of an attribute that the catalog's job ordered, or the usual ones."""
    cells = [cell for cell in catalog.document["cells"] if cell["asked"]]
    ordered = dict.fromkeys(str(cell["bins"][name]) for cell in cells if name in cell["bins"])
    return list(ordered or BY_NAME[name].usual_bins)


def _measured(catalog: Catalog, name: str) -> bool:
    """Whether some row has a value, as far as the Parquet footers tell."""
    for part in catalog.parts:
        footer = catalog.open_part(part).metadata
        for index in range(footer.num_row_groups):
            group = footer.row_group(index)
            chunks = (group.column(number) for number in range(group.num_columns))
            for chunk in (chunk for chunk in chunks if chunk.path_in_schema == name):
                known = chunk.statistics
                if known is None or known.null_count is None or known.null_count < group.num_rows:
                    return True
    return False


def _items(text: str) -> list[str]:
    """The parts of a text between commas that stand in no bracket and no quotes."""
    items, depth, quote = [""], 0, ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "[{":
            depth += 1
        elif letter in "]}":
            depth -= 1
        elif letter == "," and depth <= 0:
            items.append("")
            continue
        items[-1] += letter
    return items
