"""Keep objects in S3, or in another server that speaks it."""

import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from pipeline.errors import StoreError
from pipeline.storage.keys import check_key, check_prefix, check_range, fault_of_key
from pipeline.storage.location import S3Location, check_endpoint
from pipeline.storage.s3_client import connect, endpoint_from_environment, new_session
from pipeline.storage.s3_errors import code_of, explain, status_of
from pipeline.storage.s3_reader import S3Reader
from pipeline.storage.store import MissingObject

PART = 8 * 1024 * 1024
"""Bytes a part; larger objects are sent in parts. S3 allows 5 MiB to 5 GiB and 10,000 parts."""

PARTS_AT_ONCE = 4
"""Parts of one object in flight."""

_T = TypeVar("_T")
_BROKEN_BODY = (IncompleteReadError, ResponseStreamingError)


class S3Store:
    """A `Store` below a bucket's prefix. Credentials are looked up anew in every process."""

    def __init__(self, location: S3Location, endpoint: str | None = None) -> None:
        """Take `endpoint`, else the environment's, else Amazon's; nothing is sent yet."""
        endpoint = endpoint or endpoint_from_environment()
        self.location = location
        self.endpoint = check_endpoint(endpoint) if endpoint else None
        self._root = location.root
        self._conditions_kept = False
        try:
            session = new_session()
            self._client = connect(self.endpoint, session)
            sent, credentials = self._client.meta, session.get_credentials()
        except (BotoCoreError, ValueError) as error:
            raise explain(error, self.uri, self.endpoint) from error
        self._reader = credentials and S3Reader(
            location, sent.region_name, sent.endpoint_url, credentials
        )

    def __reduce__(
        self,
    ) -> tuple[Callable[..., "S3Store"], tuple[S3Location, str | None], dict[str, bool]]:
        # Neither sockets nor credentials travel; what was found out here does.
        found = {"_conditions_kept": self._conditions_kept}
        return S3Store, (self.location, self.endpoint), found

    @property
    def uri(self) -> str:
        """`s3://bucket/prefix`."""
        return self.location.uri

    @property
    def readers(self) -> int:
        """Enough that a request's way there and back hardly counts."""
        return 16

    def get(self, key: str, start: int | None = None, length: int | None = None) -> bytes:
        """Read an object, or a range by one HTTP range request; see `Store.get`."""
        check_range(self.uri, key, start, length)
        if length == 0:
            self.size(key)  # HTTP has no empty range; a missing object is still an error.
            return b""
        request = self._target(key)
        if start or length is not None:
            first = start or 0
            last = "" if length is None else first + length - 1
            request["Range"] = f"bytes={first}-{last}"
        reader = self._reader if self._reader and self._reader.serves(key, start, length) else None
        if reader:
            with suppress(Exception):  # Whatever it is, boto3 meets it too, and names it.
                return reader.read(key, start, length)
        with self._explained(key):
            try:
                data = self._read(request)
                if reader:
                    reader.outdone()
                return data
            except ClientError as error:
                if status_of(error) == 416:  # The range begins at the end or behind it.
                    return b""
                raise

    def put(self, key: str, data: bytes, content_type: str | None = None) -> None:
        """Write an object in one request, or in parts above `PART` bytes; see `Store.put`."""
        request = self._target(key, content_type)
        with self._explained(key):
            if len(data) <= PART:
                self._client.put_object(**request, Body=data)
                return
            try:
                self._put_parts(request, data)
            except ClientError as error:
                if code_of(error) != "NoSuchUpload":
                    raise
                # The upload was completed by a try whose answer was lost, or it was cleared away
                # by the server: writing the same object again mends both.
                self._put_parts(request, data)

    def create(self, key: str, data: bytes, content_type: str | None = None) -> bool:
        """Write an object only if the key is free; see `Store.create`.

        One request, whatever the size (S3 takes up to 5 GiB).
        """
        request = self._target(key, content_type)
        with self._explained(key):
            created = self._put_if_free(request, data)
            # Some servers ignore If-None-Match and overwrite. Jobs commit by it, so ask once: the
            # key is taken now, by these very bytes.
            if created and not self._conditions_kept and self._put_if_free(request, data):
                raise StoreError(
                    f"{self.uri}: the server ignores 'If-None-Match: *', by which jobs "
                    "commit; use a server with conditional writes, or a local folder"
                )
            self._conditions_kept = True
        return created

    def exists(self, key: str) -> bool:
        """Ask for an object's head."""
        return self._head(key) is not None

    def size(self, key: str) -> int:
        """Ask for an object's length in bytes."""
        return int(self._known_head(key)["ContentLength"])

    def stamp(self, key: str) -> str:
        """Ask for an object's ETag."""
        return str(self._known_head(key)["ETag"])

    def link(self, key: str, seconds: int) -> str:
        """Sign a request with the store's own credentials; it ends with these at the latest."""
        with self._explained(key):
            address: str = self._client.generate_presigned_url(
                "get_object", Params=self._target(key), ExpiresIn=seconds
            )
        return address

    def list(self, prefix: str) -> Iterator[str]:
        """Yield keys page by page, 1,000 a request; see `Store.list`.

        S3 itself orders them, except in its "directory buckets".
        """
        check_prefix(self.uri, prefix)
        return self._pages(prefix)

    def _pages(self, prefix: str) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.location.bucket, Prefix=self._root + prefix
        )
        with self._explained():
            for page in pages:
                for entry in page.get("Contents", ()):
                    key = entry["Key"].removeprefix(self._root)
                    if fault_of_key(key) is None:
                        yield key

    def _read(self, request: dict[str, Any]) -> bytes:
        def attempt() -> bytes:
            body = self._client.get_object(**request)["Body"]
            try:
                data: bytes = body.read()
            except ReadTimeoutError as error:
                # Told apart from a timeout before the body, after which boto3 has tried again.
                raise ResponseStreamingError(error=error) from error
            return data

        # boto3 tries again until the head of the answer is there, not where its body breaks off.
        return self._again_after(lambda error: isinstance(error, _BROKEN_BODY), attempt)

    def _known_head(self, key: str) -> dict[str, Any]:
        """What the server says of an object; MissingObject where there is none."""
        head = self._head(key)
        if head is None:
            raise MissingObject(self.uri, key)
        return head

    def _head(self, key: str) -> dict[str, Any] | None:
        """What the server says of an object, None where there is none."""
        with self._explained(key):
            try:
                head: dict[str, Any] = self._client.head_object(**self._target(key))
                return head
            except ClientError as error:
                if status_of(error) != 404:
                    raise
        with self._explained():
            # The answer has no body that says whether the object is missing or the bucket.
            self._client.head_bucket(Bucket=self.location.bucket)
        return None

    def _put_if_free(self, request: dict[str, Any], data: bytes) -> bool:
        def attempt() -> bool:
            try:
                self._client.put_object(**request, Body=data, IfNoneMatch="*")
            except ClientError as error:
                if status_of(error) == 412:
                    return False
                raise
            return True

        # 409: another conditional write to the key is under way. boto3 does not try again.
        return self._again_after(
            lambda error: isinstance(error, ClientError) and status_of(error) == 409, attempt
        )

    def _put_parts(self, request: dict[str, Any], data: bytes) -> None:
        """Send an object in parts; it appears once all have arrived, or not at all."""
        upload = {"Bucket": request["Bucket"], "Key": request["Key"]}
        upload["UploadId"] = self._client.create_multipart_upload(**request)["UploadId"]

        def send(number: int) -> dict[str, Any]:
            part = data[(number - 1) * PART : number * PART]
            sent = self._client.upload_part(**upload, PartNumber=number, Body=part)
            return {"PartNumber": number, "ETag": sent["ETag"]}

        try:
            with ThreadPoolExecutor(PARTS_AT_ONCE) as pool:
                parts = list(pool.map(send, range(1, -(-len(data) // PART) + 1)))
            self._client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
        except BaseException:
            # Parts left behind are invisible and billed. What went wrong matters more than whether
            # they could be thrown away.
            with suppress(BotoCoreError, ClientError):
                self._client.abort_multipart_upload(**upload)
            raise

    def _again_after(self, passing: Callable[[Exception], bool], attempt: Callable[[], _T]) -> _T:
        """Return what `attempt` returns; after errors that pass try as often as boto3 does."""
        for number in range(self._client.meta.config.retries["total_max_attempts"] - 1):
            try:
                return attempt()
            except Exception as error:
                if not passing(error):
                    raise
            # A random wait, so that those who collided do not collide again.
            time.sleep(random.uniform(0, min(5.0, 0.1 * 2**number)))
        return attempt()

    def _target(self, key: str, content_type: str | None = None) -> dict[str, Any]:
        """The parameters of every request about one object."""
        check_key(self.uri, key)
        target = {"Bucket": self.location.bucket, "Key": self._root + key}
        return target | ({"ContentType": content_type} if content_type else {})

    @contextmanager
    def _explained(self, key: str | None = None) -> Iterator[None]:
        """Turn boto3's errors into sentences."""
        try:
            yield
        except (BotoCoreError, ClientError) as error:
            raise explain(error, self.uri, self.endpoint, key) from error
