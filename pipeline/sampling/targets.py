"""Read what a job wants balanced: axes, their bins, and the share of every cell."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.bins import Bin, attribute_named, parse_bins
from pipeline.attributes.taxonomy import Attribute, presets
from pipeline.errors import SpecError
from pipeline.sampling.margins import margin
from pipeline.sampling.population import MAX_CELLS, TABLE, parse_population

JOINT = "joint"
AT_LEAST = "at_least"
CORRECT = "correct"
_WORDS = (JOINT, TABLE, AT_LEAST, CORRECT)


@dataclass(frozen=True)
class Axis:
    """One balanced attribute, its bins, and the share of each bin (they sum to 1)."""

    attribute: str
    bins: tuple[Bin, ...]
    shares: tuple[float, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The bins' labels, in order."""
        return tuple(one.label for one in self.bins)


@dataclass(frozen=True)
class Target:
    """The wanted share of every cell.

    shares: float64 [bins of axis 0, bins of axis 1, ...], summing to 1; one cell of share 1 when
    nothing is balanced. at_least: faces, in every cell with a share above 0. correct: the shares
    are meant of what faces truly are, and not of what they are perceived as.
    """

    axes: tuple[Axis, ...]
    shares: NDArray[np.float64]
    at_least: int = 0
    correct: bool = False

    def check_floor(self, count: int) -> None:
        """Make sure that `count` faces can fill every cell up to the floor.

        Raises:
            SpecError: they are too few; says how many it takes.
        """
        cells = int((self.shares > 0).sum())
        if count < cells * self.at_least:
            raise SpecError(
                f"balance.{AT_LEAST}: {self.at_least:,} faces in each of {cells:,} cells take "
                f"{cells * self.at_least:,} faces, and count is {count:,}; raise it to that, "
                "or lower the floor."
            )

    def bins_of(self, cell: int) -> tuple[Bin, ...]:
        """The bin of each axis that makes up a cell (row-major index)."""
        where = np.unravel_index(cell, self.shares.shape)
        return tuple(axis.bins[int(i)] for axis, i in zip(self.axes, where, strict=True))

    def label(self, cell: int) -> str:
        """A cell in words: `age=18-29, gender_presentation=feminine`."""
        bins = self.bins_of(cell)
        return ", ".join(f"{one.attribute}={one.label}" for one in bins) or "all"


def parse_balance(balance: Mapping[str, Any]) -> Target:
    """Read the spec's `balance`.

    Each attribute takes a preset (`uniform`, its usual bins, or `fairface`, `monk` ...; evenly), a
    list of bins (evenly) or a mapping of bin to percentage; attributes are independent of each
    other unless `joint`, a list of cells with a `share` each, says otherwise. `table`, the text of
    a population table, brings its own attributes, of which those beside it are independent.
    `at_least` is the floor under every cell that has a share; `correct` means true shares.

    Raises:
        SpecError: an attribute, bin or percentage that cannot be meant; names field and mend.
    """
    axes, shares = _shares(balance)
    correct = balance.get(CORRECT, False)
    if not isinstance(correct, bool):
        raise SpecError(f"balance.{CORRECT}: {correct!r} is neither true nor false; write one.")
    if correct and not axes:
        raise SpecError(f"balance.{CORRECT}: nothing is balanced; name an attribute, or remove it.")
    return Target(axes, shares, _floor(balance.get(AT_LEAST, 0)), correct)


def _shares(balance: Mapping[str, Any]) -> tuple[tuple[Axis, ...], NDArray[np.float64]]:
    """The axes and the share of every cell."""
    known, shares = _population(balance) if TABLE in balance else ((), np.ones(()))
    asked = {name: target for name, target in balance.items() if name not in _WORDS}
    axes = (*known, *(_axis(name, target, JOINT in balance) for name, target in asked.items()))
    cells = math.prod(len(axis.bins) for axis in axes)
    if cells > MAX_CELLS:
        raise SpecError(
            f"balance: {cells:,} cells are more than {MAX_CELLS:,}; use fewer bins or attributes."
        )
    if JOINT in balance:
        shares = _joint_shares(axes, balance[JOINT])
        return _with_margins({axis.attribute: axis.bins for axis in axes}, shares), shares
    for axis in axes[len(known) :]:
        shares = np.multiply.outer(shares, np.asarray(axis.shares))
    return axes, np.asarray(shares, np.float64)


def _population(balance: Mapping[str, Any]) -> tuple[tuple[Axis, ...], NDArray[np.float64]]:
    """The axes and shares of the table."""
    field, text = f"balance.{TABLE}", balance[TABLE]
    if JOINT in balance:
        raise SpecError(f"{field}: and a joint table contradict each other; remove one of them.")
    if not isinstance(text, str) or "\n" not in text:
        raise SpecError(
            f"{field}: {text!r} is no table; in a job's file name a CSV file, elsewhere give its "
            "text."
        )
    population = parse_population(text)
    for name in population.bins:
        if name in balance:
            raise SpecError(f"balance.{name}: stands in the table too; remove it here or there.")
    return _with_margins(population.bins, population.shares), population.shares


def _with_margins(
    bins: Mapping[str, tuple[Bin, ...]], shares: NDArray[np.float64]
) -> tuple[Axis, ...]:
    """Axes of a joint table, each bin with the share of all its cells."""
    axes = []
    for i, (name, some) in enumerate(bins.items()):
        axes.append(Axis(name, some, tuple(margin(shares, i).tolist())))
    return tuple(axes)


def _floor(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise SpecError(
            f"balance.{AT_LEAST}: {value!r} is no number of faces; write a whole number from 0."
        )
    return value


def _axis(name: str, target: Any, joint: bool) -> Axis:
    named_in("balance", name)
    try:
        if isinstance(target, Mapping):
            if joint:
                raise SpecError(
                    f"{name}: percentages and a joint table contradict each other; "
                    "give the attribute a list of bins, or remove 'joint'."
                )
            bins = parse_bins(name, [str(label) for label in target])
            return Axis(name, bins, _percentages(name, target))
        labels = target if isinstance(target, list) else _preset(name, target)
        bins = parse_bins(name, [str(label) for label in labels])
    except SpecError as error:
        raise SpecError(f"balance.{error}") from None
    return Axis(name, bins, (1 / len(bins),) * len(bins))


def _preset(name: str, target: Any) -> Sequence[str]:
    """The bins of a preset by its name."""
    known = presets(name)
    if isinstance(target, str) and target in known:
        return known[target]
    listed = " or ".join(f"'{preset}'" for preset in known)
    raise SpecError(
        f"{name}: {target!r} is no preset of {name}; write {listed}, a list of bins, "
        "or bins with percentages."
    )


def named_in(field: str, name: str) -> Attribute:
    """The taxonomy's entry for a name found in `field` of the spec.

    Raises:
        SpecError: no attribute has this name.
    """
    try:
        return attribute_named(name)
    except SpecError as error:
        raise SpecError(f"{field}: {error}") from None


def percentage(field: str, value: Any) -> float:
    """A percentage, `12`, `12.5` or `12.5%`, as a share in [0, 1].

    Raises:
        SpecError: it is no number from 0 to 100.
    """
    try:
        number = float(str(value).strip().removesuffix("%"))
    except ValueError:
        number = math.nan
    if isinstance(value, bool) or not 0 <= number <= 100:
        raise SpecError(f"{field}: {value!r} is no percentage; write a number from 0 to 100.")
    return number / 100


def _percentages(name: str, target: Mapping[Any, Any]) -> tuple[float, ...]:
    shares = tuple(percentage(f"{name}.{label}", value) for label, value in target.items())
    _check_sum(name, sum(shares))
    return tuple(share / sum(shares) for share in shares)


def _check_sum(name: str, total: float) -> None:
    if abs(total - 1) > 5e-4:
        raise SpecError(
            f"{name}: the percentages add up to {100 * total:g}, not 100; change one of them."
        )


def _joint_shares(axes: tuple[Axis, ...], rows: Any) -> NDArray[np.float64]:
    field = f"balance.{JOINT}"
    names = [axis.attribute for axis in axes]
    if not axes or not isinstance(rows, list) or not rows:
        raise SpecError(
            f"{field}: needs the balanced attributes beside it and a list of rows, "
            "each with a bin of every attribute and a 'share'."
        )
    shares = np.zeros(tuple(len(axis.bins) for axis in axes))
    seen = set()
    for i, row in enumerate(rows):
        if not isinstance(row, Mapping) or set(row) != {*names, "share"}:
            keys = ", ".join([*names, "share"])
            raise SpecError(f"{field}[{i}]: {row!r} must have exactly the keys {keys}.")
        index = []
        for axis in axes:
            label = str(row[axis.attribute])
            if label not in axis.labels:
                raise SpecError(
                    f"{field}[{i}].{axis.attribute}: '{label}' is not one of its bins "
                    f"{', '.join(axis.labels)}."
                )
            index.append(axis.labels.index(label))
        if tuple(index) in seen:
            raise SpecError(f"{field}[{i}]: this cell stands twice; remove one of the rows.")
        seen.add(tuple(index))
        shares[tuple(index)] = percentage(f"{field}[{i}].share", row["share"])
    _check_sum(field, float(shares.sum()))
    return np.asarray(shares / shares.sum())


def cells_of(target: Target) -> list[dict[str, str]]:
    """Every cell's bins by attribute, in row-major order."""
    names = [axis.attribute for axis in target.axes]
    labels = product(*(axis.labels for axis in target.axes))
    return [dict(zip(names, row, strict=True)) for row in labels]
