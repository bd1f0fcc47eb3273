"""Other sizes of pictures, which do not depend on the neighbours."""

import numpy as np
import pytest

from pipeline.attributes.resample import area_average, enlarged, resized


def pictures(side: int, count: int = 3) -> np.ndarray:
    return np.random.default_rng(side).integers(0, 256, (count, side, side, 3), np.uint8)


def test_the_same_size_is_left_alone() -> None:
    assert np.array_equal(area_average(pictures(64), 64), pictures(64))


def test_whole_factors_average_whole_pixels() -> None:
    images = pictures(128)
    expected = images.reshape(3, 64, 2, 64, 2, 3).mean((2, 4))
    assert np.allclose(area_average(images, 64), expected)


def test_an_enlarged_picture_comes_back_exactly() -> None:
    images = pictures(64)
    large = images.repeat(4, 1).repeat(4, 2)
    assert np.array_equal(area_average(large, 64), images)


@pytest.mark.parametrize("side", [48, 72, 100, 200])
def test_odd_factors_keep_the_mean(side: int) -> None:
    images = pictures(side)
    small = area_average(images, 64)
    assert small.shape == (3, 64, 64, 3)
    assert np.allclose(small.mean((1, 2)), images.mean((1, 2)), atol=0.01)


@pytest.mark.parametrize("side", [64, 100, 256])
def test_each_picture_is_averaged_for_itself(side: int) -> None:
    images = pictures(side, 5)
    alone = np.concatenate([area_average(images[i : i + 1], 64) for i in range(5)])
    assert np.array_equal(area_average(images, 64), alone)


def test_a_ramp_is_enlarged_to_a_finer_ramp() -> None:
    ramp = np.broadcast_to(np.arange(64.0)[None, None, :, None], (2, 64, 64, 3))
    large = enlarged(ramp, 128)
    assert large.shape == (2, 128, 128, 3)
    assert np.allclose(np.diff(large[0, 7, 1:-1, 0]), 0.5)
    assert np.allclose(large, np.clip((np.arange(128) + 0.5) / 2 - 0.5, 0, 63)[None, None, :, None])


def test_a_picture_halved_and_enlarged_is_the_picture_but_softer() -> None:
    smooth = enlarged(pictures(16, 1), 128)
    again = enlarged(area_average(smooth, 64), 128)
    assert np.abs(again - smooth).mean() < 3


@pytest.mark.parametrize("side", [48, 64, 96])
def test_each_picture_is_enlarged_for_itself(side: int) -> None:
    images = pictures(side, 5)
    alone = np.concatenate([resized(images[i : i + 1], 128) for i in range(5)])
    assert np.array_equal(resized(images, 128), alone)


def test_oblong_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match="not square"):
        area_average(np.zeros((1, 64, 80, 3), np.uint8), 64)
