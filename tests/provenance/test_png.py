"""XMP in PNG: an iTXt chunk before the pixels, with a sound checksum."""

import zlib

import numpy as np

from pipeline.assets.encode import encode
from pipeline.provenance import png

PLAIN = encode(np.zeros((16, 16, 3), dtype=np.uint8), "png")


def test_the_chunk_stands_before_the_pixels_with_its_checksum():
    labelled = png.with_xmp(PLAIN, b"<x/>")
    start = labelled.index(b"iTXt")
    size = int.from_bytes(labelled[start - 4 : start], "big")
    end = start + 4 + size
    assert start < labelled.index(b"IDAT")
    assert int.from_bytes(labelled[end : end + 4], "big") == zlib.crc32(labelled[start:end])
    assert labelled[start + 4 : end] == b"XML:com.adobe.xmp\0\0\0\0\0<x/>"


def test_other_text_stays():
    comment = b"iTXt" + b"Comment\0\0\0\0\0hello"
    checksum = zlib.crc32(comment).to_bytes(4, "big")
    chunk = (len(comment) - 4).to_bytes(4, "big") + comment + checksum
    data = PLAIN[:33] + chunk + PLAIN[33:]
    assert chunk in png.with_xmp(data, b"<x/>")
    assert png.find_xmp(data) is None
