"""Read a storage URI into a location, or say in one sentence why it is none."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from pipeline.errors import SpecError
from pipeline.storage.keys import CONTROL, fault_of_key

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")
_BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]")
_IP_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_ACCEPTED = "write ./folder, /absolute/folder, file:///absolute/folder or s3://bucket/prefix"


@dataclass(frozen=True)
class LocalLocation:
    """A folder, absolute and normalised: the canonical URI does not depend on who reads it."""

    path: Path

    @property
    def uri(self) -> str:
        """`file:///absolute/path`, percent-encoded, without a trailing slash."""
        return "file://" + quote(str(self.path))


@dataclass(frozen=True)
class S3Location:
    """A bucket and the prefix below which all keys live; the prefix has no slash at its ends."""

    bucket: str
    prefix: str

    @property
    def uri(self) -> str:
        """`s3://bucket/prefix` without a trailing slash."""
        return f"s3://{self.bucket}/{self.prefix}" if self.prefix else f"s3://{self.bucket}"

    @property
    def root(self) -> str:
        """What stands before every key in the bucket: the prefix and a slash, or nothing."""
        return f"{self.prefix}/" if self.prefix else ""


Location = LocalLocation | S3Location


def parse_uri(uri: str, field: str = "output") -> Location:
    """Read `./dir`, `/abs/dir`, `~/dir`, `file:///abs/dir` or `s3://bucket/prefix`.

    Touches neither disk nor network. Relative paths are taken from the current folder. A path whose
    first segment holds a colon (`run:1`) is written `./run:1`. `file:` URIs are percent-decoded,
    `s3:` URIs are not, as in the AWS command line.

    Raises:
        SpecError: names `field`, the value and the mend.
    """
    if not uri.strip():
        raise _refusal(field, uri, "is empty", _ACCEPTED)
    if CONTROL.search(uri):
        raise _refusal(field, uri, "holds a control character", "remove it")
    try:
        uri.encode()
    except UnicodeEncodeError:
        raise _refusal(field, uri, "is not valid Unicode", "rename the folder in UTF-8") from None
    scheme = _SCHEME.match(uri)
    if scheme is None:
        # Not Path.expanduser, which crashes where ~name is no user: then it is a folder's name.
        return LocalLocation(_absolute(os.path.expanduser(uri)))  # noqa: PTH111
    rest = uri[scheme.end() :]
    match scheme[1].lower():
        case "file":
            return _parse_file(field, uri, rest)
        case "s3":
            return _parse_s3(field, uri, rest)
    mend = _ACCEPTED if rest.startswith("//") else f"{_ACCEPTED}; ./{uri} names a folder"
    raise _refusal(field, uri, f"has the unknown scheme {scheme[1]!r}", mend)


def check_endpoint(endpoint: str, field: str = "endpoint") -> str:
    """Return an S3 endpoint, `http(s)://host[:port]`, without its trailing slash.

    Raises:
        SpecError: names `field`, the value and the mend.
    """
    mend = "write http://host:port or https://host"
    try:
        parts = urlsplit(endpoint)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or re.search(r"[\s?#@]", endpoint):
        raise _refusal(field, endpoint, "is no HTTP address", mend)
    return endpoint.rstrip("/")


def _parse_file(field: str, uri: str, rest: str) -> LocalLocation:
    if not rest.startswith("//"):
        problem = "lacks slashes after 'file:'"
        raise _refusal(field, uri, problem, "write file:///absolute/folder or just the folder")
    host, slash, path = rest[2:].partition("/")
    if host or not slash:
        problem = f"names the host {host!r}" if host else "names no folder"
        raise _refusal(field, uri, problem, "write file:///absolute/folder, with three slashes")
    try:
        decoded = unquote("/" + path, errors="strict")
    except UnicodeDecodeError:
        problem = "is not UTF-8 once percent-decoded"
        raise _refusal(field, uri, problem, "percent-encode the folder's UTF-8 bytes") from None
    if CONTROL.search(decoded):
        raise _refusal(field, uri, "holds a control character once percent-decoded", "remove it")
    return LocalLocation(_absolute(decoded))


def _parse_s3(field: str, uri: str, rest: str) -> S3Location:
    if not rest.startswith("//"):
        raise _refusal(field, uri, "lacks '//' after 's3:'", "write s3://bucket/prefix")
    bucket, _, prefix = rest[2:].partition("/")
    if not bucket:
        raise _refusal(field, uri, "names no bucket", "write s3://bucket/prefix")
    if not _BUCKET.fullmatch(bucket) or _IP_ADDRESS.fullmatch(bucket):
        mend = "use 3 to 63 of a-z, 0-9, '-' and '.', beginning and ending with a letter or digit"
        raise _refusal(field, uri, f"has the impossible bucket name {bucket!r}", mend)
    prefix = prefix.removesuffix("/")
    if prefix and (fault := fault_of_key(prefix)):
        mend = "write s3://bucket/prefix with plain segments"
        raise _refusal(field, uri, f"has a prefix that {fault}", mend)
    return S3Location(bucket, prefix)


def _absolute(path: str) -> Path:
    # abspath, not Path.resolve: a link in the path stays a link, and nothing is read from disk.
    # POSIX lets a leading `//` stand; one folder should have one canonical URI.
    return Path("/" + os.path.abspath(path).lstrip("/"))  # noqa: PTH100


def _refusal(field: str, value: str, problem: str, mend: str) -> SpecError:
    return SpecError(f"{field}: {value!r} {problem}; {mend}")
