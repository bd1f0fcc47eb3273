"""Bring a model's file onto this machine, once, and check that it is the one that was meant."""

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.errors import SpecError
from pipeline.models.addresses import shown
from pipeline.models.files import file_sha256
from pipeline.models.remote import Download, Unfetched, open_http, open_s3
from pipeline.storage import parse_uri
from pipeline.storage.location import LocalLocation

_DIGEST = "#sha256="
_SUFFIXES = (".pkl", ".pt", ".pth", ".safetensors", ".onnx", ".yaml", ".yml")


def local_copy(uri: str, field: str = "checkpoint") -> Path:
    """Give the file behind a path, `file://`, `s3://` or `https://` address.

    What lies elsewhere is kept below the cache folder, `$XDG_CACHE_HOME/populace/checkpoints`, and
    fetched by one process of a machine while the others wait. With `#sha256=HEX` at its end an
    address means that very file, wherever it comes from; without, a copy is used for as long as
    the server says (S3: as its size says) that nothing changed.

    Raises:
        SpecError: the address cannot be meant, or another file lies there; names `field`.
        StoreError: S3 cannot be reached or read.
    """
    try:
        return _local_copy(uri, field)
    except Unfetched as fault:
        raise SpecError(f"{field}: {fault}") from None


def _local_copy(uri: str, field: str) -> Path:
    address, digest = _parts(uri)
    if not re.match(r"(?i)(s3|https?)://", address):
        location = parse_uri(address, field)
        assert isinstance(location, LocalLocation)
        if digest:
            _check_local(location.path, address, digest)
        return location.path
    _check_transport(address, digest)
    name = digest or hashlib.sha256(address.encode()).hexdigest()
    path = _cache_folder() / (name + _suffix(address))
    with _alone(path):
        if digest:
            if not path.exists() or file_sha256(path) != digest:
                _keep(_open(address, None), path, address, digest)
            return path
        tag = path.with_suffix(".tag")
        known = tag.read_text() if tag.exists() and path.exists() else None
        download = _open(address, known)
        if download is not None:
            tag.unlink(missing_ok=True)
            _keep(download, path, address, None)
            if download.tag:
                tag.write_text(download.tag)
    return path


def _parts(uri: str) -> tuple[str, str | None]:
    address, mark, digest = uri.rpartition(_DIGEST)
    if not mark:
        return uri, None
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise Unfetched(
            f"{shown(address)} has the digest {digest[:80]!r}; "
            "write #sha256= and 64 of 0-9 and a-f."
        )
    return address, digest


def _check_transport(address: str, digest: str | None) -> None:
    parts = urlsplit(address)
    if parts.username is not None or parts.password is not None:
        raise Unfetched("the address holds a password; fetch the file yourself.")
    near = parts.hostname in ("localhost", "127.0.0.1", "::1")
    if parts.scheme.lower() == "http" and not digest and not near:
        raise Unfetched(f"{shown(address)} comes over plain http; write https, or add #sha256=….")


def _check_local(path: Path, address: str, digest: str) -> None:
    try:
        found = file_sha256(path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SpecError(f"{path}: cannot be read ({reason}); give another file.") from None
    if found != digest:
        raise _other(address, digest, found)


def _open(address: str, tag: str | None) -> Download | None:
    """Begin to fetch, or give None where the copy of this tag is still what lies there."""
    opened = open_s3 if address.lower().startswith("s3:") else open_http
    return opened(address, tag)


def _keep(download: Download | None, path: Path, address: str, digest: str | None) -> None:
    """Write what comes in beside its place, check it, and put it there whole."""
    assert download is not None
    hidden = path.with_name(f".part-{os.urandom(8).hex()}")
    total = hashlib.sha256()
    try:
        with hidden.open("xb") as file:
            for piece in download.pieces:
                total.update(piece)
                file.write(piece)
        if digest and total.hexdigest() != digest:
            raise _other(address, digest, total.hexdigest())
        hidden.replace(path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SpecError(
            f"{path.parent}: cannot keep models ({reason}); set XDG_CACHE_HOME to another folder."
        ) from None
    finally:
        hidden.unlink(missing_ok=True)


def _other(address: str, wanted: str, found: str) -> Unfetched:
    return Unfetched(
        f"{shown(address)} is another file than meant (sha256 {found}, not {wanted}); "
        "check the address and the digest."
    )


def _cache_folder() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(home) / "populace" / "checkpoints"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SpecError(
            f"{folder}: cannot be made ({reason}); set XDG_CACHE_HOME to another folder."
        ) from None
    return folder


def _suffix(address: str) -> str:
    end = Path(urlsplit(address).path).suffix
    return end if end in _SUFFIXES else ""


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one process of this machine at a time deal with `path`."""
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
