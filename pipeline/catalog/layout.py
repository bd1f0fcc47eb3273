"""Name the assets and keys of a job's output, for those who write it and those who read it."""

import hashlib

JOB_KEY = "job.json"
CATALOG_KEY = "catalog.json"
RECEIPTS = "receipts/"
SHARDS = "shards/"


def receipt_key(shard: int) -> str:
    """The key whose creation commits a shard."""
    return f"{RECEIPTS}{shard:06d}.json"


def shard_key(shard: int) -> str:
    """The key of a shard's rows."""
    return f"{SHARDS}{shard:06d}.parquet"


def asset_name(
    spec_digest: str,
    generator_digest: str,
    scorer_digest: str,
    slot: int,
    variation: int | None = None,
) -> str:
    """The name of a slot's asset: 20 hexadecimal digits, the same in every run of the job.

    variation: which of the job's variations of the slot's person it is, if the job has any.
    """
    place = slot if variation is None else f"{slot}:{variation}"
    text = f"{spec_digest}:{generator_digest}:{scorer_digest}:{place}"
    return hashlib.sha256(text.encode()).hexdigest()[:20]
