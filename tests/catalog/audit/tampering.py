"""Alter a sealed catalog as somebody would who wants to hide it: with its digests mended."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.assets.encode import sha256
from pipeline.catalog.content import content_digest
from pipeline.catalog.manifest import write_parquet

PART = "manifest/part-00000.parquet"


class Catalog:
    """A copy of a catalog in a folder, to be altered."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def document(self) -> dict[str, Any]:
        """The content of `catalog.json`."""
        return json.loads((self.folder / "catalog.json").read_text())

    def edit(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Change `catalog.json`."""
        document = self.document
        change(document)
        (self.folder / "catalog.json").write_text(json.dumps(document))

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of the manifest's one part."""
        return self._table().to_pylist()

    def write_rows(self, rows: list[dict[str, Any]]) -> None:
        """Write the part anew, and mend all that `catalog.json` says of it and of the bytes."""
        table = pa.Table.from_pylist(rows, schema=self._table().schema)
        data = write_parquet(table)
        (self.folder / PART).write_bytes(data)
        part = {"key": PART, "rows": len(rows), "bytes": len(data), "sha256": sha256(data)}

        def mend(document: dict[str, Any]) -> None:
            document["manifest"] = {"content_digest": content_digest(table), "parts": [part]}
            document["bytes"] = sum(row["length"] or 0 for row in rows)

        self.edit(mend)

    def edit_rows(self, change: Callable[[list[dict[str, Any]]], object]) -> None:
        """Change rows, and mend."""
        rows = self.rows
        change(rows)
        self.write_rows(rows)

    def image(self, row: dict[str, Any]) -> bytes:
        """The file of a row."""
        data = (self.folder / row["uri"]).read_bytes()
        return data[row["offset"] : row["offset"] + row["length"]]

    def put_image(self, row: dict[str, Any], data: bytes) -> None:
        """Replace the file of a row in the layout `files`, and mend the row given."""
        (self.folder / row["uri"]).write_bytes(data)
        row["length"], row["sha256"] = len(data), sha256(data)

    def forget_commits(self) -> None:
        """Remove receipts and shards, as some do who pass a catalog on."""
        for name in ("receipts", "shards"):
            for path in (self.folder / name).iterdir():
                path.unlink()

    def _table(self) -> pa.Table:
        return pq.read_table(io.BytesIO((self.folder / PART).read_bytes()))
