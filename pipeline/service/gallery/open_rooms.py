"""Keep rooms open and up to date: the next version is read while the last one is shown."""

import logging
import time
from threading import Lock, Thread

from pipeline.catalog.read import Catalog
from pipeline.errors import PopulaceError
from pipeline.service.gallery.cache import Cache
from pipeline.service.gallery.rooms import Room, open_room
from pipeline.service.library import Library

_MOST_ROOMS = 32

_PAUSE = 5.0
"""Seconds after a version that could not be read."""

_LOG = logging.getLogger(__name__)


class OpenRooms:
    """The rooms of a library's catalogs. Safe to share between threads."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._shown: Cache[_Shown] = Cache(_MOST_ROOMS, lambda _: 1)

    def room(self, name: str) -> Room:
        """The room of a catalog; a Refusal, 404, where none is served under the name.

        The first to ask wait until its manifest has been read. Of another version nobody waits:
        that of before is shown until it is ready.
        """
        catalog = self._library.get(name)
        return self._shown.get(name, lambda: _Shown(open_room(name, catalog))).follow(catalog)


class _Shown:
    """What is shown of a catalog."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._reading = Lock()
        self._not_before = 0.0

    def follow(self, catalog: Catalog) -> Room:
        """The room that is ready; where it is of another version, this one is read from now on."""
        another = catalog is not self._room.index.catalog
        if another and time.monotonic() >= self._not_before and self._reading.acquire(False):
            Thread(target=self._read, args=[catalog], name="read a version", daemon=True).start()
        return self._room

    def _read(self, catalog: Catalog) -> None:
        try:
            # Those who have the old room keep it; its files go with the last of them.
            self._room = open_room(self._room.name, catalog)
        except PopulaceError as error:
            self._not_before = time.monotonic() + _PAUSE
            _LOG.warning("%s goes on being shown as before: %s", self._room.name, error)
        finally:
            self._reading.release()
