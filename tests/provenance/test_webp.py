"""XMP in WebP: the extended container keeps size, alpha and what was there before."""

import io

import numpy as np
import pytest
from PIL import Image

from pipeline.provenance import webp


def _webp(mode: str, **options: object) -> bytes:
    channels = len(mode)
    pixels = np.random.default_rng(2).integers(0, 256, (21, 34, channels), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels, mode).save(file, "WEBP", **options)
    return file.getvalue()


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("lossless", [True, False])
def test_size_and_alpha_survive(mode, lossless):
    plain = _webp(mode, lossless=lossless)
    labelled = Image.open(io.BytesIO(webp.with_xmp(plain, b"<x/>")))
    before = Image.open(io.BytesIO(plain))
    assert labelled.mode == before.mode == mode
    np.testing.assert_array_equal(np.asarray(labelled), np.asarray(before))


def test_an_extended_file_keeps_its_other_chunks():
    plain = _webp("RGB", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0")
    labelled = webp.with_xmp(plain, b"<odd/>")
    opened = Image.open(io.BytesIO(labelled))
    assert opened.info["exif"] == Image.open(io.BytesIO(plain)).info["exif"]
    assert webp.find_xmp(labelled) == b"<odd/>"
    assert len(labelled) % 2 == 0
    assert int.from_bytes(labelled[4:8], "little") == len(labelled) - 8


def test_a_file_without_a_picture_is_refused():
    with pytest.raises(ValueError, match="no picture"):
        webp.with_xmp(b"RIFF\x04\0\0\0WEBP", b"<x/>")
