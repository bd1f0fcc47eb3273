"""Find an asset's row by its name at once, however large the catalog: an index kept in memory."""

import threading
from bisect import bisect_right
from collections.abc import Sequence
from contextvars import Context
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.catalog.lots import lots
from pipeline.catalog.read import Catalog
from pipeline.catalog.scan import groups_of, scan

_GROUPS_KEPT = 4
"""Row groups whose files' places are kept: those of a page of pictures are few."""


class Places:
    """The rows of a catalog by asset_id. Made at the first question; 16 bytes an asset from then.

    Safe to share between threads. Raises StoreError or CatalogError where the catalog cannot be
    read.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._groups = groups_of(catalog)
        self._starts = [group.start for group in self._groups]
        self._lock = threading.Lock()
        self._index: tuple[NDArray[np.uint64], NDArray[np.int64]] | None = None
        self._kept = lru_cache(_GROUPS_KEPT)(self._read)

    def row(self, asset_id: str, columns: Sequence[str], *, keep: bool = False) -> Any:
        """These columns of the asset's row, a mapping; None where there is no such asset.

        keep: the row group will be asked again for the same columns.
        """
        lot, position = self._named()
        wanted = _lot_of(asset_id)
        first = int(np.searchsorted(lot, wanted))
        while first < lot.size and lot[first] == wanted:
            row = self._row_at(int(position[first]), tuple(columns), keep)
            if row["asset_id"] == asset_id:
                return {name: row[name] for name in columns}
            first += 1  # Two names with one lot: as good as never.
        return None

    def _row_at(self, position: int, columns: tuple[str, ...], keep: bool) -> dict[str, Any]:
        number = bisect_right(self._starts, position) - 1
        names = tuple(dict.fromkeys(("asset_id", *columns)))
        table = self._kept(number, names) if keep else self._read(number, names)
        found: dict[str, Any] = table.slice(position - self._starts[number], 1).to_pylist()[0]
        return found

    def _read(self, number: int, columns: tuple[str, ...]) -> pa.Table:
        group = self._groups[number]
        return self._catalog.row_group(self._catalog.parts[group.part], group.index, list(columns))

    def _named(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        with self._lock:
            if self._index is None:
                # In no request's context: its time must not end what all others wait for.
                self._index = Context().run(self._build)
            return self._index

    def _build(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """The lots of all names, ascending, and where in the manifest each of them stands."""
        every = np.empty(self._catalog.count(), np.uint64)
        for group, names in scan(self._catalog, self._groups, ["asset_id"]):
            every[group.start : group.start + group.rows] = lots(names["asset_id"], 0)
        order = np.argsort(every, kind="stable")
        return every[order], order


def _lot_of(asset_id: str) -> np.uint64:
    found: np.uint64 = lots(pa.chunked_array([[asset_id]], pa.string()), 0)[0]
    return found


class Shelves:
    """The indices of several catalogs, by the names that they are served under.

    Of each name the last two are kept: when a new version comes, some requests still have the old.
    """

    def __init__(self) -> None:
        self._places: dict[str, list[tuple[Catalog, Places]]] = {}
        self._lock = threading.Lock()

    def places(self, name: str, catalog: Catalog) -> Places:
        """The index of a catalog; a new one where another catalog has taken the name."""
        with self._lock:
            known = self._places.setdefault(name, [])
            for one, places in known:
                if one is catalog:
                    return places
            places = Places(catalog)
            self._places[name] = [*known[-1:], (catalog, places)]
            return places
