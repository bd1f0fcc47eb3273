"""Follow a catalog while it is served: find its newer versions, without making anyone wait."""

import logging
import time
from threading import Lock, Thread

from pipeline.catalog.layout import version_key
from pipeline.catalog.read import Catalog, newest_version, open_catalog
from pipeline.errors import PopulaceError

EVERY = 5.0
"""Seconds from one look at a store to the next, while anyone asks."""

_PATIENCE = 2.0
"""Seconds that a request waits for a look; then it goes on with what is known."""

_LOG = logging.getLogger(__name__)


class Newest:
    """A catalog as it is now. Safe to share between threads.

    A look costs a listing of its versions and the head of one document, on S3 two requests; what
    has changed is opened beside the old, which stays with those who have it. A catalog that was
    asked for by its version stays as it is. Where a store fails, the last known version stays.

    every: seconds between looks; nobody looks while nobody asks.
    """

    def __init__(self, catalog: Catalog, every: float = EVERY) -> None:
        self._catalog, self._every = catalog, every
        self._seen: tuple[str, str] | None = None
        self._due = time.monotonic() + every
        self._looking = Lock()

    def get(self) -> Catalog:
        """The newest version that is known; where it is time, after a look."""
        due = not self._catalog.pinned and time.monotonic() >= self._due
        if due and self._looking.acquire(blocking=False):
            look = Thread(target=self._look, name="look for a newer version", daemon=True)
            look.start()
            look.join(_PATIENCE)
        return self._catalog

    def _look(self) -> None:
        try:
            self._catalog = self._newest()
        except PopulaceError as error:
            _LOG.warning("version %d goes on being served: %s", self._catalog.version, error)
        finally:
            self._due = time.monotonic() + self._every
            self._looking.release()

    def _newest(self) -> Catalog:
        store = self._catalog.store
        key = version_key(newest_version(store))
        # Versions never change, but a folder may have been given to another job.
        seen = key, store.stamp(key)
        if seen == self._seen:
            return self._catalog
        found = open_catalog(store)
        self._seen = seen
        return self._catalog if found.document == self._catalog.document else found
