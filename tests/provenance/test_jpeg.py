"""XMP in JPEG: where it stands and how long it may be."""

import numpy as np
import pytest

from pipeline.assets.encode import encode
from pipeline.provenance import jpeg

PLAIN = encode(np.zeros((16, 16, 3), dtype=np.uint8), "jpeg", 95)


def test_the_packet_follows_the_jfif_header():
    labelled = jpeg.with_xmp(PLAIN, b"<x/>")
    jfif = 2 + 2 + int.from_bytes(PLAIN[4:6], "big")
    assert labelled[:jfif] == PLAIN[:jfif]
    assert labelled[jfif : jfif + 2] == b"\xff\xe1"
    assert labelled.endswith(PLAIN[jfif:])


def test_a_packet_longer_than_a_segment_is_refused():
    jpeg.with_xmp(PLAIN, b" " * 65504)
    with pytest.raises(ValueError, match="does not fit"):
        jpeg.with_xmp(PLAIN, b" " * 65505)


def test_other_segments_stay():
    exif = b"\xff\xe1" + (2 + 8).to_bytes(2, "big") + b"Exif\0\0II"
    data = PLAIN[:2] + exif + PLAIN[2:]
    assert exif in jpeg.with_xmp(data, b"<x/>")
    assert jpeg.find_xmp(data) is None
