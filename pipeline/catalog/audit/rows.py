"""Hold every row against the order: the slot it fills, the cell it lies in, the limits it keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipeline.attributes.bins import bin_index, bin_probability
from pipeline.attributes.taxonomy import BY_NAME
from pipeline.catalog.audit.findings import Findings
from pipeline.catalog.audit.ordered import Ordered
from pipeline.catalog.audit.variations import VariationCheck
from pipeline.catalog.manifest import QUALITIES

_ROUNDING = 1e-5
"""How far a confidence may lie from the product of its probabilities: both are float32."""


@dataclass(frozen=True)
class Counted:
    """Where a batch's rows belong: int64 [B] each.

    places: see `Ordered`; -1 where there is none. filed: the cell by the column `cell`, -1 for one
    that is none. read: the cell by the perceived values, by the slot for what variations change; -1
    where they lie in none. confidence: float64 [B].
    """

    places: NDArray[np.int64]
    filed: NDArray[np.int64]
    read: NDArray[np.int64]
    confidence: NDArray[np.float64]


@dataclass(frozen=True)
class _Batch:
    """Rows with the names, slots, places and ordered cells of each.

    cells: -1 where there is no such slot. places: -1 where there is none, or no such variation.
    """

    rows: pa.RecordBatch
    names: Sequence[str | None]
    slots: NDArray[np.int64]
    places: NDArray[np.int64]
    cells: NDArray[np.int64]

    def asset(self, row: int) -> str:
        return f"asset {self.names[row]}"


class RowCheck:
    """Checks batches of rows, all in `schema_of` the order."""

    def __init__(self, ordered: Ordered, findings: Findings) -> None:
        self._ordered, self._findings = ordered, findings
        self._variations = VariationCheck(ordered, findings)
        self._labels = pa.array([*ordered.labels, None], pa.string())
        self._bins = [
            pa.array([*axis.labels, None], pa.string()) for axis in ordered.spec.target.axes
        ]

    def check(self, rows: pa.RecordBatch) -> Counted:
        """Add a finding for all that is wrong in these rows, and count them."""
        slots = whole(rows, "slot")
        names = rows.column("asset_id").to_pylist()
        cells = self._ordered.slots.cells_of(slots)
        places = np.where(cells >= 0, slots, -1)
        if self._ordered.spec.varied:
            which = index_of(rows, "variation", self._ordered.spec.labels)
            inside = (cells >= 0) & (which >= 0)
            places = np.where(inside, slots * self._ordered.spec.per_person + which, -1)
        batch = _Batch(rows, names, slots, places, cells)
        self._check_names(batch)
        self._check_columns(batch)
        self._check_labels(batch)
        read = self._check_readings(batch)
        self._check_where(batch)
        confidence = self._check_confidence(batch)
        self._check_quality(batch, confidence)
        filed = whole(rows, "cell")
        filed[(filed < 0) | (filed >= self._ordered.quotas.size)] = -1
        if self._ordered.spec.varied:
            changed = self._ordered.spec.varied[0]
            self._variations.check(rows, places, {n: values_of(rows, n) for n in changed})
        return Counted(places, filed, read, confidence)

    def _check_names(self, batch: _Batch) -> None:
        """Slots that the job has, under the names that they must have."""
        last = self._ordered.spec.count - 1
        self._findings.add_rows(
            "rows",
            batch.cells < 0,
            lambda i: (batch.asset(i), f"a slot from 0 to {last}", f"slot {batch.slots[i]}"),
        )
        wanted = [self._ordered.asset(place) for place in batch.places.tolist()]
        other = np.array([a != b for a, b in zip(batch.names, wanted, strict=True)], bool)
        self._findings.add_rows(
            "rows",
            other & (batch.places >= 0),
            lambda i: (
                self._ordered.place_named(int(batch.places[i])),
                f"asset {wanted[i]}",
                batch.asset(i),
            ),
        )
        people = [
            self._ordered.person(slot) if cell >= 0 else None
            for slot, cell in zip(batch.slots.tolist(), batch.cells.tolist(), strict=True)
        ]
        self._compare_text(batch, "person_id", pa.array(people, pa.string()))

    def _check_columns(self, batch: _Batch) -> None:
        """The columns that follow from the slot and the spec alone."""
        spec, size = self._ordered.spec, self._ordered.spec.image.size
        known = batch.cells >= 0
        self._compare(batch, "shard", np.where(known, batch.slots // spec.shard_size, -1), known)
        self._compare(batch, "cell", batch.cells, known)
        everywhere = np.ones_like(known)
        for column, value in (("seed", spec.seed), ("width", size), ("height", size)):
            self._compare(batch, column, np.full_like(batch.slots, value), everywhere)
        attempts = whole(batch.rows, "attempt")
        self._findings.add_rows(
            "rows",
            (attempts < 0) | (attempts >= spec.max_attempts),
            lambda i: (
                batch.asset(i),
                f"an attempt from 0 to {spec.max_attempts - 1}",
                f"attempt {attempts[i]}",
            ),
        )
        for column, text in (
            ("format", spec.image.format),
            ("generator_digest", self._ordered.generator_digest),
            ("scorer_digest", self._ordered.scorer_digest),
        ):
            self._compare_text(batch, column, pa.array([text] * len(batch.slots), pa.string()))

    def _check_labels(self, batch: _Batch) -> None:
        """The columns that say the slot's cell in words."""
        cells = np.where(batch.cells < 0, self._ordered.quotas.size, batch.cells)
        self._compare_text(batch, "cell_label", self._labels.take(pa.array(cells, pa.int64())))
        for i, axis in enumerate(self._ordered.spec.target.axes):
            bins = np.where(batch.cells < 0, len(axis.bins), self._ordered.bins[i][batch.cells])
            wanted = self._bins[i].take(pa.array(bins, pa.int64()))
            self._compare_text(batch, f"{axis.attribute}_bin", wanted)

    def _check_readings(self, batch: _Batch) -> NDArray[np.int64]:
        """The perceived values against the ordered bins; the cell that they lie in, or -1."""
        read = np.zeros_like(batch.cells)
        inside = np.ones(len(batch.cells), bool)
        for i, axis in enumerate(self._ordered.spec.target.axes):
            index = bin_index(axis.bins, values_of(batch.rows, axis.attribute))
            wanted = np.where(batch.cells < 0, index, self._ordered.bins[i][batch.cells])
            if axis.attribute in self._ordered.spec.loose:
                index = wanted
            bins = [axis.labels[j] for j in wanted]
            self._tell_reading(batch, axis.attribute, index != wanted, bins)
            inside &= index >= 0
            read = read * len(axis.bins) + index
        return np.where(inside, read, -1)

    def _check_where(self, batch: _Batch) -> None:
        """The perceived values against the spec's `where`."""
        for name, bins in self._ordered.spec.limits.where.items():
            outside = bin_index(bins, values_of(batch.rows, name)) < 0
            allowed = " or ".join(one.label for one in bins)
            self._tell_reading(batch, name, outside, [allowed] * len(outside))

    def _tell_reading(
        self, batch: _Batch, attribute: str, wrong: NDArray[np.bool_], bins: Sequence[str]
    ) -> None:
        values: Any = batch.rows.column(attribute)
        self._findings.add_rows(
            "readings",
            wrong,
            lambda i: (
                batch.asset(i),
                f"{attribute} in {bins[i]}",
                f"{attribute} {_plain(values[i].as_py())}",
            ),
        )

    def _check_confidence(self, batch: _Batch) -> NDArray[np.float64]:
        """The confidence against the probabilities of the ordered bins; as the row says it."""
        product = np.ones(len(batch.cells))
        for i, axis in enumerate(self._ordered.spec.target.axes):
            if axis.attribute in self._ordered.spec.loose:
                continue
            given, has = probabilities_of(batch.rows, axis.attribute)
            if has.any():
                odds = bin_probability(axis.bins, axis.attribute, given)
                chosen = odds[np.arange(len(odds)), self._ordered.bins[i][batch.cells]]
                product *= np.where(has, np.minimum(1.0, chosen), 1.0)
        told = numbers_of(batch.rows, "confidence")
        self._findings.add_rows(
            "readings",
            (batch.cells >= 0) & ~(np.abs(told - product) <= _ROUNDING),
            lambda i: (
                batch.asset(i),
                f"confidence {product[i]:.6g}, of its probabilities",
                f"confidence {told[i]:.6g}",
            ),
        )
        return told

    def _check_quality(self, batch: _Batch, confidence: NDArray[np.float64]) -> None:
        """The spec's limits on quality and confidence."""
        limits = self._ordered.spec.limits
        measures = {name: numbers_of(batch.rows, name) for name in QUALITIES}
        for name, values in (measures | {"confidence": confidence}).items():
            low, high = limits.minimum.get(name, 0.0), limits.maximum.get(name, 1.0)
            if low <= 0 and high >= 1:
                # It holds for every value; a scorer need not measure it.
                continue
            slack = _ROUNDING if name == "confidence" else 0.0
            bound = f"{low:g} or more" if low > 0 else f"{high:g} or less"
            self._tell_measure(
                batch, name, ~((values >= low - slack) & (values <= high)), values, bound
            )

    def _tell_measure(
        self,
        batch: _Batch,
        name: str,
        wrong: NDArray[np.bool_],
        values: NDArray[np.float64],
        bound: str,
    ) -> None:
        self._findings.add_rows(
            "readings",
            wrong,
            lambda i: (batch.asset(i), f"{name} {bound}", f"{name} {values[i]:.6g}"),
        )

    def _compare(
        self, batch: _Batch, column: str, wanted: NDArray[np.int64], where: NDArray[np.bool_]
    ) -> None:
        """A column of whole numbers, in the rows where it is known what it should be."""
        found = whole(batch.rows, column)
        self._findings.add_rows(
            "rows",
            where & (found != wanted),
            lambda i: (batch.asset(i), f"{column} {wanted[i]}", f"{column} {found[i]}"),
        )

    def _compare_text(self, batch: _Batch, column: str, wanted: Any) -> None:
        """A column of words, in the rows where it is known (not null) what it should be."""
        found: Any = batch.rows.column(column)
        same = pc.fill_null(pc.equal(found, wanted), pc.is_null(wanted))
        self._findings.add_rows(
            "rows",
            ~np.asarray(same.to_numpy(zero_copy_only=False), bool),
            lambda i: (
                batch.asset(i),
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
    return index_of(rows, name, attribute.classes)


def index_of(rows: pa.RecordBatch, column: str, words: Sequence[str]) -> NDArray[np.int64]:
    """The number of each row's word among these: int64 [B], -1 for none."""
    index: Any = pc.index_in(rows.column(column), value_set=pa.array(words, pa.string()))
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


def _plain(value: object) -> str:
    return "none" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
