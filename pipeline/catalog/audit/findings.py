"""Collect what an audit finds wrong, in constant memory."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

KEPT = 1000
"""Findings of one check that are kept in full; more are only counted."""


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be.

    check: which check found it, a key of CHECKS. subject: the asset, part, cell or object.
    expected, found: as phrases.
    """

    check: str
    subject: str
    expected: str
    found: str


CHECKS: dict[str, str] = {
    "document": "catalog.json fits its spec and rows",
    "parts": "the manifest's files are those named",
    "content": "the rows are those sealed",
    "versions": "nothing went or came unsaid",
    "rows": "each row is the one its slot orders",
    "readings": "readings lie in their bins and limits",
    "slots": "every slot is there once",
    "duplicates": "no image is there twice",
    "cells": "every cell holds what was ordered",
    "receipts": "rows are those that receipts commit",
    "images": "files and labels are the rows' own",
    "credentials": "C2PA signatures hold",
    "scores": "the scorer reads what the rows say",
}
"""Every check and what holds where it passes, in the order in which they are told."""


class Findings:
    """The findings of all checks, the first KEPT of each in full."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._kept: list[Finding] = []

    def __len__(self) -> int:
        """All of them, those too that are only counted."""
        return self.counts.total()

    @property
    def kept(self) -> list[Finding]:
        """Those kept in full, by check."""
        order = list(CHECKS)
        return sorted(self._kept, key=lambda one: order.index(one.check))

    def add(self, check: str, subject: str, expected: object, found: object) -> None:
        """Add a finding."""
        self.counts[check] += 1
        if self.counts[check] <= KEPT:
            self._kept.append(Finding(check, subject, str(expected), str(found)))

    def add_rows(
        self,
        check: str,
        wrong: NDArray[np.bool_],
        tell: Callable[[int], tuple[str, object, object]],
    ) -> None:
        """Add a finding for each row that is wrong; `tell` gives subject, expected and found."""
        self.add_many(check, np.flatnonzero(wrong).tolist(), tell)

    def add_many(
        self, check: str, rows: Iterable[int], tell: Callable[[int], tuple[str, object, object]]
    ) -> None:
        """The same for the numbers of the rows; phrases are made only for those that are kept."""
        for row in rows:
            if self.counts[check] < KEPT:
                self.add(check, *tell(row))
            else:
                self.counts[check] += 1
