"""A converted face is smaller or of another format, and says of itself what the original said."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.assets.encode import decode_stored, encode
from pipeline.catalog.conversion import Conversion, smaller
from pipeline.errors import CatalogError, SpecError
from pipeline.provenance.xmp import DIGITAL_SOURCE_TYPE, read_label

SIDES = st.integers(1, 24)


def noise(side, channels=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (side, side, channels), np.uint8)


@pytest.mark.parametrize("source", ["jpeg", "png", "webp"])
@pytest.mark.parametrize("target", ["jpeg", "png", "webp", None])
@pytest.mark.parametrize("size", [None, 16, 11])
def test_a_converted_file_has_the_size_the_format_and_the_label(source, target, size):
    pixels = np.kron(noise(8), np.ones((4, 4, 1), np.uint8))
    data = encode(pixels, source)
    picture = Conversion(size, target).convert(data, "f1", source)
    expected = target or source
    if size is None and expected == source:
        assert (picture.file, picture.pixels) == (data, None)
        return
    image = Image.open(io.BytesIO(picture.file))
    assert picture.format == image.format.lower() == expected
    assert image.size == (size or 32,) * 2 == picture.pixels.shape[1::-1]
    label = read_label(picture.file)
    assert (label.source_type, label.identifier) == (DIGITAL_SOURCE_TYPE, "f1")
    if expected == "png":
        assert (decode_stored(picture.file) == picture.pixels).all()


def test_a_smaller_picture_is_the_mean_of_what_each_pixel_covers():
    pixels = noise(32)
    data = encode(pixels, "png")
    found = decode_stored(Conversion(8).convert(data, "f1", "png").file)
    blocks = pixels.reshape(8, 4, 8, 4, 3).mean((1, 3))
    assert (found == np.rint(blocks)).all()


def test_the_same_file_and_recipe_give_the_same_bytes():
    data = encode(noise(16), "png")
    one, two = (Conversion(9, "webp").convert(data, "f1", "png").file for _ in range(2))
    assert one == two


def test_colours_count_by_how_much_they_cover():
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0, 0] = (200, 100, 0, 255)
    pixels[1, 1] = (0, 0, 90, 0)
    assert smaller(pixels, 1).tolist() == [[[200, 100, 0, 64]]]
    pixels[..., 3] = 0
    assert smaller(pixels, 1).tolist() == [[[50, 25, 22, 0]]]
    png = encode(np.tile(pixels, (8, 8, 1)), "png")
    for format in ("png", "webp"):
        assert Conversion(8, format).convert(png, "f", "png").pixels.shape == (8, 8, 4)


@given(SIDES, SIDES, st.sampled_from([3, 4]), st.lists(st.integers(0, 255), min_size=4, max_size=4))
def test_one_colour_stays_one_colour(side, size, channels, color):
    size = min(side, size)
    pixels = np.broadcast_to(np.array(color[:channels], np.uint8), (side, side, channels))
    found = smaller(pixels, size)
    assert found.shape == (size, size, channels)
    assert (np.abs(found.astype(int) - color[:channels]) <= (found != pixels[0, 0])).all()


@given(SIDES, SIDES, st.integers(0, 99))
def test_a_smaller_picture_stays_within_the_values_of_the_larger(side, size, seed):
    pixels = noise(side, 4, seed)
    found = smaller(pixels, min(side, size))
    assert (found >= pixels.min((0, 1))).all()
    assert (found <= pixels.max((0, 1))).all()


@pytest.mark.parametrize(
    ("size", "format", "sentence"),
    [
        (0, None, "size: 0 px cannot be asked for; give 8 to 16,384"),
        (20_000, None, "size: 20000 px cannot"),
        (None, "jpg", r"format: 'jpg' is not known; did you mean 'jpeg'\?"),
        (None, "gif", "format: 'gif' is not known; write jpeg, png, webp"),
    ],
)
def test_what_cannot_be_asked_for_is_one_sentence(size, format, sentence):
    with pytest.raises(SpecError, match=sentence):
        Conversion(size, format)


def test_a_picture_is_never_enlarged():
    data = encode(noise(16), "png")
    with pytest.raises(SpecError, match=r"size: 17 px is more than the 16 px of .*'f1', .* 16"):
        Conversion(17).convert(data, "f1", "png")


def test_cut_outs_do_not_become_jpeg():
    data = encode(noise(16, 4), "png")
    with pytest.raises(SpecError, match=r"format: jpeg has no alpha channel, .* png or webp"):
        Conversion(8, "jpeg").convert(data, "f1", "png")


def test_a_picture_that_is_not_square_or_none_is_named():
    data = encode(noise(16)[:9], "png")
    assert Conversion(None, "webp").convert(data, "f1", "png").pixels.shape == (9, 16, 3)
    with pytest.raises(CatalogError, match="asset 'f1' is 16 x 9 px, and only square"):
        Conversion(8).convert(data, "f1", "png")
    with pytest.raises(CatalogError, match="asset 'f1' cannot be converted: the file is neither"):
        Conversion(8).convert(b"no picture", "f1", "png")
