"""Stream a file from S3 or over HTTP."""

from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage
from typing import IO
from urllib import request
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from pipeline.storage import MissingObject, open_store

MOST_BYTES = 32 << 30
"""More than any model has."""

_PIECE = 8 << 20
_TIMEOUT = 60.0


class Unfetched(Exception):  # noqa: N818
    """A file that cannot be had, and the mend, in words that follow the name of a field."""


@dataclass(frozen=True)
class Download:
    """A file on its way: its bytes in pieces, and the server's word for this version of it."""

    pieces: Iterator[bytes]
    tag: str | None


def open_s3(address: str, tag: str | None) -> Download | None:
    """Begin to fetch an object; None where its size is what `tag` says.

    Raises:
        Unfetched: nothing is there, or something too large.
        StoreError: S3 cannot be reached or read.
    """
    parent, _, key = address.rpartition("/")
    store = open_store(parent)
    try:
        size = store.size(key)
    except MissingObject:
        raise Unfetched(f"{address} does not exist; check the address.") from None
    if str(size) == tag:
        return None
    _check_size(address, size)
    pieces = (store.get(key, start, _PIECE) for start in range(0, size, _PIECE))
    return Download(_counted(address, pieces, size), str(size))


def open_http(address: str, tag: str | None) -> Download | None:
    """Begin to fetch over HTTP; None where the server says that `tag` is still what it has.

    Raises:
        Unfetched: the server cannot be reached, or does not give the file.
    """
    asked = request.Request(address, headers={"User-Agent": "populace"})
    if tag:
        kind = "If-None-Match" if tag.endswith('"') else "If-Modified-Since"
        asked.add_header(kind, tag)
    plain = address.partition("?")[0]
    try:
        answer = _opener().open(asked, timeout=_TIMEOUT)
    except HTTPError as error:
        if error.code == 304 and tag:
            return None
        raise Unfetched(
            f"{plain} cannot be fetched (HTTP {error.code}); "
            "check the address and that it needs no log-in."
        ) from None
    except (OSError, HTTPException, ValueError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        raise Unfetched(
            f"{plain} cannot be reached ({str(reason)[:120]}); check the address and the network."
        ) from None
    length = answer.headers.get("Content-Length")
    size = int(length) if length and length.isdigit() else None
    _check_size(plain, size or 0)
    version = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
    return Download(_counted(plain, _pieces(plain, answer), size), version)


def _pieces(address: str, answer: IO[bytes]) -> Iterator[bytes]:
    with answer:
        while True:
            try:
                piece = answer.read(_PIECE)
            except (OSError, HTTPException) as error:
                raise Unfetched(
                    f"{address} broke off ({type(error).__name__}); run the command again."
                ) from None
            if not piece:
                return
            yield piece


def _counted(address: str, pieces: Iterator[bytes], size: int | None) -> Iterator[bytes]:
    """Pass pieces on, and refuse an end that comes too early or not at all."""
    total = 0
    for piece in pieces:
        total += len(piece)
        _check_size(address, total)
        yield piece
    if size is not None and total != size:
        raise Unfetched(
            f"{address} broke off after {total:,} of {size:,} bytes; run the command again."
        )


def _check_size(address: str, size: int) -> None:
    if size > MOST_BYTES:
        raise Unfetched(f"{address} has {size:,} bytes; no model is so large.")


class _Redirects(request.HTTPRedirectHandler):
    """Follow the server elsewhere, but never from https to something less."""

    def redirect_request(
        self,
        req: request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> request.Request | None:
        old, new = urlsplit(req.full_url).scheme, urlsplit(newurl).scheme
        if new != "https" and new != old:
            raise Unfetched(
                f"{req.full_url.partition('?')[0]} leads to a {new} address; "
                "give the file's own address."
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> request.OpenerDirector:
    """Speak HTTP and HTTPS only: neither file: nor ftp: nor data:."""
    opener = request.OpenerDirector()
    for handler in (
        request.ProxyHandler(),
        request.HTTPHandler(),
        request.HTTPSHandler(),
        _Redirects(),
        request.HTTPDefaultErrorHandler(),
        request.HTTPErrorProcessor(),
        request.UnknownHandler(),
    ):
        opener.add_handler(handler)
    return opener
