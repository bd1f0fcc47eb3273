"""Read whole objects and ranges from S3 by a client without Python's lock.

boto3 takes 1.5 ms of a core for a request, all of it under Python's lock, so that no number of
threads reads more than some 600 files a second. obstore, a client in Rust, takes a quarter of that,
outside the lock.
"""

import math
import os
import re
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from botocore.credentials import Credentials

from pipeline.storage.location import S3Location

LARGEST = 8 * 1024 * 1024
"""Bytes of a whole object above which boto3 reads it: here it would be in memory twice."""

_PLAIN = re.compile(r"[A-Za-z0-9._/-]*")
"""Keys that both clients write in the same way in an address."""

_CONNECT, _SILENCE, _OBJECT = timedelta(seconds=3), timedelta(seconds=10), timedelta(minutes=10)
"""How long to wait for a connection, for the next bytes, and for all of them: not long, for Ctrl-C
waits, too, and boto3 has more patience."""

_HOPELESS, _MOST_OUTDONE = 3, 64
"""Reads in a row that boto3 had to do after which no more are tried: where none ever succeeded, for
good; else for REST."""

_REST = 60.0
"""Seconds."""

_CERTIFICATES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
"""Variables that name a file of certificates which boto3 trusts."""


class S3Reader:
    """Tries each read once; what fails is for boto3, which tries again and explains.

    obstore's threads do not survive a fork: processes that were forked after its first read leave
    everything to boto3.
    """

    _used_by: int | None = None
    """The process that has obstore's threads, and all that were forked from it have not."""

    def __init__(
        self, location: S3Location, region: str, address: str, credentials: Credentials
    ) -> None:
        """Remember all that a request needs; nothing is sent yet. address: that boto3 sends to."""
        self._root = location.root
        self._bucket, self._region, self._address = location.bucket, region, address
        self._credentials = credentials
        self._stores: dict[tuple[str | None, ...], Any] = {}
        self._outdone, self._succeeded, self._rests_until = 0, False, 0.0

    def serves(self, key: str, start: int | None, length: int | None) -> bool:
        """Whether `read` is worth a try."""
        return (
            S3Reader._used_by in (None, os.getpid())
            and not (start and length is None)
            and _PLAIN.fullmatch(self._root + key) is not None
            and time.monotonic() >= self._rests_until
        )

    def read(self, key: str, start: int | None, length: int | None) -> bytes:
        """An object, or `length` > 0 bytes of it from `start`; any error where that fails."""
        import obstore

        S3Reader._used_by = os.getpid()
        store, path = self._store(), self._root + key
        if length is None:
            found = obstore.get(store, path)
            if found.meta["size"] > LARGEST:
                raise ValueError("too large")
            if not found.meta["e_tag"]:  # S3 gives one; where a redirect led to may not
                raise ValueError("no object of S3")
            data = found.bytes()
        else:
            data = obstore.get_range(store, path, start=start or 0, length=length)
        self._outdone, self._succeeded = 0, True
        return bytes(data)

    def outdone(self) -> None:
        """Count that boto3 could read what this one could not: perhaps it never can here."""
        self._outdone += 1
        if self._outdone >= (_MOST_OUTDONE if self._succeeded else _HOPELESS):
            self._outdone = 0
            self._rests_until = time.monotonic() + _REST if self._succeeded else math.inf

    def _store(self) -> Any:
        """The client with today's credentials, which boto3 renews in time."""
        now = self._credentials.get_frozen_credentials()
        keys = (now.access_key, now.secret_key, now.token)
        if keys not in self._stores:
            self._stores = {keys: self._client(*keys)}
        return self._stores[keys]

    def _client(self, access_key: str | None, secret_key: str | None, token: str | None) -> Any:
        from obstore.store import S3Store

        def provide() -> Any:
            return {
                "access_key_id": access_key,
                "secret_access_key": secret_key,
                "token": token,
                "expires_at": None,
            }

        options: Any = {
            "allow_http": self._address.startswith("http:"),
            "connect_timeout": _CONNECT,
            "read_timeout": _SILENCE,
            "timeout": _OBJECT,
            **_trusted(self._address),
        }
        # What is not said here it takes from variables of its own choice in the environment, and
        # AWS_ENDPOINT_URL_S3 even before an `endpoint`. A provider is asked before those, too.
        return S3Store(
            self._bucket,
            region=self._region,
            aws_endpoint_url_s3=self._address,
            skip_signature=False,
            virtual_hosted_style_request=False,
            s3_express=False,
            request_payer=False,
            credential_provider=provide,
            client_options=options,
            retry_config={"max_retries": 0},
        )


def _trusted(address: str) -> dict[str, Any]:
    """Certificates to trust besides the system's."""
    files = [file for file in map(os.environ.get, _CERTIFICATES) if file]
    if not files or not address.startswith("https:"):
        return {}
    return {"root_certificate": Path(files[0]).read_bytes()}
