"""Say where the next page of a query begins, so that it fits this query of this catalog alone."""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.catalog.read import Catalog
from pipeline.service.refusal import Refusal

_MOST = 2**53


@dataclass(frozen=True)
class Cursor:
    """The first row of a page, counted from the first of the query, and how many rows there are."""

    offset: int
    total: int


def write_cursor(catalog: Catalog, query: Sequence[str | None], cursor: Cursor) -> str:
    """A cursor as letters that stand in an address.

    query: all that the rows and their order follow from.
    """
    text = json.dumps([_mark(catalog, query), cursor.offset, cursor.total])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(catalog: Catalog, query: Sequence[str | None], text: str) -> Cursor:
    """A cursor from its letters; a Refusal, 422, where it is none, or another query's."""
    try:
        data = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        mark, offset, total = json.loads(data)
        sound = all(type(value) is int and 0 <= value < _MOST for value in (offset, total))
    except (ValueError, TypeError, binascii.Error, RecursionError):
        sound, mark = False, None
    if not sound:
        raise Refusal(422, "cursor", "is none; send back 'next' of the page before as it is")
    if mark != _mark(catalog, query):
        raise Refusal(
            422, "cursor", "is of another query or another version of the catalog; begin again"
        )
    return Cursor(offset, total)


def _mark(catalog: Catalog, query: Sequence[str | None]) -> str:
    """A digest of a query and of the rows that it is asked of."""
    parts = [part.sha256 for part in catalog.parts]
    return hashlib.sha256(json.dumps([parts, *query]).encode()).hexdigest()[:16]
