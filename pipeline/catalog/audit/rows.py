"""Hold every row against the order: the slot it fills, the cell it lies in, the limits it keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.attributes.bins import Bin, bin_index, bin_probability
from pipeline.attributes.taxonomy import BY_NAME
from pipeline.catalog.audit.findings import Findings
from pipeline.catalog.audit.ordered import Ordered
from pipeline.catalog.manifest import QUALITIES

_ROUNDING = 1e-5
"""How far a confidence may lie from the product of its probabilities: both are float32."""


@dataclass(frozen=True)
class Counted:
    """Where a batch's rows belong: int64 [B] each.

    filed: the cell by the column `cell`, -1 for one that is none. read: the cell by the perceived
    values, -1 where they lie in none. confidence: float64 [B].
    """

    filed: NDArray[np.int64]
    read: NDArray[np.int64]
    confidence: NDArray[np.float64]


class RowCheck:
    """Checks batches of rows, all in `schema_of` the order."""

    def __init__(self, ordered: Ordered, findings: Findings) -> None:
        self._ordered, self._findings = ordered, findings
        self._labels = pa.array([*ordered.labels, None], pa.string())
        self._bins = [
            pa.array([*axis.labels, None], pa.string()) for axis in ordered.spec.target.axes
        ]

    def check(self, rows: pa.RecordBatch) -> Counted:
        """Add a finding for all that is wrong in these rows, and count them."""
        names = rows.column("asset_id").to_pylist()
        slots = whole(rows, "slot")
        cells = self._ordered.slots.cells_of(slots)
        filed = whole(rows, "cell")
        filed[(filed < 0) | (filed >= self._ordered.quotas.size)] = -1
        self._check_order(rows, names, slots, cells)
        self._check_labels(rows, names, cells)
        read = self._check_readings(rows, names, cells)
        confidence = self._check_confidence(rows, names, cells)
        self._check_limits(rows, names, confidence)
        return Counted(filed, read, confidence)

    def _check_order(
        self,
        rows: pa.RecordBatch,
        names: Sequence[str | None],
        slots: NDArray[np.int64],
        cells: NDArray[np.int64],
    ) -> None:
        """The columns that follow from the slot and the spec alone."""
        spec = self._ordered.spec
        self._findings.add_rows(
            "rows",
            cells < 0,
            lambda i: (_asset(names, i), f"a slot from 0 to {spec.count - 1}", f"slot {slots[i]}"),
        )
        known = cells >= 0
        wanted = [self._ordered.asset(slot) for slot in slots.tolist()]
        other = np.array([a != b for a, b in zip(names, wanted, strict=True)], bool)
        self._findings.add_rows(
            "rows",
            known & other,
            lambda i: (f"slot {slots[i]}", f"asset {wanted[i]}", _asset(names, i)),
        )
        self._compare(rows, names, "shard", slots // spec.shard_size, known)
        self._compare(rows, names, "cell", cells, known)
        size = spec.image.size
        for column, value in (("seed", spec.seed), ("width", size), ("height", size)):
            self._compare(rows, names, column, np.full(len(names), value, np.int64), known | True)
        attempts = whole(rows, "attempt")
        self._findings.add_rows(
            "rows",
            (attempts < 0) | (attempts >= spec.max_attempts),
            lambda i: (
                _asset(names, i),
                f"an attempt from 0 to {spec.max_attempts - 1}",
                f"attempt {attempts[i]}",
            ),
        )
        for column, text in (
            ("format", spec.image.format),
            ("generator_digest", self._ordered.generator_digest),
            ("scorer_digest", self._ordered.scorer_digest),
        ):
            self._compare_text(rows, names, column, pa.array([text] * len(names), pa.string()))

    def _check_labels(
        self, rows: pa.RecordBatch, names: Sequence[str | None], cells: NDArray[np.int64]
    ) -> None:
        """The columns that say the slot's cell in words."""
        known = np.where(cells < 0, self._ordered.quotas.size, cells)
        self._compare_text(
            rows, names, "cell_label", self._labels.take(pa.array(known, pa.int64()))
        )
        for i, axis in enumerate(self._ordered.spec.target.axes):
            places = np.where(cells < 0, len(axis.bins), self._ordered.bins[i][cells])
            wanted = self._bins[i].take(pa.array(places, pa.int64()))
            self._compare_text(rows, names, f"{axis.attribute}_bin", wanted)

    def _check_readings(
        self, rows: pa.RecordBatch, names: Sequence[str | None], cells: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """The perceived values against the ordered bins and `where`; the cell that they lie in."""
        target = self._ordered.spec.target
        read = np.zeros(len(cells), np.int64)
        inside = np.ones(len(cells), bool)
        for i, axis in enumerate(target.axes):
            index = bin_index(axis.bins, values_of(rows, axis.attribute))
            wanted = np.where(cells < 0, index, self._ordered.bins[i][cells])
            self._tell_reading(
                rows, names, axis.attribute, index != wanted, [axis.bins[j] for j in wanted]
            )
            inside &= index >= 0
            read = read * len(axis.bins) + index
        for name, bins in self._ordered.spec.limits.where.items():
            outside = bin_index(bins, values_of(rows, name)) < 0
            allowed = Bin(name, " or ".join(one.label for one in bins))
            self._tell_reading(rows, names, name, outside, [allowed] * len(cells))
        return np.where(inside, read, -1)

    def _tell_reading(
        self,
        rows: pa.RecordBatch,
        names: Sequence[str | None],
        attribute: str,
        wrong: NDArray[np.bool_],
        wanted: Sequence[Bin],
    ) -> None:
        values: Any = rows.column(attribute)
        self._findings.add_rows(
            "readings",
            wrong,
            lambda i: (
                _asset(names, i),
                f"{attribute} in {wanted[i].label}",
                f"{attribute} {_plain(values[i].as_py())}",
            ),
        )

    def _check_confidence(
        self, rows: pa.RecordBatch, names: Sequence[str | None], cells: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """The confidence against the probabilities of the ordered bins; as the row says it."""
        product = np.ones(len(cells))
        for i, axis in enumerate(self._ordered.spec.target.axes):
            given, has = probabilities_of(rows, axis.attribute)
            if has.any():
                odds = bin_probability(axis.bins, axis.attribute, given)
                chosen = odds[np.arange(len(cells)), self._ordered.bins[i][cells]]
                product *= np.where(has, np.minimum(1.0, chosen), 1.0)
        told = numbers_of(rows, "confidence")
        self._findings.add_rows(
            "readings",
            (cells >= 0) & ~(np.abs(told - product) <= _ROUNDING),
            lambda i: (
                _asset(names, i),
                f"confidence {product[i]:.6g}, of its probabilities",
                f"confidence {told[i]:.6g}",
            ),
        )
        return told

    def _check_limits(
        self,
        rows: pa.RecordBatch,
        names: Sequence[str | None],
        confidence: NDArray[np.float64],
    ) -> None:
        """The spec's limits on quality and confidence."""
        limits = self._ordered.spec.limits
        measures = {name: numbers_of(rows, name) for name in QUALITIES}
        measures["confidence"] = confidence
        for name, values in measures.items():
            low, high = limits.minimum.get(name, -np.inf), limits.maximum.get(name, np.inf)
            if low <= 0 and high >= 1:
                # It holds for every value; a scorer need not measure it.
                continue
            slack = _ROUNDING if name == "confidence" else 0.0
            keeps = (values >= low - slack) & (values <= high)
            bound = f"{name} {low:g} or more" if low > 0 else f"{name} {high:g} or less"
            self._findings.add_rows(
                "readings",
                ~keeps,
                lambda i, b=bound, n=name, v=values: (  # type: ignore[misc]
                    _asset(names, i),
                    b,
                    f"{n} {v[i]:.6g}",
                ),
            )

    def _compare(
        self,
        rows: pa.RecordBatch,
        names: Sequence[str | None],
        column: str,
        wanted: NDArray[np.int64],
        known: NDArray[np.bool_],
    ) -> None:
        found = whole(rows, column)
        self._findings.add_rows(
            "rows",
            known & (found != wanted),
            lambda i: (_asset(names, i), f"{column} {wanted[i]}", f"{column} {found[i]}"),
        )

    def _compare_text(
        self, rows: pa.RecordBatch, names: Sequence[str | None], column: str, wanted: Any
    ) -> None:
        found: Any = rows.column(column)
        same = pc.fill_null(pc.equal(found, wanted), pc.is_null(wanted))
        wrong = ~np.asarray(same.to_numpy(zero_copy_only=False), bool)
        self._findings.add_rows(
            "rows",
            wrong,
            lambda i: (
                _asset(names, i),
                f"{column} {_plain(wanted[i].as_py())}",
                f"{column} {_plain(found[i].as_py())}",
            ),
        )


def whole(rows: pa.RecordBatch, column: str) -> NDArray[np.int64]:
    """A column of whole numbers as int64 [B]; null, and what does not fit, is -1."""
    values: Any = rows.column(column)
    if pa.types.is_uint64(values.type):
        large = pc.greater(values, pa.scalar(2**63 - 1, pa.uint64()))
        values = pc.if_else(pc.fill_null(large, True), None, values)
    return np.array(pc.fill_null(values.cast(pa.int64()), -1), np.int64)


def numbers_of(rows: pa.RecordBatch, column: str) -> NDArray[np.float64]:
    """A column of numbers as float64 [B]; null is not a number."""
    values: Any = rows.column(column)
    return np.asarray(values.to_numpy(zero_copy_only=False), np.float64)


def values_of(rows: pa.RecordBatch, name: str) -> NDArray[np.generic]:
    """An attribute's values as bins take them: float64 [B], or int64 class indices, -1 for none."""
    attribute = BY_NAME[name]
    if attribute.kind == "number":
        return numbers_of(rows, name)
    index: Any = pc.index_in(rows.column(name), value_set=pa.array(attribute.classes))
    return np.array(pc.fill_null(index, -1), np.int64)


def probabilities_of(
    rows: pa.RecordBatch, name: str
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """An attribute's probabilities, float64 [B, C], and which rows have them, bool [B]."""
    count = len(BY_NAME[name].classes)
    given = np.zeros((rows.num_rows, count))
    if not count:
        return given, np.zeros(rows.num_rows, bool)
    lists: Any = rows.column(f"{name}_p")
    has = np.asarray(pc.fill_null(pc.list_value_length(lists), 0)) == count
    flat = lists.filter(pa.array(has)).flatten().to_numpy(zero_copy_only=False)
    given[has] = flat.reshape(-1, count)
    return given, has


def _asset(names: Sequence[str | None], row: int) -> str:
    return f"asset {names[row]}"


def _plain(value: object) -> str:
    return "none" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
