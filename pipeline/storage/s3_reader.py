"""Read whole objects and ranges from S3 by a client without Python's lock.

boto3 takes 1.5 ms of a core for a request, all of it under Python's lock, so that no number of
threads reads more than some 600 files a second. obstore, a client in Rust, takes a quarter of that,
outside the lock.
"""

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from botocore.credentials import Credentials

from pipeline.storage.location import S3Location
from pipeline.storage.s3_client import CONNECT_SECONDS, READ_SECONDS

_PLAIN = re.compile(r"[A-Za-z0-9._/-]*")
"""Keys that both clients write in the same way in an address."""

_TRUSTED = timedelta(minutes=5)
"""Time for which credentials are used before boto3 is asked for them again, which renews them."""

_MOST_OUTDONE = 64
"""Reads in a row that boto3 had to do after which no more are tried here."""


class S3Reader:
    """Tries each read once; what fails is for boto3, which tries again and explains.

    It serves only the process that made it: its threads do not survive a fork.
    """

    def __init__(
        self, location: S3Location, region: str, address: str, credentials: Credentials
    ) -> None:
        """Remember all that a request needs; nothing is sent yet. address: that boto3 sends to."""
        self._root = f"{location.prefix}/" if location.prefix else ""
        self._bucket, self._region, self._address = location.bucket, region, address
        self._credentials = credentials
        self._process = os.getpid()
        self._outdone = 0

    def serves(self, key: str, start: int | None, length: int | None) -> bool:
        """Whether `read` is worth a try."""
        return (
            self._outdone < _MOST_OUTDONE
            and not (start and length is None)
            and os.getpid() == self._process
            and _PLAIN.fullmatch(self._root + key) is not None
        )

    def read(self, key: str, start: int | None, length: int | None) -> bytes:
        """An object, or `length` > 0 bytes of it from `start`; any error where that fails."""
        import obstore

        if length is None:
            data = obstore.get(self._store, self._root + key).bytes()
        else:
            data = obstore.get_range(self._store, self._root + key, start=start or 0, length=length)
        self._outdone = 0
        return bytes(data)

    def outdone(self) -> None:
        """Count that boto3 could read what this one could not: perhaps it never can here."""
        self._outdone += 1

    @cached_property
    def _store(self) -> Any:
        from obstore.store import S3Store

        # What is not said here it takes from variables of its own choice in the environment, and
        # AWS_ENDPOINT_URL_S3 even before an `endpoint`.
        return S3Store(
            self._bucket,
            region=self._region,
            aws_endpoint_url_s3=self._address,
            skip_signature=False,
            virtual_hosted_style_request=False,
            s3_express=False,
            credential_provider=_provider(self._credentials),
            client_options={
                "allow_http": self._address.startswith("http:"),
                "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
                "read_timeout": timedelta(seconds=READ_SECONDS),
                "timeout": timedelta(hours=1),  # of a whole object, over a slow network
            },
            retry_config={"max_retries": 0},
        )


def _provider(credentials: Credentials) -> Callable[[], Any]:
    def provide() -> dict[str, Any]:
        now = credentials.get_frozen_credentials()
        return {
            "access_key_id": now.access_key,
            "secret_access_key": now.secret_key,
            "token": now.token,
            "expires_at": datetime.now(UTC) + _TRUSTED,
        }

    return provide
