"""Splice an XMP packet into a JPEG file as an APP1 segment (XMP specification part 3, 1.1.3)."""

from collections.abc import Iterator

SIGNATURE = b"\xff\xd8\xff"

_XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
_APP0, _APP1, _START_OF_SCAN, _END_OF_IMAGE = 0xE0, 0xE1, 0xDA, 0xD9
_LONGEST_SEGMENT = 65533
"""Bytes that fit behind a segment's own two length bytes."""


def with_xmp(data: bytes, payload: bytes) -> bytes:
    """`data` with `payload` in an APP1 segment behind the JFIF header, in place of any before."""
    content = _XMP_HEADER + payload
    if len(content) > _LONGEST_SEGMENT:
        raise ValueError(f"an XMP packet of {len(payload)} bytes does not fit a JPEG segment")
    # JFIF wants its APP0 first, everyone else reads APP1 wherever it stands before the scan.
    head = [data[:2]]
    position = 2
    placed = False
    new = b"\xff\xe1" + (len(content) + 2).to_bytes(2, "big") + content
    for marker, start, stop in _segments(data):
        if marker != _APP0 and not placed:
            head.append(new)
            placed = True
        if not _is_xmp(data, marker, start):
            head.append(data[start:stop])
        position = stop
    if not placed:
        head.append(new)
    head.append(data[position:])
    return b"".join(head)


def find_xmp(data: bytes) -> bytes | None:
    """The packet of the first XMP segment, or None."""
    for marker, start, stop in _segments(data):
        if _is_xmp(data, marker, start):
            return data[start + 4 + len(_XMP_HEADER) : stop]
    return None


def _is_xmp(data: bytes, marker: int, start: int) -> bool:
    return marker == _APP1 and data.startswith(_XMP_HEADER, start + 4)


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and stop of every segment before the first scan."""
    position = 2
    while position + 4 <= len(data) and data[position] == 0xFF:
        marker = data[position + 1]
        if marker in (_START_OF_SCAN, _END_OF_IMAGE):
            return
        stop = position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if stop > len(data):
            break
        yield marker, position, stop
        position = stop
    raise ValueError("the JPEG file is cut short or damaged before its first scan")
