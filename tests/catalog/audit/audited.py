"""Audit a folder, and look up what was found."""

from collections import Counter
from pathlib import Path
from typing import Any

from pipeline.catalog.audit.audit import Look, audit
from pipeline.catalog.read import open_catalog
from pipeline.storage import open_store

EACH = Look()
"""More images than these catalogs have."""


def run(folder: Path, look: Look = EACH) -> dict[str, Any]:
    """The audit of a catalog in a folder."""
    return audit(open_catalog(open_store(str(folder))), look, threads=2)


def find(made: dict[str, Any], check: str, subject: str) -> dict[str, Any]:
    """The first finding of a check about something."""
    known = [f["subject"] for f in made["findings"] if f["check"] == check]
    found = [f for f in made["findings"] if f["check"] == check and f["subject"] == subject]
    assert found, f"{subject} is not among {known}"
    return found[0]


def by_check(made: dict[str, Any]) -> dict[str, int]:
    """Check -> its findings."""
    return dict(Counter(f["check"] for f in made["findings"]))


def unpassed(made: dict[str, Any]) -> dict[str, str]:
    """Check -> its state, of those that did not pass. No image of these jobs bears credentials."""
    states = {check["check"]: check["state"] for check in made["checks"]}
    return {check: state for check, state in states.items() if state != "passed"}
