"""Bring the manifest's parts to this machine, one at a time, and check that they are the sealed."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.catalog.audit.findings import Findings
from pipeline.catalog.audit.ordered import Ordered
from pipeline.catalog.manifest import SCHEMA_VERSION, manifest_schema
from pipeline.catalog.read import Catalog, Part
from pipeline.storage import MissingObject, Store

BATCH = 8192
"""Rows in memory at a time."""

_PIECE = 8 * 1024 * 1024
"""Bytes of a part in memory at a time."""

_HEADER = {
    b"populace.schema": "version of the schema in the file",
    b"populace.spec_digest": "spec digest in the file",
}


def schema_of(ordered: Ordered) -> pa.Schema:
    """The columns that a catalog of this order has; what they say of themselves may differ."""
    balanced = [axis.attribute for axis in ordered.spec.target.axes]
    spec = ordered.spec
    varied = bool(spec.varied)
    return manifest_schema(balanced, 0, ordered.spec_digest, spec.extras, varied=varied)


def batches(
    catalog: Catalog, ordered: Ordered, folder: Path, findings: Findings
) -> Iterator[pa.RecordBatch]:
    """All rows that can be read, some at a time, part by part, each in `schema_of`.

    A part that is missing, damaged or another than `catalog.json` names is a finding; as many of
    its rows come as can be read. `folder` holds one part at a time.
    """
    schema, path = schema_of(ordered), folder / "part.parquet.tmp"
    for part in catalog.parts:
        if not _brought(catalog.store, part, path, findings):
            continue
        rows = 0
        try:
            file = pq.ParquetFile(path)
            if _columns_fit(file.schema_arrow, schema, part, findings):
                for batch in file.iter_batches(BATCH):
                    rows += batch.num_rows
                    yield pa.record_batch(batch.columns, schema=schema)
        except (pa.ArrowException, OSError) as error:
            reason = " ".join(str(error).split())[:120]
            findings.add("parts", part.key, "a readable Parquet file", reason)
        else:
            if rows != part.rows:
                findings.add("parts", part.key, f"{part.rows:,} rows", f"{rows:,} rows")
        path.unlink()


def _brought(store: Store, part: Part, path: Path, findings: Findings) -> bool:
    """Write a part to `path` and compare its size and sha256; False where there is none."""
    digest = hashlib.sha256()
    try:
        size = store.size(part.key)
        with path.open("wb") as file:
            for start in range(0, size, _PIECE):
                piece = store.get(part.key, start, _PIECE)
                digest.update(piece)
                file.write(piece)
    except MissingObject:
        findings.add("parts", part.key, "a file", "none")
        return False
    if size != part.bytes:
        findings.add("parts", part.key, f"{part.bytes:,} bytes", f"{size:,} bytes")
    if digest.hexdigest() != part.sha256:
        findings.add("parts", part.key, f"sha256 {part.sha256}", f"sha256 {digest.hexdigest()}")
    return True


def _columns_fit(found: pa.Schema, schema: pa.Schema, part: Part, findings: Findings) -> bool:
    """Whether a part has the columns of its order; their docs do not count."""
    wanted = {field.name: str(field.type) for field in schema}
    there = {field.name: str(field.type) for field in found}
    for name in {**wanted, **there}:
        if wanted.get(name) != there.get(name):
            subject = f"{part.key}, column {name}"
            findings.add("parts", subject, wanted.get(name, "none"), there.get(name, "none"))
    told = found.metadata or {}
    header = {b"populace.schema": SCHEMA_VERSION.encode(), **(schema.metadata or {})}
    for key, what in _HEADER.items():
        if told.get(key) != header[key]:
            answer = told.get(key, b"none").decode(errors="replace")
            findings.add("parts", f"{part.key}, {what}", header[key].decode(), answer)
    return found.names == schema.names and wanted == there
