"""Disturbed images keep their meaning."""

import numpy as np
import torch

from pipeline.training.augment import augment, jpeg


def halves(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Bright to the right, skin to the right."""
    images = np.full((count, 64, 64, 3), 40, np.uint8)
    images[:, :, 32:] = 200
    masks = np.zeros((count, 32, 32), np.uint8)
    masks[:, :, 16:] = 255
    return images, masks


def test_flips_turn_image_mask_and_signed_labels_together() -> None:
    images, masks = halves(64)
    labels = {"yaw": torch.full((64,), 10.0), "age": torch.full((64,), 30.0)}
    x, mask, found = augment(images, masks, labels, np.random.default_rng(0))
    brighter = x[..., 40:].mean((1, 2, 3)) > x[..., :24].mean((1, 2, 3))
    skin = mask[..., 20:].mean((1, 2)) > mask[..., :12].mean((1, 2))
    assert 0 < int(brighter.sum()) < 64
    assert torch.equal(brighter, skin)
    assert torch.equal(found["yaw"], torch.where(brighter, 10.0, -10.0))
    assert torch.equal(found["age"], labels["age"])


def test_pixels_stay_in_range_and_follow_the_seed() -> None:
    images, masks = halves(32)
    one, mask, _ = augment(images, masks, {}, np.random.default_rng(1))
    other, _, _ = augment(images, masks, {}, np.random.default_rng(1))
    assert one.shape == (32, 3, 64, 64)
    assert mask.shape == (32, 32, 32)
    assert one.min() >= 0
    assert one.max() <= 255
    assert torch.equal(one, other)


def test_jpeg_changes_little() -> None:
    image = halves(1)[0][0]
    assert np.abs(jpeg(image, 90).astype(int) - image).mean() < 3
