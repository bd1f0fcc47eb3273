"""Lay an audit out as one self-contained HTML page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.catalog.audit.view import DISTANCES, assurance, distance, percent, verdict
from pipeline.catalog.pages import joint_table, render
from pipeline.errors import StoreError

_LONGEST_LIST = 200


def write_page(audit: Mapping[str, Any], path: Path) -> None:
    """Write the page; StoreError where that cannot be."""
    try:
        path.write_text(audit_page(audit), encoding="utf-8")
    except OSError as error:
        raise StoreError(
            f"{path} cannot be written ({error.strerror}); name another file"
        ) from error


def audit_page(audit: Mapping[str, Any]) -> str:
    """The audit as a page."""
    balance = audit["balance"]
    cells = [_shaded(cell) for cell in balance["joint"]["cells"]]
    axes = [(axis["name"], [one["bin"] for one in axis["bins"]]) for axis in balance["axes"]]
    parts = [*balance["axes"], {"name": "cells", **balance["joint"]}] if axes else []
    off = [cell for cell in cells if cell["off"]]
    return render(
        "audit.html.j2",
        audit=audit,
        verdict=verdict(audit).plain,
        axes=[_axis(axis, balance["truth"]) for axis in balance["axes"]],
        table=joint_table(axes, cells),
        off=len(off),
        listed=(cells if len(cells) <= _LONGEST_LIST else off[:_LONGEST_LIST]),
        distances=[
            (
                part["name"],
                [distance(part["distances"][key]) for key in DISTANCES],
                distance(part["rounding"]["total_variation"]),
            )
            for part in parts
        ],
        shown=audit["findings"][:_LONGEST_LIST],
        assurance=assurance(audit["images"]),
        percent=percent,
    )


def _shaded(cell: Mapping[str, Any]) -> dict[str, Any]:
    """A cell with `shade`, 0-100, the confidence of its faces, and whether it is off."""
    off = not cell["ordered"] == cell["delivered"] == cell["filed"]
    return {**cell, "shade": round(100 * (cell["confidence"] or 0.0)), "off": off}


def _axis(axis: Mapping[str, Any], truth: Mapping[str, Any] | None) -> dict[str, Any]:
    """An attribute's bins with their true shares, and the largest share, to draw by."""
    true = {row["bin"]: row for row in truth["axes"][axis["name"]]} if truth else {}
    bins = [{**one, "truth": true.pop(one["bin"], None)} for one in axis["bins"]]
    nothing = {"asked_share": 0.0, "delivered_share": 0.0, "ordered": 0, "delivered": 0}
    bins += [{"bin": label, **nothing, "truth": row} for label, row in true.items()]
    shares = [
        value
        for one in bins
        for value in (one["asked_share"], one["delivered_share"], (one["truth"] or {}).get("high"))
        if value is not None
    ]
    return {"name": axis["name"], "bins": bins, "most": max(shares) or 1.0}
