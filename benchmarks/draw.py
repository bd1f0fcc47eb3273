"""Measure balanced draws from a manifest of made-up rows: seconds, CPU-seconds and peak memory.

python benchmarks/draw.py 2000000 [FOLDER]   # rows; FOLDER keeps the manifest for the next time
"""

import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.attributes.taxonomy import BY_NAME
from pipeline.catalog.draw import draw
from pipeline.catalog.manifest import ROW_GROUP_ROWS, manifest_schema, open_writer
from pipeline.catalog.read import open_catalog
from pipeline.catalog.seal import PART_ROWS
from pipeline.storage import open_store

BALANCED = ["age", "gender_presentation"]


def make(folder: Path, rows: int, latent_size: int = 8) -> None:
    """A catalog of `rows` faces of natural ages, without pictures."""
    schema = manifest_schema([], latent_size, "0" * 64)
    rng = np.random.default_rng(0)
    parts: list[dict[str, Any]] = []
    (folder / "manifest").mkdir(parents=True)
    for first in range(0, rows, PART_ROWS):
        path = folder / f"manifest/part-{len(parts):05d}.parquet"
        last = min(rows, first + PART_ROWS)
        with open_writer(str(path), schema) as writer:
            for start in range(first, last, ROW_GROUP_ROWS):
                size = min(ROW_GROUP_ROWS, last - start)
                columns = [_column(field, start, size, rng) for field in schema]
                writer.write_table(pa.table(columns, schema=schema), row_group_size=size)
        size = path.stat().st_size
        key = path.relative_to(folder).as_posix()
        parts.append({"key": key, "rows": last - first, "bytes": size, "sha256": "0" * 64})
    document = {"schema_version": "1", "cells": [], "manifest": {"parts": parts}}
    (folder / "catalog.json").write_text(json.dumps(document))


def _column(field: "pa.Field[Any]", start: int, size: int, rng: np.random.Generator) -> Any:
    attribute = BY_NAME.get(field.name)
    if field.name in ("asset_id", "sha256", "pixels_sha256"):
        digits = 20 if field.name == "asset_id" else 64
        text = pa.py_buffer(rng.bytes(size * digits // 2).hex().encode())
        fixed = pa.Array.from_buffers(pa.binary(digits), size, [None, text])
        return fixed.cast(pa.binary()).cast(pa.string())
    if field.name == "slot":
        return np.arange(start, start + size)
    if field.name == "age":
        return np.clip(rng.gamma(6, 6, size), 0, 99).astype(np.float32)
    if attribute is not None and attribute.kind == "class":
        odds = 1 / np.arange(1, len(attribute.classes) + 1)
        chosen = rng.choice(len(attribute.classes), size, p=odds / odds.sum())
        return pa.array(np.asarray(attribute.classes)[chosen])
    if attribute is not None:
        values = rng.uniform(attribute.low, attribute.high, size)
        return pa.array(values).cast(field.type, safe=False)
    if pa.types.is_string(field.type):
        return pa.array([f"packs/{start // 1000:06d}.tar"] * size)
    if pa.types.is_list(field.type):
        return pa.array([[0.5] * 8] * size, field.type)
    return pa.array(np.ones(size)).cast(field.type)


def measure(folder: Path) -> None:
    """Time draws by their kind."""
    catalog = open_catalog(open_store(str(folder)))
    kinds: dict[str, dict[str, Any]] = {
        "1,000 by quotas": {"count": 1000},
        "1,000 by weights": {"count": 1000, "method": "weights"},
        "1,000 where frontal": {"count": 1000, "where": "yaw BETWEEN -10 AND 10"},
        "100,000 by quotas": {"count": 100_000, "allow_short": True},
        "all, with weights": {"method": "weights"},
    }
    print(f"{catalog.count():,} rows, seconds / CPU-seconds / peak MB")
    for kind, options in kinds.items():
        start, cpu = time.perf_counter(), time.process_time()
        with draw(catalog, BALANCED, **options) as drawn:
            seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            print(f"{kind:20} {seconds:6.2f} {cpu:6.2f} {peak:6,}   {drawn.summary.drawn:,} faces")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(sys.argv[2] if len(sys.argv) > 2 else temporary) / sys.argv[1]
        if not place.exists():
            make(place, int(sys.argv[1]))
        measure(place)
