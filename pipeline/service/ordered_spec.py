"""Check a job spec that comes from outside."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.errors import SpecError
from pipeline.spec import JobSpec, parse_spec

_MOST_ATTEMPTS = 20_000

_DECIDED = ("output", "workers")
"""Fields of a spec that are not the orderer's to decide."""


def ordered_spec(spec: Mapping[str, Any], output: Path, most_faces: int) -> JobSpec:
    """The spec as it will run, with the output that the service gives it.

    Models of their own would be any file of this machine or address of its network; so would a
    table.

    Raises:
        SpecError: it cannot be meant, or holds what is not the orderer's to decide.
    """
    for name in _DECIDED:
        if name in spec:
            raise SpecError(f"{name}: is decided by the service; remove it")
    for name in ("generator", "scorer"):
        if not isinstance(spec.get(name, ""), str):
            raise SpecError(f"{name}: models of your own are not taken here; name a built-in one")
    balance = spec.get("balance")
    table = balance.get("table") if isinstance(balance, Mapping) else None
    if isinstance(table, str) and "\n" not in table:
        raise SpecError("balance.table: names a file; send the text of the table")
    try:
        json.dumps(dict(spec), ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        raise SpecError(
            "spec: holds a number without bounds, half a character, or too many brackets; remove it"
        ) from None
    checked = parse_spec(dict(spec) | {"output": str(output)})
    if checked.pictures > most_faces:
        of_each = f" in {checked.per_person:,} pictures each" if checked.per_person > 1 else ""
        raise SpecError(
            f"count: {checked.count:,} faces{of_each} are more than {most_faces:,}; order fewer"
        )
    if checked.max_attempts > _MOST_ATTEMPTS:
        raise SpecError(
            f"max_attempts: {checked.max_attempts:,} is more than {_MOST_ATTEMPTS:,} here; lower it"
        )
    return checked
