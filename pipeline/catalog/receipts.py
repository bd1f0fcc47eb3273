"""Read the receipts of a job and bring the shard tables that they vouch for to this machine."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.assets.encode import sha256
from pipeline.catalog.fetch import in_order
from pipeline.catalog.layout import RECEIPTS
from pipeline.errors import CatalogError
from pipeline.storage import Store

_AGAIN = "delete that receipt and run the job again"


@dataclass(frozen=True)
class Receipt:
    """The commit of one shard: what it holds and what it cost.

    draws: candidates. renders, previews: images rendered at full and at preview size. refused:
    reason -> candidates. seconds: stage -> seconds of work. bytes: size of the images and their
    extras. learned: digests of what was learned of the models first, if anything was.
    """

    shard: int
    rows: int
    key: str
    sha256: str
    draws: int
    renders: int
    previews: int
    refused: Mapping[str, int]
    seconds: Mapping[str, float]
    bytes: int
    device: str
    learned: Mapping[str, str]


@dataclass(frozen=True)
class Work:
    """What all shards of a job cost together; the fields are those of `Receipt`."""

    rows: int
    draws: int
    renders: int
    previews: int
    refused: Mapping[str, int]
    seconds: Mapping[str, float]
    bytes: int
    devices: Sequence[str]


def read_receipts(store: Store, shards: int, threads: int) -> list[Receipt]:
    """The receipts of shards 0 .. shards-1 in order; CatalogError names the shards without one."""
    keys = [key for key in store.list(RECEIPTS) if key.endswith(".json")]
    read = in_order(lambda key: read_receipt(store, key), keys, threads)
    found = {receipt.shard: receipt for receipt in read}
    missing = [shard for shard in range(shards) if shard not in found]
    if missing:
        raise CatalogError(
            f"{len(missing)} of {shards} shards of {store.uri} have no receipt yet "
            f"({_some(missing)}); run the same job again to make them"
        )
    strangers = [shard for shard in found if not 0 <= shard < shards]
    if strangers:
        raise CatalogError(
            f"{store.uri} holds receipts of shards that the job does not have "
            f"({_some(strangers)}); remove them, or run the job into a new output"
        )
    return [found[shard] for shard in range(shards)]


def total(receipts: Iterable[Receipt]) -> Work:
    """The sum of all receipts."""
    rows = draws = renders = previews = size = 0
    refused: Counter[str] = Counter()
    seconds: dict[str, float] = {}
    devices: set[str] = set()
    for receipt in receipts:
        rows += receipt.rows
        draws += receipt.draws
        renders += receipt.renders
        previews += receipt.previews
        size += receipt.bytes
        refused.update(receipt.refused)
        devices.add(receipt.device)
        for stage, value in receipt.seconds.items():
            seconds[stage] = seconds.get(stage, 0.0) + value
    return Work(
        rows,
        draws,
        renders,
        previews,
        dict(refused.most_common()),
        seconds,
        size,
        sorted(devices),
    )


def fetch_shards(
    store: Store, receipts: Sequence[Receipt], folder: Path, threads: int
) -> pa.Schema:
    """Write every shard's table to `folder`, checked against its receipt; their common schema.

    One shard a thread is in memory at a time. A table that is not the one committed, to the byte,
    is a CatalogError.
    """

    def fetch(receipt: Receipt) -> pa.Schema:
        data = store.get(receipt.key)
        if sha256(data) != receipt.sha256:
            raise CatalogError(
                f"{store.uri}/{receipt.key} is not the table that the receipt of shard "
                f"{receipt.shard} names; {_AGAIN}"
            )
        (folder / f"{receipt.shard:06d}.parquet").write_bytes(data)
        file = pq.ParquetFile(pa.BufferReader(data))
        if file.metadata.num_rows != receipt.rows:
            raise CatalogError(
                f"{store.uri}/{receipt.key} holds {file.metadata.num_rows} rows, its receipt says "
                f"{receipt.rows}; {_AGAIN}"
            )
        return file.schema_arrow

    schema: pa.Schema | None = None
    for receipt, found in zip(receipts, in_order(fetch, receipts, threads), strict=True):
        schema = found if schema is None else schema
        if not found.equals(schema, check_metadata=True):
            raise CatalogError(
                f"{store.uri}/{receipt.key} has other columns than {receipts[0].key}: it was "
                "made by another version or spec; run the job into a new output"
            )
    if schema is None:
        raise CatalogError(f"{store.uri} is a job without shards; order at least one face")
    return schema


def read_receipt(store: Store, key: str) -> Receipt:
    """The receipt under a key; CatalogError where it is damaged."""
    try:
        document = json.loads(store.get(key))
        return Receipt(
            shard=int(document["shard"]),
            rows=int(document["rows"]),
            key=str(document["manifest"]["key"]),
            sha256=str(document["manifest"]["sha256"]),
            draws=int(document["draws"]),
            renders=int(document["renders"]),
            previews=int(document["previews"]),
            refused={str(reason): int(n) for reason, n in document["refused"].items()},
            seconds={str(stage): float(s) for stage, s in document["seconds"].items()},
            bytes=int(document["bytes"]),
            device=str(document["device"]),
            learned={str(what): str(d) for what, d in document.get("learned", {}).items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CatalogError(f"{store.uri}/{key} is damaged ({error}); {_AGAIN}") from error


def _some(shards: Sequence[int]) -> str:
    shown = ", ".join(map(str, shards[:5]))
    return f"shard{'s' * (len(shards) > 1)} {shown}{', …' * (len(shards) > 5)}"
