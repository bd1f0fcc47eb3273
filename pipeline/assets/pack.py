"""Write uncompressed tar packs whose every member is one contiguous range of bytes.

A pack is an ordinary POSIX tar file (`tar -xf` opens it); a reader that knows a member's offset and
length needs one HTTP range request and nothing of the rest.
"""

import io
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

_BLOCK = tarfile.BLOCKSIZE


@dataclass(frozen=True)
class Span:
    """Where a member's bytes lie in its pack."""

    offset: int
    length: int


class PackWriter:
    """Appends members to a tar file; the same members in the same order give the same bytes.

    file: opened for writing in binary, at its start; memory (`io.BytesIO`) or a temporary file.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._position = 0

    def add(self, name: str, data: bytes) -> Span:
        """Append a member and say where its data lies."""
        header = tarfile.TarInfo(name)
        header.size = len(data)
        # TarInfo's other defaults are already neutral: time 0, user 0, mode 0644, no names.
        head = header.tobuf(tarfile.USTAR_FORMAT)
        span = Span(self._position + len(head), len(data))
        self._write(head)
        self._write(data)
        self._write(b"\0" * (-len(data) % _BLOCK))
        return span

    def close(self) -> int:
        """Write the end mark and return the pack's size in bytes; the file stays open."""
        self._write(b"\0" * 2 * _BLOCK)
        return self._position

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._position += len(data)


def pack(members: Iterable[tuple[str, bytes]]) -> tuple[bytes, list[Span]]:
    """A whole pack in memory from (name, data) pairs, and where each member's data lies in it."""
    file = io.BytesIO()
    writer = PackWriter(file)
    spans = [writer.add(name, data) for name, data in members]
    writer.close()
    return file.getvalue(), spans
