"""Say what an audit checked, on how much, and what its verdict rests on."""

from collections.abc import Mapping
from typing import Any

from pipeline.catalog.audit.findings import CHECKS, Findings
from pipeline.catalog.audit.images import Looked
from pipeline.catalog.audit.ordered import Ordered
from pipeline.catalog.audit.receipts import Compared
from pipeline.catalog.audit.rescore import TOLERANCE
from pipeline.catalog.read import Catalog


def checks_told(
    catalog: Catalog,
    ordered: Ordered,
    findings: Findings,
    looked: Looked,
    compared: Compared,
    lacking: str,
) -> list[dict[str, Any]]:
    """Every check, how it went, and on how much; or why it was not done.

    lacking: why nothing was scored again.
    """
    skipped = {
        "receipts": "" if compared.receipts else "the catalog has none",
        "images": "" if looked.files else "no image was looked at",
        "credentials": _unverified(looked),
        "scores": "" if looked.scored else lacking or "no image could be scored",
    }
    details = _details(catalog, ordered, looked, compared)
    told = []
    for check, title in CHECKS.items():
        why = skipped.get(check, "")
        state = "failed" if findings.counts[check] else "skipped" if why else "passed"
        told.append(
            {
                "check": check,
                "title": title,
                "state": state,
                "findings": findings.counts[check],
                "detail": why or details[check],
            }
        )
    return told


def _details(
    catalog: Catalog, ordered: Ordered, looked: Looked, compared: Compared
) -> dict[str, str]:
    """Check -> on how much."""
    cells, pixels = ordered.quotas.size, looked.lossless
    return {
        "document": f"{cells:,} cells" if cells > 1 else "one cell",
        "parts": f"{len(catalog.parts):,}, each against its sha256",
        "content": "recomputed over all columns",
        "versions": "as it was sealed"
        if catalog.version == 1
        else f"version {catalog.version:,}, back to the sealed one",
        "rows": f"{ordered.spec.pictures:,}, worked out from spec and slot",
        "readings": "perceived values, limits, confidence",
        "slots": f"0 to {ordered.spec.count - 1:,}" + _each(ordered),
        "duplicates": "files and pixels of the whole manifest",
        "cells": f"quotas of {ordered.spec.pictures:,} faces, recomputed",
        "receipts": _receipts_told(compared),
        "images": f"{looked.files:,} of {catalog.count():,}"
        + (f", {pixels:,} to the pixel" if pixels else ""),
        "credentials": f"{looked.verified:,} images, at their signatures and digests",
        "scores": _scores_told(looked),
    }


def _unverified(looked: Looked) -> str:
    """Why no signature was checked; empty where some were."""
    if looked.verified:
        return ""
    if looked.signed:
        return f"{looked.signed:,} images bear them; pip install 'populace[c2pa]' to check them"
    return "no image that was looked at bears one" if looked.files else "no image was looked at"


def _each(ordered: Ordered) -> str:
    """How often each slot is there, where that is not once."""
    each = ordered.spec.per_person
    return f", {each:,} variation{'s' if each > 1 else ''} each" if ordered.spec.varied else ""


def _scores_told(looked: Looked) -> str:
    """How many scores came out the same, and whether they had to."""
    if looked.near:
        return f"{looked.exact:,} exactly, {looked.near:,} within {TOLERANCE:g}"
    kind = "the same" if looked.same_device == looked.scored else "other"
    return f"{looked.exact:,} exactly, on {kind} hardware"


def _receipts_told(compared: Compared) -> str:
    rows = f"rows of {compared.tables:,} shards" if compared.tables else "counts only"
    return f"{compared.receipts:,}, {rows}"


def notes_told(
    ordered: Ordered, looked: Looked, compared: Compared, balance: Mapping[str, Any], rows: int
) -> list[str]:
    """What a reader must know to weigh the verdict."""
    notes = []
    if looked.scored and looked.near:
        same = "the same named" if looked.same_device == looked.scored else "other"
        notes.append(
            f"{looked.near:,} of {looked.scored:,} images were scored as their rows say within "
            f"{TOLERANCE:g}, not to the last digit, on {same} hardware."
        )
    if compared.receipts and not compared.tables:
        notes.append("The shards' tables are gone: receipts were compared by counts only.")
    if looked.files < rows:
        notes.append(
            f"{looked.files:,} of {rows:,} images were looked at; --images all looks at each, "
            "and another --seed at others."
        )
    if not balance["axes"]:
        notes.append("The spec balances nothing: the count and the limits alone were ordered.")
    loose = [axis["name"] for axis in balance["axes"] if axis["name"] in ordered.spec.loose]
    if loose:
        notes.append(
            f"Variations change {', '.join(name.replace('_', ' ') for name in loose)}: its quotas "
            "are of people as they were found, whose own pictures are not here; rows are counted "
            "where they are filed."
        )
    notes += _missed(balance)
    if balance["axes"] and balance["truth"] is None:
        notes.append(
            "No held-out readings of this generator and scorer are here: the true shares are not "
            "known."
        )
    return notes


def _missed(balance: Mapping[str, Any]) -> list[str]:
    """The bins whose true share is hardly the one asked."""
    missed = []
    for axis in balance["axes"] if balance["truth"] else []:
        true = {row["bin"]: row for row in balance["truth"]["axes"][axis["name"]]}
        for one in axis["bins"]:
            row = true[one["bin"]]
            if not row["low"] <= row["wanted"] <= row["high"]:
                told = f"{_percent(row['share'])} (wanted {_percent(row['wanted'])})"
                missed.append(f"{axis['name'].replace('_', ' ')} {one['bin']} {told}")
    if not missed:
        return []
    return [
        "The order is of what is perceived, and the scorer errs: with 95 % confidence, its known "
        f"errors put the true share elsewhere than asked for {'; '.join(missed)}."
    ]


def _percent(share: float) -> str:
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


def wrong_at_most(looked: Looked, findings: Findings, rows: int) -> float | None:
    """With 95 % confidence no more than this share of all images is wrong, where none of n was.

    The exact bound of Clopper and Pearson (1934), which is about 3 / n.
    """
    files = looked.files
    if not files or findings.counts["images"] or findings.counts["scores"]:
        return None
    return 0.0 if files >= rows else 1 - 0.05 ** (1 / files)
