"""The mouth: teeth show only between parted lips, whiter in the young, darker further in."""

import numpy as np
import torch

from pipeline.generators.generator import SEGMENTS
from pipeline.generators.heads import layout
from pipeline.generators.heads.render import render
from tests.generators.heads.people import Traits, people

TEETH, INSIDE = SEGMENTS.index("teeth"), SEGMENTS.index("mouth")


def segments(t: Traits) -> np.ndarray:
    return render(t, 128).segmentation.numpy()


def smiling(**set_to: float) -> Traits:
    return people(expression=float(layout.SMILE), facial_hair=0.0, **set_to)


def test_closed_lips_hide_the_teeth() -> None:
    shut = segments(smiling(smile=0.2, mouth_open=0.0))
    assert not (shut == TEETH).any()


def test_parted_lips_show_teeth_and_the_dark_behind_them() -> None:
    wide = segments(smiling(smile=0.5, mouth_open=0.8))
    assert (wide == TEETH).sum() > 15
    assert (wide == INSIDE).sum() > 15


def test_the_wider_the_mouth_the_more_of_its_inside_shows() -> None:
    shown = [
        int(np.isin(segments(smiling(smile=0.3, mouth_open=m)), (TEETH, INSIDE)).sum())
        for m in (0.0, 0.3, 0.9)
    ]
    assert shown[0] < shown[1] < shown[2]


def test_teeth_lie_between_the_lips() -> None:
    film = render(smiling(smile=0.6, mouth_open=0.5), 128)
    rows, columns = np.nonzero(film.segmentation[0].numpy() == TEETH)
    x, y = film.landmarks[0].T.numpy()
    assert len(rows) > 10
    assert x[48] < columns.min() + 1
    assert columns.max() < x[54]
    assert y[51] - 1 < rows.min() + 1
    assert rows.max() < y[57] + 1


def test_teeth_yellow_with_age() -> None:
    t = people(2, old=[0.0, 1.0], smile=0.6, mouth_open=0.5, mark_seed=0.0, facial_hair=0.0)
    film = render(t, 128)
    young, aged = (film.images[i][film.segmentation[i] == TEETH].float().mean(0) for i in range(2))
    assert young[2] / young[0] > aged[2] / aged[0] + 0.05


def test_a_laugh_shows_more_teeth_than_a_smile() -> None:
    t = people(2, smile=[0.6, 0.95], laugh=[0.0, 0.9], mouth_open=[0.1, 0.6], facial_hair=0.0)
    smile, laugh = (torch.as_tensor(s) == TEETH for s in segments(t))
    assert laugh.sum() > smile.sum()
