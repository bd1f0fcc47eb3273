"""Keep objects in a local folder or in S3, behind one small protocol."""

from pipeline.storage.local import LocalStore
from pipeline.storage.location import LocalLocation, Location, check_endpoint, parse_uri
from pipeline.storage.store import MissingObject, Store

__all__ = ["Location", "MissingObject", "Store", "check_endpoint", "open_store", "parse_uri"]


def open_store(uri: str, *, endpoint: str | None = None) -> Store:
    """Open `./dir`, `/abs/dir`, `file:///abs/dir` or `s3://bucket/prefix`; nothing is sent yet.

    `endpoint` is for S3 only: another server than the environment's `AWS_ENDPOINT_URL_S3` or
    `AWS_ENDPOINT_URL`, or than Amazon's own. A local store has no use for it.

    Raises:
        SpecError: the URI or the endpoint cannot be meant as it stands.
        StoreError: boto3 cannot make a client from the AWS settings found.
    """
    location = parse_uri(uri)
    if isinstance(location, LocalLocation):
        return LocalStore(location)
    # Here, because boto3 takes longer to import than the whole command may to answer `--help`.
    from pipeline.storage.s3 import S3Store

    return S3Store(location, endpoint)
