"""Stream chosen faces as a zip file: pictures as they are, a manifest and the licence."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from pipeline.catalog.fetch import COLUMNS, Asset, asset_of, fetch_group, group, in_order
from pipeline.errors import SpecError
from pipeline.service.gallery.index import FaceIndex

MOST_FACES = 2000
"""In a pack; more are pulled by the command."""

_THREADS = 4
_DATE = (1980, 1, 1, 0, 0, 0)


def pack(index: FaceIndex, rows: Sequence[int], view: str) -> Iterator[bytes]:
    """The zip file of these rows, a piece at a time; every picture is checked by its sha256.

    view: the address of the view that they were chosen from, for the manifest. Raises SpecError for
    none, or more than MOST_FACES, before anything is given; CatalogError for a damaged picture.
    """
    if not rows:
        raise SpecError("pack: no face is chosen; select some, or widen the view")
    if len(rows) > MOST_FACES:
        raise SpecError(
            f"pack: {len(rows):,} faces are too many, {MOST_FACES:,} are the most; narrow the view "
            "or use `populace pull`"
        )
    table = index.places.rows(rows, index.columns)
    assets = [asset_of(row) for row in table]
    return _zipped(index, table, assets, view)


def _zipped(
    index: FaceIndex, table: Sequence[dict[str, Any]], assets: Sequence[Asset], view: str
) -> Iterator[bytes]:
    out = _Out()
    store = index.catalog.store
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, "LICENCE.txt", _licence(index).encode())
        _add(archive, "manifest.csv", _csv(table, assets).encode())
        _add(archive, "manifest.json", _json(index, table, assets, view).encode())
        for files in in_order(lambda some: fetch_group(store, some), group(assets), _THREADS):
            for asset, data in files:
                _add(archive, asset.path, data)
            yield out.taken()
    yield out.taken()


class _Out(io.RawIOBase):
    """Keeps what is written until it is taken, and cannot go back."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: Any, /) -> int:
        """Keep a piece."""
        self._pieces.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        """All pieces since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    """A file with a date of no meaning: the same faces give the same pack, but for its manifest."""
    archive.writestr(zipfile.ZipInfo(name, _DATE), data)


def _csv(table: Sequence[dict[str, Any]], assets: Sequence[Asset]) -> str:
    text = io.StringIO()
    names = [name for name in table[0] if name not in COLUMNS or name in ("asset_id", "sha256")]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["file", *names])
    for row, asset in zip(table, assets, strict=True):
        writer.writerow([asset.path, *(row[name] for name in names)])
    return text.getvalue()


def _json(
    index: FaceIndex, table: Sequence[dict[str, Any]], assets: Sequence[Asset], view: str
) -> str:
    document = index.catalog.document
    kept = ("name", "licence", "provenance", "software", "sealed_at", "spec_digest")
    manifest = document.get("manifest", {})
    files = [
        {"file": asset.path} | {k: v for k, v in row.items() if k not in ("uri", "offset")}
        for row, asset in zip(table, assets, strict=True)
    ]
    top = {
        "catalog": {name: document[name] for name in kept if name in document}
        | {"content_digest": manifest.get("content_digest")},
        "view": view,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "count": len(files),
        "faces": files,
    }
    return json.dumps(top, indent=1, ensure_ascii=False, default=str) + "\n"


def _licence(index: FaceIndex) -> str:
    document = index.catalog.document
    licence = document.get("licence", "named in catalog.json of the catalog")
    return (
        f"The pictures in this pack come from the catalog {document.get('name', '')!s}\n"
        f"and are licensed under {licence}.\n\n"
        f"{document.get('provenance', 'Every image is synthetic.')}\n\n"
        "The people shown do not exist. Attributes are perceived by software, which errs.\n"
    )
