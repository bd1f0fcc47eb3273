"""Lay out how a catalog is balanced: what was asked, what was delivered, what is truly there."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.catalog.pages import joint_table
from pipeline.catalog.read import Catalog
from pipeline.errors import StoreError

_MOST_CELLS = 200


def balance_document(catalog: Catalog) -> dict[str, Any]:
    """Margins and cells of this version.

    From the report, which is of the catalog as it was sealed. Without one, and in later versions,
    from the document that says what the catalog holds; then nothing estimates the truth.

    Each margin has `name` and `bins`, each of these `bin`, `asked`, `delivered`, `most` (of the
    margin) and, where the report estimates it, `truth` with `share`, `low`, `high` and `wanted`.
    """
    report = _report(catalog) if catalog.version == 1 else {}
    cells = report.get("cells") or list(catalog.document.get("cells", ()))
    margins = report.get("balanced") or _margins(cells)
    return {
        "margins": [_with_scale(margin) for margin in margins],
        "table": joint_table(
            [(margin["name"], [one["bin"] for one in margin["bins"]]) for margin in margins],
            [{**cell, "shade": _shade(cell, cells)} for cell in cells],
        ),
        "cells": cells[:_MOST_CELLS],
        "count": len(cells),
        "truth": report.get("truth"),
        "warning": report.get("warning", ""),
        "version": catalog.version,
    }


def _report(catalog: Catalog) -> dict[str, Any]:
    """The catalog's `report.json`; empty where it is gone or is none."""
    try:
        report = json.loads(catalog.store.get("report.json"))
    except (StoreError, ValueError):
        return {}
    return report if isinstance(report, dict) else {}


def _margins(cells: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What cells add up to, by bin of each balanced attribute."""
    sums: dict[str, dict[str, dict[str, Any]]] = {}
    for cell in cells:
        for name, label in cell.get("bins", {}).items():
            margin = sums.setdefault(name, {})
            entry = margin.setdefault(label, {"bin": label, "asked": 0, "delivered": 0})
            entry["asked"] += cell["asked"]
            entry["delivered"] += cell.get("delivered", 0)
    return [{"name": name, "bins": list(bins.values())} for name, bins in sums.items()]


def _with_scale(margin: Mapping[str, Any]) -> dict[str, Any]:
    """A margin whose bins have their shares of all, in percent, and the widest share."""
    asked = sum(one["asked"] for one in margin["bins"]) or 1
    delivered = sum(one["delivered"] for one in margin["bins"]) or 1
    rows = []
    for one in margin["bins"]:
        truth = one.get("truth")
        rows.append(
            {
                **one,
                "asked_share": 100 * one["asked"] / asked,
                "delivered_share": 100 * one["delivered"] / delivered,
                "truth": {k: 100 * truth[k] for k in ("share", "low", "high")} if truth else None,
            }
        )
    widest = max(
        (
            share
            for row in rows
            for share in (
                row["asked_share"],
                row["delivered_share"],
                row["truth"]["high"] if row["truth"] else 0,
            )
        ),
        default=0.0,
    )
    return {"name": margin["name"], "bins": rows, "widest": widest or 1.0}


def _shade(cell: Mapping[str, Any], cells: Sequence[Mapping[str, Any]]) -> int:
    most = max((one.get("delivered", 0) for one in cells), default=0)
    return round(100 * cell.get("delivered", 0) / most) if most else 0
