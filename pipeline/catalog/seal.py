"""Seal a finished job: check every row, write the manifest, and say what the catalog holds."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from pipeline import __version__
from pipeline.assets.encode import sha256
from pipeline.assets.extras import describe
from pipeline.catalog.content import ContentDigest
from pipeline.catalog.layout import CATALOG_KEY
from pipeline.catalog.ledger import Ledger
from pipeline.catalog.manifest import ROW_GROUP_ROWS, SCHEMA_VERSION, open_writer
from pipeline.catalog.order import Order, read_order
from pipeline.catalog.previews import SHEET_KEY, contact_sheet_file
from pipeline.catalog.read import Catalog, open_catalog
from pipeline.catalog.receipts import Work, fetch_shards, read_receipts, total
from pipeline.catalog.report import build_report, render_report
from pipeline.errors import CatalogError
from pipeline.provenance.xmp import DIGITAL_SOURCE_TYPE
from pipeline.storage import Store

PART_ROWS = 4 * ROW_GROUP_ROWS
"""Rows of a part of the manifest: few enough that its file, some 100 MB, is held in memory."""

LICENCE = (
    "The pictures show nobody and were made by software; the makers of populace claim no rights "
    "in them. Whoever ran the job sets the terms of this catalog."
)
PROVENANCE = (
    "Every image is synthetic: rendered by the generator named here and labelled in its XMP data "
    f"as {DIGITAL_SOURCE_TYPE}. Attributes are perceived by a scorer in the pixels; they say how a "
    "picture looks, never who anybody is."
)

_PARQUET = "application/vnd.apache.parquet"


@dataclass(frozen=True)
class SealSummary:
    """What is sealed. already: it was so before this call, which then changed nothing."""

    name: str
    count: int
    content_digest: str
    already: bool


def seal(
    store: Store,
    job: Mapping[str, Any],
    *,
    licence: str = LICENCE,
    known: Mapping[str, Any] | None = None,
    threads: int = 8,
    memory: str = "1GB",
) -> SealSummary:
    """Turn the committed shards of a job into a sealed catalog, `catalog.json` last.

    job: the content of `job.json`. licence: the terms, as text for `catalog.json`. known: what is
    estimated of the job, for the report: `truth`, what `true_balance` says, `natural`, what
    `natural_margins` says, `surrogate`, the figures of a calibration, and `directions`, what
    `Directions.document` says; each may be left out.
    memory: how much of it DuckDB may use; what does not fit spills to the temporary folder.

    Receipts say what is committed. Raises CatalogError, with nothing sealed, unless exactly the
    ordered faces are there. Everything is written to fixed keys with the same content each time, so
    that a seal killed anywhere is finished by another one; of two at once, the first one counts.
    """
    order = read_order(job)
    if store.exists(CATALOG_KEY):
        return _sealed_before(open_catalog(store, 1), order, None)
    receipts = read_receipts(store, order.shards, threads)
    work = total(receipts)
    with TemporaryDirectory(prefix="populace-seal-") as name:
        folder = Path(name)
        schema = fetch_shards(store, receipts, folder, threads)
        ledger = Ledger(folder, schema, memory, threads, order.variations)
        try:
            ledger.check(order)
            each = max(1, len(order.variations))
            parts, digest = _write_manifest(store, ledger, schema, folder, each)
            sheet = contact_sheet_file(store, order, ledger.first_of_cells, threads)
            report = build_report(order, job, work, ledger, digest, known)
        finally:
            ledger.close()
    store.put(SHEET_KEY, sheet, "image/jpeg")
    store.put("report.json", _json(report), "application/json")
    store.put("report.html", render_report(report, sheet).encode(), "text/html; charset=utf-8")
    document = _document(order, job, work, parts, digest, licence)
    if not store.create(CATALOG_KEY, _json(document), "application/json"):
        return _sealed_before(open_catalog(store, 1), order, digest)
    return SealSummary(order.name, order.count, digest, already=False)


def _write_manifest(
    store: Store, ledger: Ledger, schema: pa.Schema, folder: Path, each: int
) -> tuple[list[dict[str, object]], str]:
    """Write the parts of the manifest; what `catalog.json` says of each, and the content digest.

    each: rows of a person, which no row group and no part divides.
    """
    digest = ContentDigest(schema)
    parts: list[dict[str, object]] = []
    tables = ledger.sorted_tables(max(each, ROW_GROUP_ROWS - ROW_GROUP_ROWS % each))
    table = next(tables, None)
    while table is not None:
        path = folder / "part.parquet.tmp"
        rows = 0
        with open_writer(str(path), schema) as writer:
            while table is not None and rows < PART_ROWS:
                writer.write_table(table, row_group_size=max(each, ROW_GROUP_ROWS))
                for batch in table.to_batches():
                    digest.update(batch)
                rows += table.num_rows
                table = next(tables, None)
        data = path.read_bytes()
        key = f"manifest/part-{len(parts):05d}.parquet"
        store.put(key, data, _PARQUET)
        parts.append({"key": key, "rows": rows, "bytes": len(data), "sha256": sha256(data)})
    return parts, digest.hexdigest()


def _document(
    order: Order,
    job: Mapping[str, Any],
    work: Work,
    parts: list[dict[str, object]],
    digest: str,
    licence: str,
) -> dict[str, object]:
    """The content of `catalog.json`; all but `sealed_at` follows from the rows and the job."""
    return {
        "name": order.name,
        "count": order.count,
        **({"people": order.people, "variations": order.variations} if order.variations else {}),
        "bytes": work.bytes,
        "schema_version": SCHEMA_VERSION,
        "software": f"populace {__version__}",
        "sealed_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "licence": licence,
        "provenance": PROVENANCE,
        "spec": job["spec"],
        "spec_digest": order.spec_digest,
        "generator": order.generator,
        "scorer": order.scorer,
        "surrogate": job.get("surrogate"),
        **({"directions": job["directions"]} if "directions" in job else {}),
        "manifest": {"content_digest": digest, "parts": parts},
        "extras": {kind: describe(kind) for kind in job["spec"].get("extras", ())},
        # The ledger has checked that every cell holds what was asked.
        "cells": [
            {
                "cell": cell.index,
                "label": cell.label,
                "bins": cell.bins,
                "asked": cell.count,
                "delivered": cell.count,
            }
            for cell in order.cells
        ],
    }


def _sealed_before(catalog: Catalog, order: Order, digest: str | None) -> SealSummary:
    """The summary of a catalog that somebody sealed first, if it is the one that we would seal."""
    document = catalog.document
    found = str(document["manifest"]["content_digest"])
    other_spec = document["spec_digest"] != order.spec_digest
    if other_spec or (digest is not None and digest != found):
        why = "by another spec" if other_spec else "with other rows"
        raise CatalogError(
            f"{catalog.store.uri} is already sealed {why}; run this job into a new output"
        )
    return SealSummary(order.name, catalog.count(), found, already=True)


def _json(document: Mapping[str, object]) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
