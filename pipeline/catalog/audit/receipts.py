"""Compare the manifest with what the job committed, where its receipts are still there."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.assets.encode import sha256
from pipeline.catalog.audit.findings import Findings
from pipeline.catalog.audit.ordered import Ordered
from pipeline.catalog.audit.parts import schema_of
from pipeline.catalog.audit.register import Register
from pipeline.catalog.fetch import in_order
from pipeline.catalog.layout import RECEIPTS, SHARDS, own_key, receipt_key, shard_key
from pipeline.catalog.receipts import Receipt, read_receipt
from pipeline.errors import CatalogError
from pipeline.storage import MissingObject, Store


@dataclass(frozen=True)
class Compared:
    """How many receipts were read, and with how many of their shards' rows."""

    receipts: int
    tables: int


def check_receipts(
    store: Store, ordered: Ordered, register: Register, findings: Findings, threads: int
) -> Compared:
    """Add a finding for every receipt that is wrong or missing, and every row it did not commit.

    A catalog may be handed on without them: then nothing is compared. Their rows may be gone alone.
    """
    keys = [key for key in store.list(RECEIPTS) if key.endswith(".json")]
    if not keys:
        return Compared(0, 0)
    has_tables = any(True for _ in store.list(SHARDS))
    wanted = {receipt_key(shard) for shard in range(ordered.spec.shards)}
    for key in sorted(wanted - set(keys)):
        findings.add("receipts", key, "a receipt", "none")
    for key in sorted(set(keys) - wanted):
        findings.add("receipts", key, "no such shard", "a receipt")
    delivered = register.shards()
    read = tables = 0

    def bring(key: str) -> tuple[str, Receipt | CatalogError, bytes | None]:
        try:
            receipt = read_receipt(store, key)
        except CatalogError as error:
            return key, error, None
        try:
            return key, receipt, store.get(_table_key(receipt)) if has_tables else None
        except MissingObject:
            return key, receipt, None

    for key, receipt, data in in_order(bring, sorted(wanted & set(keys)), threads):
        if isinstance(receipt, CatalogError):
            findings.add("receipts", key, "a receipt", receipt)
            continue
        read += 1
        rows, size = delivered.get(receipt.shard, (0, 0))
        for what, expected, found in (
            ("place", receipt_key(receipt.shard), key),
            ("table", _table_key(receipt), receipt.key),
            ("rows in the manifest", receipt.rows, rows),
            ("bytes of its rows' files", receipt.bytes, size),
        ):
            if expected != found:
                findings.add("receipts", f"{key}, {what}", expected, found)
        if has_tables:
            tables += _remember(receipt, data, ordered, register, findings)
    for place, there, committed in register.strangers():
        findings.add(
            "receipts",
            "a row" if place is None else ordered.place_named(place),
            f"the row of asset {committed} as committed" if committed else "no row",
            f"another row, of asset {there}" if there else "no row",
        )
    return Compared(read, tables)


def _table_key(receipt: Receipt) -> str:
    """Where a shard's rows belong: if another attempt had their key, to one with their digest."""
    key = shard_key(receipt.shard)
    own = own_key(key, receipt.sha256)
    return own if receipt.key == own else key


def _remember(
    receipt: Receipt, data: bytes | None, ordered: Ordered, register: Register, findings: Findings
) -> bool:
    """Put a shard's rows beside the manifest's, if they are those that its receipt commits."""
    subject = _table_key(receipt)
    if data is None:
        findings.add("receipts", subject, "the rows that the receipt commits", "none")
        return False
    digest = sha256(data)
    if digest != receipt.sha256:
        findings.add("receipts", subject, f"sha256 {receipt.sha256}", f"sha256 {digest}")
        return False
    schema = schema_of(ordered)
    try:
        rows = pq.read_table(pa.BufferReader(data))
        fits = rows.schema.equals(schema, check_metadata=False)
    except (pa.ArrowException, OSError) as error:
        findings.add("receipts", subject, "a readable Parquet file", error)
        return False
    if not fits:
        findings.add("receipts", subject, "the manifest's columns", "others")
        return False
    register.add_committed(rows)
    return True
