"""Every file says that it is synthetic, and its pixels do not change for it."""

import io
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pipeline.assets.encode import decode, encode
from pipeline.provenance.xmp import (
    DIGITAL_SOURCE_TYPE,
    Label,
    embed_xmp,
    read_label,
    read_xmp,
    synthetic_packet,
)

FILES = (("jpeg", 95), ("png", 95), ("webp", 80), ("webp", 100))


@pytest.fixture
def image() -> NDArray[np.uint8]:
    """Noise in an odd size, so that no container is aligned by chance: uint8 [33, 47, 3]."""
    return np.random.default_rng(1).integers(0, 256, (33, 47, 3), dtype=np.uint8)


@pytest.mark.parametrize(("form", "quality"), FILES)
def test_a_label_is_read_back_and_leaves_the_pixels_alone(image, form, quality):
    plain = encode(image, form, quality)
    labelled = embed_xmp(plain, synthetic_packet("f0000001"))
    assert read_xmp(plain) is None
    assert read_xmp(labelled) == synthetic_packet("f0000001")
    assert read_label(plain) is None
    assert read_label(labelled) == Label(DIGITAL_SOURCE_TYPE, "f0000001")
    np.testing.assert_array_equal(decode(labelled), decode(plain))


@pytest.mark.parametrize(("form", "quality"), FILES)
def test_other_readers_open_labelled_files(image, form, quality):
    labelled = embed_xmp(encode(image, form, quality), synthetic_packet("f0000001"))
    opened = Image.open(io.BytesIO(labelled))
    opened.load()
    assert opened.size == (47, 33)
    xmp = opened.info["xmp"] if form != "png" else opened.info["XML:com.adobe.xmp"].encode()
    assert xmp.decode() == synthetic_packet("f0000001")


@pytest.mark.parametrize(("form", "quality"), FILES)
def test_a_second_label_replaces_the_first(image, form, quality):
    plain = encode(image, form, quality)
    once = embed_xmp(plain, synthetic_packet("second"))
    twice = embed_xmp(embed_xmp(plain, synthetic_packet("first")), synthetic_packet("second"))
    assert twice == once


def test_the_packet_is_sound_xml_that_names_the_source_type():
    packet = synthetic_packet("a & b <c>")
    root = ElementTree.fromstring(packet.split("?>", 1)[1].rsplit("<?", 1)[0])
    values = {element.tag.split("}")[1]: (element.text or "").strip() for element in root.iter()}
    assert values["DigitalSourceType"] == DIGITAL_SOURCE_TYPE
    assert values["identifier"] == "a & b <c>"
    assert values["CreatorTool"].startswith("populace ")


def test_the_same_asset_gets_the_same_bytes(image):
    first, second = (
        embed_xmp(encode(image, "jpeg", 95), synthetic_packet("f0000001")) for _ in range(2)
    )
    assert first == second


def test_what_is_no_picture_is_refused_and_has_no_label():
    with pytest.raises(ValueError, match="neither a JPEG, a PNG nor a WebP"):
        embed_xmp(b"GIF89a", synthetic_packet("x"))
    assert read_xmp(b"GIF89a") is None


@pytest.mark.parametrize(("form", "quality"), FILES)
def test_a_file_cut_short_is_refused(image, form, quality):
    data = encode(image, form, quality)
    with pytest.raises(ValueError, match="cut short"):
        embed_xmp(data[:60], synthetic_packet("x"))


@pytest.mark.parametrize(
    ("packet", "why"), [("<a", "no XML"), ("<!DOCTYPE a><a/>", "document type")]
)
def test_a_packet_that_is_no_label_is_refused(image, packet, why):
    with pytest.raises(ValueError, match=why):
        read_label(embed_xmp(encode(image, "png"), packet))


def test_other_xmp_says_nothing_of_its_source(image):
    assert read_label(embed_xmp(encode(image, "png"), "<a/>")) == Label(None, None)
