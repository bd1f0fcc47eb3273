"""Splice an XMP packet into a WebP file as an `XMP ` chunk (WebP container specification)."""

from collections.abc import Iterator

_XMP_FLAG, _ALPHA_FLAG = 0x04, 0x10
_HEADER_SIZE = 12


def is_webp(data: bytes) -> bool:
    """Whether `data` starts as a WebP file does."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def with_xmp(data: bytes, payload: bytes) -> bytes:
    """`data` in the extended container with `payload` as its last chunk, in place of any before."""
    chunks = [(kind, content) for kind, content in _chunks(data) if kind != b"XMP "]
    if not chunks:
        raise ValueError("the WebP file holds no picture")
    kind, first = chunks[0]
    if kind == b"VP8X":
        chunks[0] = (kind, bytes([first[0] | _XMP_FLAG]) + first[1:])
    else:
        chunks.insert(0, (b"VP8X", _extended_header(kind, first)))
    chunks.append((b"XMP ", payload))
    body = b"WEBP" + b"".join(_chunk(kind, content) for kind, content in chunks)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def find_xmp(data: bytes) -> bytes | None:
    """The packet of the XMP chunk, or None."""
    return next((content for kind, content in _chunks(data) if kind == b"XMP "), None)


def _extended_header(kind: bytes, content: bytes) -> bytes:
    """The VP8X chunk's content for a simple file whose one chunk is `content`."""
    flags = _XMP_FLAG
    if kind == b"VP8L" and len(content) >= 5:
        # RFC 9649, 3.4: signature byte, then 14 bits width-1, 14 bits height-1, 1 bit alpha.
        bits = int.from_bytes(content[1:5], "little")
        width, height = (bits & 0x3FFF), (bits >> 14 & 0x3FFF)
        flags |= _ALPHA_FLAG if bits >> 28 & 1 else 0
    elif kind == b"VP8 " and content[3:6] == b"\x9d\x01\x2a":
        # RFC 6386, 9.1: after the start code, width and height in 14 bits each.
        width = (int.from_bytes(content[6:8], "little") & 0x3FFF) - 1
        height = (int.from_bytes(content[8:10], "little") & 0x3FFF) - 1
    else:
        raise ValueError("the WebP file starts with neither a VP8, a VP8L nor a VP8X chunk")
    return bytes([flags, 0, 0, 0]) + width.to_bytes(3, "little") + height.to_bytes(3, "little")


def _chunk(kind: bytes, content: bytes) -> bytes:
    padding = b"\0" * (len(content) % 2)
    return kind + len(content).to_bytes(4, "little") + content + padding


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Type and content of every chunk."""
    end = 8 + int.from_bytes(data[4:8], "little")
    position = _HEADER_SIZE
    while position + 8 <= min(end, len(data)):
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        content = data[position + 8 : position + 8 + size]
        if len(content) < size:
            break
        yield data[position : position + 4], content
        position += 8 + size + size % 2
    if position < end or end > len(data) + 1:
        raise ValueError("the WebP file is cut short or damaged")
