"""Say what an object store is: whole objects under keys, and exclusive creation."""

from collections.abc import Iterator
from typing import Protocol

from pipeline.errors import StoreError


class MissingObject(StoreError):  # noqa: N818
    """No object is stored under this key."""

    def __init__(self, uri: str, key: str) -> None:
        # Both values stay in `args`, so that the error survives pickling between processes.
        super().__init__(uri, key)
        self.uri = uri
        self.key = key

    def __str__(self) -> str:
        return (
            f"{self.uri}/{self.key} does not exist; "
            "check the address, or run the job that writes it again"
        )


class Store(Protocol):
    """Objects below one URI. Safe to share between threads, and to pickle to other processes.

    Keys are `segment/segment/…` relative to the URI; `pipeline.storage.keys` says which are sound,
    and every method raises StoreError for the others. A key that begins another key (`a` and `a/b`)
    is possible on S3 only. What cannot be reached, read or written raises StoreError.
    """

    @property
    def uri(self) -> str:
        """The canonical URI, without a trailing slash; `f"{uri}/{key}"` names an object."""
        ...

    @property
    def readers(self) -> int:
        """How many threads read many small objects best: more only wait for each other."""
        ...

    def get(self, key: str, start: int | None = None, length: int | None = None) -> bytes:
        """Read an object, or `length` bytes of it from byte `start` (one range request on S3).

        Ranges are those of a slice, `data[start : start + length]`: what lies behind the end is
        left out, so that whoever must have `length` bytes compares.

        Raises:
            MissingObject: nothing is stored under the key.
        """
        ...

    def put(self, key: str, data: bytes, content_type: str | None = None) -> None:
        """Write an object whole, over whatever was there.

        Atomic: a reader sees the old object or the new one; if the call fails or the process dies,
        the old one. `content_type` is what a browser is told; a local folder does not keep it.
        """
        ...

    def create(self, key: str, data: bytes, content_type: str | None = None) -> bool:
        """Write an object only if the key is free: True if this call wrote it, else False.

        Of any number of callers, threads, processes and machines, at most one gets True. False may
        still mean that the object is this call's own: where the answer to a successful request was
        lost on the way, the request is sent again and then finds the key taken. So after False
        read the object and compare its content with `data`; equal content is a success.
        """
        ...

    def exists(self, key: str) -> bool:
        """Tell whether an object is stored under the key."""
        ...

    def size(self, key: str) -> int:
        """Give an object's length in bytes.

        Raises:
            MissingObject: nothing is stored under the key.
        """
        ...

    def stamp(self, key: str) -> str:
        """What is another one once the object has been written anew: one request, nothing read.

        The server's ETag, or of a file its number, time and size.

        Raises:
            MissingObject: nothing is stored under the key.
        """
        ...

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with `prefix`, in the order of their UTF-8 bytes.

        `prefix` need not end at a slash: `images/0` finds `images/00/a.jpg`. Keys that no store
        of ours would write (folder markers, unfinished files) are left out. Memory does not grow
        with the number of keys on S3, and grows with the largest single folder locally.
        """
        ...

    def link(self, key: str, seconds: int) -> str | None:
        """An HTTP address at which anyone may read the object for `seconds`, 1 to 604,800.

        None where there is none, as for a folder. Nothing is sent, so the object may be missing.
        """
        ...
