"""Sealed catalogs of rows without pictures: any values, in any order, cut into parts anywhere."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from pipeline.attributes.taxonomy import ATTRIBUTES
from pipeline.catalog.manifest import manifest_schema, open_writer
from pipeline.catalog.read import Catalog, open_catalog
from pipeline.storage import Store


def name_of(index: int) -> str:
    """The asset_id of a face, as jobs make them: 20 hexadecimal digits."""
    return hashlib.sha256(str(index).encode()).hexdigest()[:20]


def fake_catalog(
    store: Store,
    rows: Sequence[Mapping[str, Any]],
    *,
    part_rows: int = 10**9,
    group_rows: int = 10**9,
    bins: Mapping[str, Sequence[str]] | None = None,
) -> Catalog:
    """A catalog of these rows: attributes and `asset_id`; other columns say nothing of note.

    part_rows, group_rows: rows to a part and to a row group. bins: as if the job had ordered them.
    """
    schema = manifest_schema(list(bins or ()), 4, "5" * 64)
    parts = []
    for start in range(0, len(rows), part_rows):
        table = _table(rows[start : start + part_rows], start, schema)
        sink = pa.BufferOutputStream()
        with open_writer(sink, schema) as writer:
            writer.write_table(table, row_group_size=group_rows)
        data = sink.getvalue().to_pybytes()
        key = f"manifest/part-{len(parts):05d}.parquet"
        store.put(key, data)
        digest = hashlib.sha256(data).hexdigest()
        parts.append({"key": key, "rows": table.num_rows, "bytes": len(data), "sha256": digest})
    ordered = [{"bins": {n: b}, "asked": 1} for n, some in (bins or {}).items() for b in some]
    document = {"schema_version": "1", "cells": ordered, "manifest": {"parts": parts}}
    store.put("catalog.json", json.dumps(document).encode())
    return open_catalog(store)


def _table(rows: Sequence[Mapping[str, Any]], start: int, schema: pa.Schema) -> pa.Table:
    columns = []
    for field in schema:
        if field.name in rows[0]:
            values = [row[field.name] for row in rows]
        elif field.name == "slot":
            values = [start + index for index in range(len(rows))]
        elif field.name in {attribute.name for attribute in ATTRIBUTES}:
            values = [None] * len(rows)
        elif field.name == "uri":
            values = [f"images/000000/{row['asset_id']}.jpg" for row in rows]
        elif pa.types.is_string(field.type):
            values = ["jpeg"] * len(rows)
        elif pa.types.is_list(field.type):
            values = [[0.5]] * len(rows)
        else:
            values = [1] * len(rows)
        columns.append(pa.array(values, field.type))
    return pa.table(columns, schema=schema)
