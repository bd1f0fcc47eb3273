"""Refuse the keys and byte ranges that no store should ever see."""

import re

from pipeline.errors import StoreError

CONTROL = re.compile(r"[\x00-\x1f\x7f]")
"""Characters that belong in no key and no URI."""

_PLAIN = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*")
"""Keys of which all is well: most are, and need not be looked at closer."""

TEMPORARY = ".populace-"
"""How a local store's unfinished files begin; no key may use it, no listing shows it."""


def fault_of_key(key: str) -> str | None:
    """Say what is wrong with a key, or None where it is sound.

    A key is `segment/segment/…`: relative, UTF-8, without empty, `.` or `..` segments, backslashes
    or control characters. The rule is the same on every store, so that a catalog can be moved from
    one to another and a key read from a foreign manifest never leaves the store's root.
    """
    if _PLAIN.fullmatch(key):
        return None
    if not key:
        return "is empty"
    if key.startswith("/"):
        return "is absolute"
    if "\\" in key or CONTROL.search(key):
        return "holds a backslash or a control character"
    try:
        key.encode()
    except UnicodeEncodeError:
        return "is not valid Unicode"
    for segment in key.split("/"):
        if segment == "":
            return "has an empty segment"
        if segment in (".", ".."):
            return f"has a {segment!r} segment"
        if segment.startswith(TEMPORARY):
            return f"has a segment beginning with {TEMPORARY!r}, which marks unfinished files"
    return None


def check_key(uri: str, key: str) -> None:
    """Raise StoreError unless `key` may name an object below `uri`."""
    if fault := fault_of_key(key):
        raise StoreError(
            f"{uri}: the key {key!r} {fault}; write it as relative segments, such as 'images/a.jpg'"
        )


def check_prefix(uri: str, prefix: str) -> None:
    """Raise StoreError unless `prefix` can begin a key: empty, part of a key, or ending in `/`."""
    if prefix:
        check_key(uri, prefix.removesuffix("/"))


def check_range(uri: str, key: str, start: int | None, length: int | None) -> None:
    """Raise StoreError for a negative start or length."""
    if (start or 0) < 0 or (length or 0) < 0:
        raise StoreError(
            f"{uri}/{key}: the byte range start={start} length={length} is negative; "
            "give both as 0 or more"
        )
