"""Pixels become files and files become pixels."""

import hashlib
import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from pipeline.assets.encode import decode, decode_stored, encode, over, pixels_sha256
from pipeline.errors import CatalogError


@pytest.fixture
def image() -> NDArray[np.uint8]:
    """A smooth picture with saturated edges: uint8 [64, 48, 3]."""
    y, x = np.mgrid[0:64, 0:48]
    red = np.where(x < 24, 255, 0)
    return np.stack([red, y * 3, x * 5], axis=2).astype(np.uint8)


@pytest.mark.parametrize(("form", "quality"), [("png", 1), ("png", 95), ("webp", 100)])
def test_lossless_formats_give_the_pixels_back(image, form, quality):
    np.testing.assert_array_equal(decode(encode(image, form, quality)), image)


@pytest.mark.parametrize(("form", "worst"), [("jpeg", 3.0), ("webp", 12.0)])
def test_lossy_formats_come_close(image, form, worst):
    decoded = decode(encode(image, form, 95))
    assert decoded.shape == image.shape
    assert np.abs(decoded.astype(int) - image).mean() < worst


def test_jpeg_keeps_full_colour_resolution(image):
    opened = Image.open(io.BytesIO(encode(image, "jpeg", 50)))
    assert {(h, v) for _, h, v, _ in opened.layer} == {(1, 1)}


@pytest.mark.parametrize("form", ["jpeg", "png", "webp"])
def test_the_same_pixels_give_the_same_bytes_whatever_their_memory_layout(image, form):
    apart = np.asfortranarray(image)
    assert encode(image, form, 90) == encode(image.copy(), form, 90) == encode(apart, form, 90)
    assert pixels_sha256(image) == pixels_sha256(apart)


def test_lower_quality_is_smaller(image):
    assert len(encode(image, "jpeg", 60)) < len(encode(image, "jpeg", 95))


def test_the_pixel_digest_is_over_rows_of_rgb(image):
    assert pixels_sha256(image) == hashlib.sha256(image.tobytes()).hexdigest()


def test_grey_and_transparent_files_become_rgb(image):
    for mode in ("L", "RGBA"):
        file = io.BytesIO()
        Image.fromarray(image).convert(mode).save(file, "PNG")
        assert decode(file.getvalue()).shape == (64, 48, 3)


@pytest.fixture
def cut(image) -> NDArray[np.uint8]:
    """The picture with every alpha, and colour where nothing shows: uint8 [64, 48, 4]."""
    alpha = np.arange(64 * 48).reshape(64, 48, 1) % 256
    return np.concatenate([image, alpha.astype(np.uint8)], 2)


@pytest.mark.parametrize(("form", "quality"), [("png", 95), ("webp", 100)])
def test_lossless_formats_keep_alpha_and_the_colour_below_it(cut, form, quality):
    data = encode(cut, form, quality)
    assert Image.open(io.BytesIO(data)).mode == "RGBA"
    np.testing.assert_array_equal(decode_stored(data), cut)
    assert encode(np.asfortranarray(cut), form, quality) == data


def test_lossy_webp_keeps_alpha_exactly_and_colour_nearly(cut):
    stored = decode_stored(encode(cut, "webp", 95))
    np.testing.assert_array_equal(stored[..., 3], cut[..., 3])
    assert np.abs(stored[..., :3].astype(int) - cut[..., :3]).mean() < 12


def test_a_transparent_picture_is_looked_at_on_mid_grey(cut):
    share = cut[..., 3:] / 255
    expected = np.rint(share * cut[..., :3] + (1 - share) * 128)
    np.testing.assert_array_equal(decode(encode(cut, "png")), expected)


def test_laying_over_a_colour_is_exact_at_both_ends():
    pixels = np.array([[10, 20, 30, 255], [10, 20, 30, 0], [0, 0, 0, 128]], np.uint8)
    assert over(pixels, (255, 1, 2)).tolist() == [[10, 20, 30], [255, 1, 2], [127, 0, 1]]
    np.testing.assert_array_equal(over(pixels[:, :3], (9, 9, 9)), pixels[:, :3])


def test_the_pixel_digest_covers_alpha(cut):
    other = cut.copy()
    other[0, 0, 3] ^= 1
    assert pixels_sha256(cut) == hashlib.sha256(cut.tobytes()).hexdigest() != pixels_sha256(other)


def test_what_is_no_picture_is_refused_in_a_sentence(image):
    with pytest.raises(CatalogError, match="neither a JPEG"):
        decode(b"hello")
    with pytest.raises(CatalogError, match="cannot be decoded"):
        decode(encode(image, "png")[:200])
