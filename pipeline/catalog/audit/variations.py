"""Hold the pictures of people in several variations against what was asked of each."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.attributes.changes import Changes, shown, slack
from pipeline.attributes.taxonomy import BY_NAME
from pipeline.catalog.audit.findings import Findings
from pipeline.catalog.audit.ordered import Ordered

_ROUNDING = 0.001
"""How far values in `edits` may be off, which have three digits behind the point."""

Told = tuple[str, str, str]
"""A check, what it expects and what it found."""


class VariationCheck:
    """Checks batches of rows; a person's rows follow each other, in one batch or several."""

    def __init__(self, ordered: Ordered, findings: Findings) -> None:
        self._ordered, self._findings = ordered, findings
        self._person: tuple[int, dict[str, float]] = (-1, {})

    def check(
        self,
        rows: pa.RecordBatch,
        places: NDArray[np.int64],
        read: Mapping[str, NDArray[np.generic]],
    ) -> None:
        """Add a finding for all that is wrong.

        Args:
            rows: with all columns.
            places: int64 [B], see `Ordered`; -1 where a row names no variation of the spec.
            read: attribute that changes -> its perceived values, [B], as bins take them.
        """
        names, labels, edits = (
            rows.column(name).to_pylist() for name in ("asset_id", "variation", "edits")
        )
        for i, place in enumerate(places.tolist()):
            if place < 0:
                found = [("rows", "a variation of the spec", f"variation {labels[i]}")]
            else:
                slot, which = divmod(place, self._ordered.spec.per_person)
                changes = self._ordered.spec.varied[which]
                values = {name: float(read[name][i]) for name in changes}
                found = list(self._row(slot, changes, edits[i], values))
            for check, expected, told in found:
                self._findings.add(check, f"asset {names[i]}", expected, told)

    def _row(
        self, slot: int, changes: Changes, text: str | None, read: Mapping[str, float]
    ) -> Iterator[Told]:
        """What is wrong with one row."""
        edits = _edits(text)
        if edits is None or list(edits) != list(changes):
            yield "rows", f"edits of {', '.join(changes)}", f"edits {text}"
            return
        if self._person[0] != slot:
            self._person = (slot, {})
        for name, change in changes.items():
            value = edits[name]
            if not change.relative:
                if value != shown(name, change.value):
                    yield "rows", f"{change.label} in edits", f"{name} {value}"
                asked = change.value
            else:
                if isinstance(value, str):
                    yield "rows", f"a number for {change.label} in edits", f"{name} {value}"
                    continue
                asked = value
                before = self._person[1].setdefault(name, value - change.value)
                if abs(value - change.value - before) > 2 * _ROUNDING:
                    wanted = f"{name} {before + change.value:.6g}, by the person's other pictures"
                    yield "rows", f"{wanted} ({change.label})", f"{name} {value:.6g} in edits"
            if not abs(read[name] - asked) <= _allowed(name):
                wanted = f"{name} read as {shown(name, asked)}"
                yield "readings", wanted, f"{name} {_told(name, read[name])}"


def _edits(text: str | None) -> dict[str, float | str] | None:
    """The values in a row's `edits`, or None where it holds something else."""
    try:
        found: Any = json.loads(text or "")
    except ValueError:
        return None
    plain = isinstance(found, dict) and all(
        isinstance(value, str | float | int) for value in found.values()
    )
    return found if plain else None


def _allowed(name: str) -> float:
    """How far a row's value may lie from what was asked: rows round some to whole numbers."""
    return slack(name) + (0.5 if BY_NAME[name].single_units else 0.0) + _ROUNDING


def _told(name: str, value: float) -> object:
    unread = np.isnan(value) or (BY_NAME[name].kind == "class" and value < 0)
    return "none" if unread else shown(name, value)
