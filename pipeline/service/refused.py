"""Tell the audit log of requests that are refused at the door by a line now and then.

With a line each, anyone who reaches the service could fill the disk of the log without a key, and
nothing is handed out that cannot be written down.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

AT_THE_DOOR = (401, 429)
"""Statuses of requests that came no further: without a sound key, or too often."""

SECONDS = 600.0
"""Between two lines on the same client, key and status."""

MOST_CLIENTS = 1_000
"""Which are told apart at a time; more are counted as one, `others`."""

_OTHERS = "others"


@dataclass
class _Seen:
    entry: dict[str, Any]
    since: float
    count: int = 0


class Refusals:
    """Counts refusals by client, key and status. Not safe to share between threads.

    clock: seconds, as time.monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[tuple[Any, ...], _Seen] = {}  # those seen first come first

    def counted(self, entry: dict[str, Any]) -> list[dict[str, Any]]:
        """The lines to write for one refusal more: itself where it is the first of its kind.

        entry: has `key`, `action`, `status` and `client`; other facts are left out. Lines have
        `count`, too: the refusals that they tell of.
        """
        short = {name: entry[name] for name in ("key", "action", "status", "client")}
        kind = (short["client"], short["key"], short["status"])
        if kind not in self._seen and len(self._seen) >= MOST_CLIENTS:
            short |= {"client": _OTHERS, "key": None}
            kind = (_OTHERS, None, short["status"])
        seen = self._seen.get(kind)
        if seen is not None:
            seen.count += 1
            return []
        self._seen[kind] = _Seen(short, self._clock())
        return [short | {"count": 1}]

    def due(self) -> list[dict[str, Any]]:
        """Lines on what was counted, for whose time is over; they are forgotten then."""
        before = self._clock() - SECONDS
        over = []
        for kind, seen in self._seen.items():
            if seen.since > before:
                break
            over.append(kind)
        return self._told(over)

    def rest(self) -> list[dict[str, Any]]:
        """Lines on all that was counted and is not told of yet."""
        return self._told(list(self._seen))

    def _told(self, kinds: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
        gone = [self._seen.pop(kind) for kind in kinds]
        return [seen.entry | {"count": seen.count} for seen in gone if seen.count]
