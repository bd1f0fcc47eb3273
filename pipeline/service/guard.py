"""Let a request in: find its key, its pace and what it may do, and note it for the audit log."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import HTTPConnection

from pipeline.errors import PopulaceError
from pipeline.service.keys import Action, Key, KeyRing
from pipeline.service.rate import Rates
from pipeline.service.refusal import Refusal

NOTES = "populace.notes"
"""Where a request's scope keeps what the audit log is to say of it."""

_MOST_NOTED = 4_000
"""Letters of a fact: as long as a condition may be. Addresses may be longer."""


@dataclass(frozen=True)
class Caller:
    """Who asks: the holder of a key, or, where none are asked for, anyone.

    owner_of: says by whose key's id a catalog was ordered, if by any: it is theirs, too.
    """

    key: Key | None
    owner_of: Callable[[str], str | None] | None = None

    @property
    def id(self) -> str:
        """By which their jobs are known."""
        return self.key.id if self.key else ""

    @property
    def name(self) -> str:
        """What they are called, for people."""
        return self.key.name if self.key else ""

    def may(self, action: Action, catalog: str | None = None) -> bool:
        """Whether they may do this, with a catalog if one is named."""
        if self.key is None or self.key.may(action, catalog):
            return True
        if self.owner_of is None or catalog is None:
            return False
        return self.key.may(action) and self.owner_of(catalog) == self.key.id


class Guard:
    """Asks every request for a key, if there are keys.

    A key comes as `Authorization: Bearer KEY`; a browser sends it as the password of HTTP's basic
    form, whatever the user's name. Never in an address: those are kept in logs and histories.
    """

    def __init__(
        self,
        ring: KeyRing | None = None,
        rates: Rates | None = None,
        owner_of: Callable[[str], str | None] | None = None,
    ) -> None:
        self._ring, self._rates, self._owner_of = ring, rates or Rates(), owner_of

    @property
    def asks(self) -> bool:
        """Whether a key is needed."""
        return self._ring is not None

    def caller(self, request: HTTPConnection) -> Caller:
        """Who sent a request; Refusal 401 without a sound key, 429 where it comes too often."""
        if self._ring is None:
            return Caller(None)
        text = _key_in(request.headers.get("authorization", ""))
        if not text:
            raise Refusal(401, "authorization", "is missing; send 'Authorization: Bearer KEY'")
        key = _found(self._ring, text)
        if key is None:
            raise Refusal(401, "authorization", "holds no key that is known here; check it")
        note(request, key=key.name)
        if key.state != "valid":
            raise Refusal(401, "authorization", f"holds a key that is {key.state}; ask for another")
        if wait := self._rates.take(key.id, *key.pace):
            message = f"the key {key.name!r} may make {key.rate} requests; wait {wait:.1f} s"
            raise Refusal(429, "rate", message, retry_after=wait)
        return Caller(key, self._owner_of)


def allow(caller: Caller, action: Action, catalog: str | None = None) -> None:
    """Refusal 403 where they may not do this; for catalogs that are there and those that are not.

    So nobody learns which catalogs there are beyond their own.
    """
    if not caller.may(action, catalog):
        assert caller.key is not None
        what = f"{action} the catalog {catalog!r}" if catalog is not None else action
        raise Refusal(403, "authorization", f"the key {caller.key.name!r} may not {what}")


def check_json(request: HTTPConnection) -> None:
    """Refusal 422 for a body that does not say it is JSON.

    A browser sends a page's forms and simple requests anywhere, with the key that it remembers, but
    asks the service first where a page of another site would send JSON that is named so.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal(422, "content-type", "is not application/json; send JSON, and say so")


def note(request: HTTPConnection, **facts: Any) -> None:
    """Add to what the audit log will say of a request; it says something only of an `action`.

    Long text is cut: an address may be as long as its sender likes.
    """
    short = {
        name: one[:_MOST_NOTED] if isinstance(one, str) else one for name, one in facts.items()
    }
    request.scope.setdefault(NOTES, {}).update(short)


def _found(ring: KeyRing, text: str) -> Key | None:
    try:
        return ring.find(text)
    except PopulaceError as error:
        raise Refusal(503, "authorization", "the keys cannot be read; try again later") from error


def _key_in(header: str) -> str:
    """The key in an Authorization header; empty where there is none."""
    scheme, _, value = header.strip().partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value.strip(), validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""
