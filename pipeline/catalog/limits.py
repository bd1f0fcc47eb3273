"""Bound how long the queries of one request may take, and say whether strangers make them."""

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

import duckdb

from pipeline.errors import PopulaceError

_AGAIN = 0.05
"""Seconds between interruptions: what began behind one of them is caught by the next."""


class TimeUp(PopulaceError):  # noqa: N818
    """A query that takes longer than it may."""


class Limits:
    """What the queries of one request may take; ends with `close`.

    Its time begins with the first of them, and not while a request waits for its turn.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end: float | None = None
        self._databases: list[duckdb.DuckDBPyConnection] = []
        self._lock = threading.Lock()
        self._closed = threading.Event()

    @property
    def expired(self) -> bool:
        """Whether the time is up."""
        return self._end is not None and time.monotonic() >= self._end

    def check(self) -> None:
        """TimeUp where the time is up."""
        self._begin()
        if self.expired:
            raise TimeUp(
                f"the query takes longer than {self.seconds:g} s; narrow it, or ask for less"
            )

    @property
    def until(self) -> float:
        """When the time is up, in seconds of `time.monotonic`."""
        return self._begin()

    def watch(self, database: duckdb.DuckDBPyConnection) -> None:
        """Interrupt what this database does from when the time is up."""
        end = self._begin()
        with self._lock:
            self._databases.append(database)
            if len(self._databases) == 1:
                threading.Thread(target=self._interrupt, args=(end,), daemon=True).start()

    def close(self) -> None:
        """Watch no longer."""
        self._closed.set()

    def _begin(self) -> float:
        """When the time is up."""
        with self._lock:
            if self._end is None:
                self._end = time.monotonic() + self.seconds
            return self._end

    def _interrupt(self, end: float) -> None:
        wait = max(0.0, end - time.monotonic())
        while not self._closed.wait(wait):
            wait = _AGAIN
            with self._lock:
                for database in self._databases:
                    with suppress(duckdb.Error):  # closed by now
                        database.interrupt()


_CURRENT: ContextVar[Limits | None] = ContextVar("limits", default=None)


def current_limits() -> Limits | None:
    """Those that hold here, if any."""
    return _CURRENT.get()


@contextmanager
def limited(seconds: float) -> Iterator[Limits]:
    """Bound every query that is made in the block, and in threads that have its context.

    Conditions are plain ones (`pipeline.catalog.plain`). Where the time is up, the block ends with
    TimeUp, whatever error the query that it ended was given.
    """
    limits = Limits(seconds)
    token = _CURRENT.set(limits)
    try:
        yield limits
    except Exception:
        if limits.expired:
            limits.check()
        raise
    finally:
        _CURRENT.reset(token)
        limits.close()


def time_until() -> float:
    """When the time of the limits that hold here is up, as `time.monotonic`; else infinity."""
    limits = _CURRENT.get()
    return math.inf if limits is None else limits.until


def check_time() -> None:
    """TimeUp where limits hold here and their time is up."""
    limits = _CURRENT.get()
    if limits is not None:
        limits.check()
