"""Backdrops: light in range, alike at every size, lit from the key's side."""

import torch
from torch.nn.functional import avg_pool2d

from pipeline.generators.heads.light import lights
from pipeline.generators.heads.worn.backdrop import GRADIENT_BELOW, PLAIN_BELOW, backdrop
from tests.generators.heads.people import Traits, alone, crowd, people


def behind(t: Traits, size: int) -> torch.Tensor:
    return backdrop(t, lights(t), size)


def test_backdrops_are_light_in_a_displayable_range() -> None:
    every = behind(crowd(40), 64)
    assert every.shape == (40, 64, 64, 3)
    assert torch.isfinite(every).all()
    assert every.min() >= 0
    assert every.max() < 4
    assert 0.01 < every.mean() < 0.8


def test_a_backdrop_looks_the_same_at_every_size() -> None:
    t = crowd(12)
    small, large = behind(t, 64), behind(t, 256)
    shrunk = avg_pool2d(large.permute(0, 3, 1, 2), 4).permute(0, 2, 3, 1)
    off = (small - shrunk).abs()
    assert off.mean() < 0.01
    assert off.mean((1, 2, 3)).max() < 0.03


def test_kinds_get_busier_from_plain_to_scene() -> None:
    p = [0.5 * PLAIN_BELOW, 0.5 * (PLAIN_BELOW + GRADIENT_BELOW), 0.5 * (GRADIENT_BELOW + 1)]
    plain, _, scene = behind(people(3, backdrop_p=p, backdrop_seed=0.7), 64)
    detail = [float((v[1:] - v[:-1]).abs().mean() / v.mean()) for v in (plain, scene)]
    assert detail[0] < 0.02 < detail[1]


def test_the_wall_is_brighter_on_the_side_of_the_key() -> None:
    left, right = behind(people(2, backdrop_p=0.1, light_azimuth=[-60.0, 60.0]), 64).mean(-1)
    assert left[:, :32].mean() > 1.05 * left[:, 32:].mean()
    assert right[:, 32:].mean() > 1.05 * right[:, :32].mean()


def test_a_brighter_backdrop_is_brighter() -> None:
    dark, bright = behind(people(2, backdrop_p=0.1, backdrop_value_p=[0.05, 0.95]), 64)
    assert bright.mean() > 1.5 * dark.mean()


def test_a_backdrop_does_not_depend_on_the_company() -> None:
    t = crowd(6)
    together = behind(t, 64)
    for i in range(6):
        assert torch.allclose(together[i], behind(alone(t, i), 64)[0], atol=1e-5)
