"""Name the keys of a job's output, for those who write it and those who read it."""

JOB_KEY = "job.json"
CATALOG_KEY = "catalog.json"
RECEIPTS = "receipts/"


def receipt_key(shard: int) -> str:
    """The key whose creation commits a shard."""
    return f"{RECEIPTS}{shard:06d}.json"


def shard_key(shard: int) -> str:
    """The key of a shard's rows."""
    return f"shards/{shard:06d}.parquet"
