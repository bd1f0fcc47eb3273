"""Sharpness and clipping of pictures whose quality is known."""

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.quality import clipped, sharpness


def landscape(side: int, blur: int = 1) -> NDArray[np.uint8]:
    """Noise with as much energy in every octave, as pictures have; averaged over `blur` px."""
    rng = np.random.default_rng(0)
    total = np.zeros((side, side))
    cell = 1
    while cell <= side // 4:
        if cell >= blur:
            octave = rng.standard_normal((side // cell, side // cell))
            total += octave.repeat(cell, 0).repeat(cell, 1)
        cell *= 2
    grey = np.clip(128 + 20 * total, 0, 255).astype(np.uint8)
    return np.repeat(grey[None, ..., None], 3, -1)


def test_sharpness_hardly_depends_on_the_size() -> None:
    small, large = sharpness(landscape(64))[0], sharpness(landscape(256))[0]
    assert min(small, large) > 0.8


def test_a_picture_enlarged_from_a_small_one_is_not_sharp() -> None:
    ramp = np.linspace(0, 255, 64).astype(np.uint8)
    smooth = np.repeat(np.repeat(ramp[None, :, None], 64, 0)[None], 3, -1)
    assert sharpness(smooth)[0] < 0.2
    assert sharpness(np.full((1, 64, 64, 3), 90, np.uint8))[0] == 0


def test_blur_lowers_sharpness() -> None:
    image = landscape(128).astype(np.float32)
    blurred = image.copy()
    for axis in (1, 2):
        for _ in range(3):
            blurred = (np.roll(blurred, 1, axis) + 2 * blurred + np.roll(blurred, -1, axis)) / 4
    assert sharpness(blurred.astype(np.uint8))[0] < 0.5 * sharpness(landscape(128))[0]


def test_only_pure_black_and_white_count_as_clipped() -> None:
    image = np.full((1, 10, 10, 3), 100, np.uint8)
    image[0, 0] = 255
    image[0, 1] = 0
    image[0, 2] = (255, 0, 0)
    assert np.isclose(clipped(image)[0], 0.2)
