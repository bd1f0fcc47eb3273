"""Batches of proper and bad pictures."""

import numpy as np
import torch
from toys import Discs

from pipeline.training.batches import Batch, Lesson, changed
from pipeline.training.draws import natural_latents
from pipeline.training.renders import render_small


def lesson(seed: int = 0) -> Lesson:
    w = natural_latents(Discs(), 40, np.random.default_rng(0))
    return Lesson.of(render_small(Discs(), w, np.full(40, 128)), Discs().truth(w), 16, seed)


def same(one: Batch, other: Batch) -> bool:
    return torch.equal(one.pixels, other.pixels) and torch.equal(one.landmarks, other.landmarks)


def test_a_batch_holds_proper_pictures_with_their_truth_and_then_bad_ones() -> None:
    batch = lesson().batch(0)
    assert batch.pixels.shape == (21, 3, 128, 128)
    assert batch.damage.shape == (21, 16, 16)
    assert not batch.damage[:16].any()
    assert (batch.damage[16:].sum((1, 2)) > 0).all()
    assert batch.pixels.is_contiguous(memory_format=torch.channels_last)
    assert batch.mask.shape == (16, 32, 32)
    assert batch.landmarks.shape == (16, 68, 2)
    assert batch.numbers["yaw"].shape == (16,)
    assert batch.classes["expression"].shape == (16, 6)
    assert torch.allclose(batch.classes["gender_presentation"].sum(1), torch.ones(16))


def test_mirrored_heads_turn_the_other_way() -> None:
    batch = lesson().batch(0)
    middle = batch.landmarks[:, [36, 45], 0].mean(1) - 0.5
    wide = batch.numbers["yaw"].abs() > 20
    assert torch.equal(middle[wide].sign(), batch.numbers["yaw"][wide].sign())


def test_a_batch_follows_from_seed_and_step_alone() -> None:
    whole = list(lesson().batches(0, 5))
    rest = list(lesson().batches(3, 5))
    assert all(same(one, other) for one, other in zip(whole[3:], rest, strict=True))
    assert not same(whole[0], whole[2])
    assert not same(whole[0], lesson(seed=1).batch(0))


def test_damage_lies_where_the_picture_was_changed() -> None:
    image = np.full((128, 128, 3), 90, np.uint8)
    after = image.copy()
    after[16:32, 40:48] = 200
    after[100, 100] = 200
    found = changed(image, after)
    assert found.sum() == 2
    assert found[2:4, 5].tolist() == [1, 1]
