"""Name the assets and keys of a job's output, for those who write it and those who read it."""

import hashlib

JOB_KEY = "job.json"
CATALOG_KEY = "catalog.json"
RECEIPTS = "receipts/"
SHARDS = "shards/"
VERSIONS = "versions/"
EXTENSIONS = "extensions/"


def receipt_key(shard: int) -> str:
    """The key whose creation commits a shard."""
    return f"{RECEIPTS}{shard:06d}.json"


def shard_key(shard: int) -> str:
    """The key of a shard's rows."""
    return f"{SHARDS}{shard:06d}.parquet"


def own_key(key: str, digest: str) -> str:
    """Where bytes of this sha256 (hex) go when the key of their like is taken by other bytes.

    `images/000001/a.depth.png` is `images/000001/a-0123456789abcdef.depth.png` then.
    """
    folder, slash, name = key.rpartition("/")
    stem, dot, ending = name.partition(".")
    return f"{folder}{slash}{stem}-{digest[:16]}{dot}{ending}"


def version_key(version: int) -> str:
    """The key whose creation makes a version of a catalog; that of the first is `catalog.json`."""
    return CATALOG_KEY if version == 1 else f"{VERSIONS}{version:06d}.json"


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
