"""Splice an XMP packet into a PNG file as an iTXt chunk (XMP specification part 3, 1.1.5)."""

import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_KEYWORD = b"XML:com.adobe.xmp\0"
_UNCOMPRESSED = b"\0\0\0\0"
"""Compression flag and method, then an empty language tag and an empty translated keyword."""


def with_xmp(data: bytes, payload: bytes) -> bytes:
    """`data` with `payload` in an iTXt chunk right behind the header, in place of any before."""
    parts = [SIGNATURE]
    for kind, start, stop in _chunks(data):
        if not _is_xmp(data, kind, start):
            parts.append(data[start:stop])
        if kind == b"IHDR":
            parts.append(_chunk(b"iTXt", _KEYWORD + _UNCOMPRESSED + payload))
    return b"".join(parts)


def find_xmp(data: bytes) -> bytes | None:
    """The packet of the first uncompressed XMP chunk, or None."""
    for kind, start, stop in _chunks(data):
        if _is_xmp(data, kind, start):
            return data[start + 8 + len(_KEYWORD) + len(_UNCOMPRESSED) : stop - 4]
    return None


def _is_xmp(data: bytes, kind: bytes, start: int) -> bool:
    return kind == b"iTXt" and data.startswith(_KEYWORD + _UNCOMPRESSED, start + 8)


def _chunk(kind: bytes, content: bytes) -> bytes:
    crc = zlib.crc32(kind + content)
    return len(content).to_bytes(4, "big") + kind + content + crc.to_bytes(4, "big")


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and stop (both with length and CRC) of every chunk up to IEND."""
    position = len(SIGNATURE)
    while position + 12 <= len(data):
        stop = position + 12 + int.from_bytes(data[position : position + 4], "big")
        if stop > len(data):
            break
        kind = data[position + 4 : position + 8]
        yield kind, position, stop
        if kind == b"IEND":
            return
        position = stop
    raise ValueError("the PNG file is cut short or damaged")
