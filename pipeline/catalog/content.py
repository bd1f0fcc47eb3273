"""Digest what rows say, whatever Parquet, batches or machine they came through."""

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

NOT_CONTENT = frozenset({"device"})
"""Columns left out: the same shard made on other hardware of the same kind is the same content."""


class ContentDigest:
    """A running sha256 over rows, in their order, in constant memory.

    Each column has three hashes of its own (which values are present, lengths, values), so that
    the result does not depend on where one batch ends and the next begins.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self._columns = {
            field.name: (hashlib.sha256(), hashlib.sha256(), hashlib.sha256())
            for field in schema
            if field.name not in NOT_CONTENT
        }
        self._types = {field.name: str(field.type) for field in schema}
        self._rows = 0

    def update(self, batch: pa.RecordBatch) -> None:
        """Add the rows of a batch in the schema given at the start."""
        self._rows += batch.num_rows
        for name, (present, lengths, values) in self._columns.items():
            array: Any = batch.column(name)
            present.update(_numbers(array.is_valid().cast(pa.uint8())))
            if pa.types.is_list(array.type):
                lengths.update(_numbers(pc.list_value_length(array)))
                values.update(_numbers(array.flatten()))
            elif pa.types.is_string(array.type):
                lengths.update(_numbers(pc.binary_length(array)))
                values.update(_text(array))
            else:
                values.update(_numbers(array))

    def hexdigest(self) -> str:
        """The sha256 over all rows so far; the order of columns does not matter."""
        whole = hashlib.sha256(f"populace content 1, {self._rows} rows\n".encode())
        for name, hashes in sorted(self._columns.items()):
            parts = " ".join(part.hexdigest() for part in hashes)
            whole.update(f"{name} {self._types[name]} {parts}\n".encode())
        return whole.hexdigest()


def content_digest(table: pa.Table) -> str:
    """The sha256 (hex) of a table's rows in their order, leaving out `device`."""
    digest = ContentDigest(table.schema)
    for batch in table.to_batches():
        digest.update(batch)
    return digest.hexdigest()


def _numbers(array: "pa.Array[Any]") -> bytes:
    """Fixed-width values as little-endian bytes, zero where null."""
    values = array.fill_null(0).to_numpy(zero_copy_only=False)
    return np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<")).tobytes()


def _text(array: "pa.Array[Any]") -> memoryview:
    """All strings of an array, one behind the other, as UTF-8."""
    filled: Any = array.fill_null("")
    _, offsets, data = filled.buffers()
    if data is None:
        return memoryview(b"")
    ends = np.frombuffer(offsets, dtype=np.int32)[filled.offset : filled.offset + len(filled) + 1]
    return memoryview(data)[int(ends[0]) : int(ends[-1])]
