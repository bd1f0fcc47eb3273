"""Read a stretch of an open file, and nothing before or behind it."""

from dataclasses import dataclass
from typing import BinaryIO

from pipeline.generators.checkpoints.refusal import TRUNCATED_MEND, Refusal


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes left in the file: where they begin, and how many they are."""

    start: int
    length: int


class Window:
    """The bytes of `span` in `file`, read in order. A length is checked before anything is read."""

    def __init__(self, file: BinaryIO, span: Span) -> None:
        self.file = file
        self.end = span.start + span.length
        file.seek(span.start)

    @property
    def position(self) -> int:
        """The next byte's place in the file."""
        return self.file.tell()

    def read(self, count: int) -> bytes:
        """Take the next `count` bytes."""
        self._check(count)
        taken = self.file.read(count)
        if len(taken) < count:
            self._short(count)
        return taken

    def line(self, limit: int = 512) -> bytes:
        """Take the bytes up to the next newline, without it."""
        taken = self.file.readline(limit)
        if not taken.endswith(b"\n") or self.position > self.end:
            self._short(limit)
        return taken[:-1]

    def number(self, size: int) -> int:
        """Take an unsigned little-endian integer of `size` bytes."""
        return int.from_bytes(self.read(size), "little")

    def skip(self, count: int) -> Span:
        """Pass over `count` bytes and say where they are."""
        self._check(count)
        span = Span(self.position, count)
        self.file.seek(count, 1)
        return span

    def _check(self, count: int) -> None:
        if count > self.end - self.position:
            self._short(count)

    def _short(self, count: int) -> None:
        raise Refusal(
            f"ends at byte {self.end:,}, where {count:,} more from byte {self.position:,} on "
            "were announced",
            TRUNCATED_MEND,
        )
