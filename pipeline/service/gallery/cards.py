"""Show catalogs on the first page, each by a few faces, without reading a manifest whole."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from pipeline.catalog.fetch import COLUMNS, Asset, asset_of
from pipeline.catalog.read import Catalog
from pipeline.service.gallery.cache import Cache
from pipeline.service.gallery.sheets import sheet_of
from pipeline.service.refusal import Refusal

_FACES = 12
_SIZE = 160
_KEPT_BYTES = 8 << 20


class Cards:
    """The strips of faces on cards as JPEG files, the last ones kept."""

    def __init__(self) -> None:
        self._kept: Cache[bytes] = Cache(_KEPT_BYTES, len)

    def strip(self, catalog: Catalog) -> bytes:
        """Faces from all over the manifest side by side, as a JPEG.

        Of the manifest the row groups that have them are read, and of these the places of files.
        Raises Refusal where every face was revoked.
        """
        if not catalog.count():
            raise Refusal(404, "strip", "no face is left in this catalog")
        key = (catalog.store.uri, version_of(catalog))
        return self._kept.get(key, lambda: sheet_of(catalog, _some_of(catalog), _SIZE))


def card_of(name: str, catalog: Catalog) -> dict[str, Any]:
    """What a card says, from the catalog's document alone."""
    cells = catalog.document.get("cells", ())
    return {
        "name": name,
        "count": catalog.count(),
        "balanced": list(dict.fromkeys(n for cell in cells for n in cell.get("bins", ()))),
        "version": version_of(catalog),
    }


def version_of(catalog: Catalog) -> str:
    """Twelve hexadecimal digits that change with the catalog."""
    text = json.dumps(dict(catalog.document), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _some_of(catalog: Catalog) -> list[Asset]:
    """Faces at even steps through the manifest, which is sorted by cell."""
    count = catalog.count()
    shown = min(count, _FACES)
    return _assets_at(catalog, [place * count // shown for place in range(shown)])


def _assets_at(catalog: Catalog, rows: Sequence[int]) -> list[Asset]:
    """The assets of rows of the manifest, whose numbers ascend."""
    found: list[Asset] = []
    start = 0
    for part in catalog.parts:
        inside = [row - start for row in rows if start <= row < start + part.rows]
        start += part.rows
        for index, (first, number) in enumerate(catalog.row_groups(part) if inside else ()):
            here = [row - first for row in inside if first <= row < first + number]
            if here:
                table = catalog.row_group(part, index, [*COLUMNS])
                found += [asset_of(row) for row in table.take(here).to_pylist()]
    return found
