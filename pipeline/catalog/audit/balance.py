"""Work out from counted rows how far a catalog is from what was asked."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.catalog.audit.ordered import Ordered
from pipeline.catalog.audit.rows import Counted
from pipeline.sampling.distances import (
    fairness_discrepancy,
    jensen_shannon,
    max_min_ratio,
    total_variation,
)
from pipeline.sampling.margins import margin
from pipeline.sampling.quotas import wanted_faces
from pipeline.sampling.targets import cells_of
from pipeline.sampling.true_balance import bundled_truth

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass
class Tally:
    """Rows by cell, whatever their number.

    filed: int64 [cells], by the column `cell`. read: int64 [cells], by the perceived values.
    outside: rows whose values lie in no cell. confidence: float64 [cells], summed by cell read.
    """

    filed: Ints
    read: Ints
    confidence: Floats
    outside: int = 0
    rows: int = 0

    @classmethod
    def of(cls, cells: int) -> "Tally":
        """No rows yet."""
        return cls(np.zeros(cells, np.int64), np.zeros(cells, np.int64), np.zeros(cells))

    def add(self, counted: Counted) -> None:
        """Count a batch."""
        inside = counted.read >= 0
        cells = len(self.read)
        self.filed += np.bincount(counted.filed[counted.filed >= 0], minlength=cells)
        self.read += np.bincount(counted.read[inside], minlength=cells)
        weights = np.clip(np.nan_to_num(counted.confidence[inside]), 0, 1)
        self.confidence += np.bincount(counted.read[inside], weights, minlength=cells)
        self.outside += int((~inside).sum())
        self.rows += len(inside)


def balance_of(ordered: Ordered, tally: Tally) -> dict[str, Any]:
    """Shares asked and delivered, their distances and the true shares, as plain values.

    Delivered is what the rows' perceived values say, and no column that names a cell. Asked are the
    shares of the spec, or what it takes of perceived cells to meet them truly. Faces are whole, so
    that even the ordered numbers are a little off: that much of each distance is `rounding`.
    """
    spec, shape = ordered.spec, ordered.quotas.shape
    target = wanted_faces(ordered.target, spec.count) / spec.count
    delivered = tally.read.reshape(shape)
    truth = _truth(ordered, delivered)
    axes = []
    for i, axis in enumerate(spec.target.axes):
        asked, quotas, found = (margin(table, i) for table in (target, ordered.quotas, delivered))
        bins = _shares(asked, quotas, found, tally.rows)
        axes.append(
            {
                "name": axis.attribute,
                "bins": [
                    {"bin": label} | one for label, one in zip(axis.labels, bins, strict=True)
                ],
                **_distances(asked, quotas, found, tally.outside),
            }
        )
    rows = zip(
        ordered.labels,
        cells_of(spec.target),
        _shares(target, ordered.quotas, delivered, tally.rows),
        tally.filed.tolist(),
        (tally.confidence / np.maximum(tally.read, 1)).tolist(),
        strict=True,
    )
    cells = [
        {"cell": cell, "label": label, "bins": bins, **shares, "filed": filed}
        | {"confidence": confidence if shares["delivered"] else None}
        for cell, (label, bins, shares, filed, confidence) in enumerate(rows)
    ]
    return {
        "rows": tally.rows,
        "outside": tally.outside,
        "axes": axes,
        "joint": {
            "cells": cells,
            **_distances(target, ordered.quotas, delivered, tally.outside),
        },
        "truth": truth,
    }


def _shares(asked: Floats, quotas: Ints, found: Ints, rows: int) -> list[dict[str, Any]]:
    """What was asked and delivered of each bin or cell."""
    columns = (asked.ravel().tolist(), quotas.ravel().tolist(), found.ravel().tolist())
    return [
        {
            "asked_share": share,
            "ordered": ordered,
            "delivered": delivered,
            "delivered_share": delivered / max(rows, 1),
        }
        for share, ordered, delivered in zip(*columns, strict=True)
    ]


def _distances(asked: Floats, quotas: Ints, found: Ints, outside: int) -> dict[str, Any]:
    """How far the delivered shares lie from those asked, and how far rounding alone would put them.

    Faces in no cell are a cell of their own, of which none was asked.
    """
    return {
        "distances": _from_target(found, outside, asked),
        "rounding": _from_target(quotas, 0, asked),
    }


def _from_target(counts: Ints, outside: int, asked: Floats) -> dict[str, float | None]:
    numbers = np.append(counts.ravel(), outside).astype(np.float64)
    total = numbers.sum()
    target = np.append(asked.ravel(), 0.0)
    if not total:
        return dict.fromkeys(
            ("total_variation", "jensen_shannon", "fairness_discrepancy", "max_min_ratio")
        )
    shares = numbers / total
    ratio = float(max_min_ratio(shares, target))
    return {
        "total_variation": float(total_variation(shares, target)),
        "jensen_shannon": math.sqrt(float(jensen_shannon(shares, target))),
        "fairness_discrepancy": float(fairness_discrepancy(shares, target)),
        # JSON has no word for what an empty cell makes of it.
        "max_min_ratio": ratio if math.isfinite(ratio) else None,
    }


def _truth(ordered: Ordered, delivered: Ints) -> dict[str, Any] | None:
    people = delivered // ordered.spec.per_person  # whose pictures err together
    if not people.any():
        return None
    digests = (ordered.generator_digest, ordered.scorer_digest)
    spec = ordered.spec
    return bundled_truth(spec.target, people, spec.limits.where, digests)
