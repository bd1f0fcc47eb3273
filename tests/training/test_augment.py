"""Disturbed images keep their meaning."""

import numpy as np
import pytest

from pipeline.attributes.resample import area_average
from pipeline.training.augment import MIRROR, hard_conditions, jpeg, mirrored, moved, worn


def halves() -> np.ndarray:
    """Bright to the right."""
    image = np.full((128, 128, 3), 40, np.uint8)
    image[:, 64:] = 200
    return image


def dotted(points: np.ndarray) -> np.ndarray:
    """A soft bright dot at each point, in fractions of the side."""
    y, x = (np.mgrid[:128, :128] + 0.5) / 128
    reach = np.minimum.reduce([np.hypot(x - p[0], y - p[1]) for p in points])
    return np.repeat((255 * np.clip(1 - reach / 0.04, 0, 1)).astype(np.uint8)[..., None], 3, -1)


def test_mirrored_landmarks_keep_their_names() -> None:
    assert sorted(MIRROR) == list(range(68))
    assert all(MIRROR[MIRROR[i]] == i for i in range(68))
    assert [i for i in range(68) if MIRROR[i] == i] == [8, 27, 28, 29, 30, 33, 51, 57, 62, 66]
    assert (MIRROR[36], MIRROR[48], MIRROR[40]) == (45, 54, 47)


def test_a_mirror_turns_image_mask_landmarks_and_signed_labels_together() -> None:
    mask = halves()[::4, ::4, 0]
    marks = np.random.default_rng(0).random((68, 2)).astype(np.float32)
    image, skin, points, labels = mirrored(halves(), mask, marks, {"yaw": 10.0, "age": 30.0})
    assert image[0, 0, 0] == skin[0, 0] == 200
    assert labels == {"yaw": -10.0, "age": 30.0}
    assert points[45] == pytest.approx([1 - marks[36, 0], marks[36, 1]])
    again = mirrored(image, skin, points, labels)
    assert np.array_equal(again[0], halves())
    assert np.allclose(again[2], marks, atol=1e-6)


def test_moved_landmarks_stay_on_what_they_mark() -> None:
    marks = np.random.default_rng(0).uniform(0.3, 0.7, (68, 2)).astype(np.float32)
    image = dotted(marks[:3])
    mask = image[::4, ::4, 0]
    for seed in range(5):
        found, _, points = moved(image, mask, marks, np.random.default_rng(seed))
        assert np.abs(points - marks).max() > 0.01
        assert np.abs(dotted(points[:3]).astype(int) - found).max() < 60


def test_wear_stays_in_range_and_follows_the_seed() -> None:
    images = [worn(halves(), np.random.default_rng(seed)) for seed in range(20)]
    assert all(image.shape == (128, 128, 3) for image in images)
    assert min(image.min() for image in images) >= 0
    assert max(image.max() for image in images) <= 255
    assert np.array_equal(images[3], worn(halves(), np.random.default_rng(3)))
    assert 2 < sum(np.array_equal(image, halves()) for image in images) < 12


def test_hard_conditions_halve_and_compress() -> None:
    noisy = halves() + np.random.default_rng(0).integers(0, 40, (128, 128, 3), np.uint8)
    found = hard_conditions(np.stack([noisy] * 2))
    assert found.shape == (2, 64, 64, 3)
    assert found.dtype == np.uint8
    halved = area_average(noisy[None], 64)[0]
    assert 1 < np.abs(found[0] - halved).mean() < 10


def test_jpeg_changes_little() -> None:
    image = halves()
    assert np.abs(jpeg(image, 90).astype(int) - image).mean() < 3
