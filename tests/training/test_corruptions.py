"""Pictures that hold no face, or a broken one."""

import numpy as np
import pytest
from toys import Discs

from pipeline.training.corruptions import HELD_OUT, TRAINED, corrupted, training_kinds
from pipeline.training.draws import natural_latents
from pipeline.training.renders import Renders, render_small

KINDS = {**TRAINED, **HELD_OUT}


@pytest.fixture(scope="module")
def faces() -> Renders:
    w = natural_latents(Discs(), 12, np.random.default_rng(0))
    return render_small(Discs(), w, np.full(12, 128))


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_spoils_the_picture_and_follows_the_seed(name: str, faces: Renders) -> None:
    before = faces.images.copy()
    for row in range(6):
        found = corrupted(faces, row, KINDS[name], np.random.default_rng(row))
        assert found.shape == (128, 128, 3)
        assert found.dtype == np.uint8
        changed = np.abs(found.astype(int) - faces.images[row]).max(-1) > 12
        assert changed.mean() > 0.003
        again = corrupted(faces, row, KINDS[name], np.random.default_rng(row))
        assert np.array_equal(found, again)
    assert np.array_equal(faces.images, before)


def test_no_held_out_kind_is_trained_on() -> None:
    assert not TRAINED.keys() & HELD_OUT.keys()
    assert not set(TRAINED.values()) & set(HELD_OUT.values())
    drawn = set(training_kinds(500, np.random.default_rng(0)))
    assert drawn == set(TRAINED.values())
