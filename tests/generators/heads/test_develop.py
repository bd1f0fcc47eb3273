"""Developing: cut-outs bleed the person's colour, labels go to the majority, the nearest wins."""

import torch

from pipeline.generators.generator import SEGMENTS
from pipeline.generators.heads import develop
from pipeline.generators.heads.skin_shade import film


def disc(side: int, radius: float) -> torch.Tensor:
    """1 inside a disc in the middle: float32 [1, 1, side, side]."""
    axis = torch.arange(side) + 0.5 - side / 2
    return (torch.hypot(axis[:, None], axis) < radius).float()[None, None]


def test_a_cutout_carries_the_colour_on_past_the_silhouette() -> None:
    cover = disc(64, 18)
    red = torch.tensor([0.8, 0.2, 0.1])[None, :, None, None]
    garbage = torch.tensor([0.0, 1.0, 1.0])[None, :, None, None]
    out = develop.cutout(torch.where(cover > 0, red, garbage), cover, 2)
    assert out.shape == (1, 3, 32, 32)
    assert torch.allclose(out, red.expand_as(out), atol=1e-4)


def test_a_cutout_keeps_what_the_person_covers() -> None:
    cover = disc(64, 25)
    color = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    out = develop.cutout(color, cover, 2)
    full = develop.shrink(cover, 2).expand_as(out) == 1
    assert torch.allclose(out[full], develop.shrink(color, 2)[full], atol=1e-5)


def test_a_cutout_of_nobody_is_black_and_finite() -> None:
    out = develop.cutout(torch.rand(1, 3, 20, 20), torch.zeros(1, 1, 20, 20), 2)
    assert torch.isfinite(out).all()
    assert out.max() == 0


def test_a_pixel_gets_the_label_of_most_of_its_samples() -> None:
    skin, hair = SEGMENTS.index("skin"), SEGMENTS.index("hair")
    labels = torch.zeros(1, 4, 4, dtype=torch.long)
    labels[0, :2, :2] = torch.tensor([[hair, hair], [hair, skin]])
    labels[0, :2, 2:] = skin
    labels[0, 2:, :2] = torch.tensor([[hair, 0], [0, 0]])
    assert develop.majority(labels, 2)[0].tolist() == [[hair, skin], [0, 0]]


def test_every_class_can_win() -> None:
    labels = torch.arange(len(SEGMENTS))[:, None, None].expand(-1, 2, 2)
    won = develop.majority(labels, 2)
    assert won.flatten().tolist() == list(range(len(SEGMENTS)))
    assert won.dtype == torch.uint8


def test_depth_is_that_of_the_nearest_sample_and_nothing_where_nobody_is() -> None:
    depth = torch.tensor([[[0.0, 1000, 0, 0], [1100, 0, 0, 0]]])
    assert develop.nearest(depth, 2).tolist() == [[[1000.0, 0.0]]]


def test_bytes_cover_the_range_and_round() -> None:
    values = torch.tensor([-1.0, 0.0, 0.5, 1.0, 2.0, 100.4 / 255, 100.6 / 255])
    assert develop.to_bytes(values).tolist() == [0, 0, 128, 255, 255, 100, 101]


def test_film_maps_more_light_to_brighter_pixels_without_clipping() -> None:
    light = torch.linspace(0, 6, 200)[:, None].expand(-1, 3)
    out = film(light)[:, 0]
    assert out.diff().min() > -1e-6
    assert out.diff()[:20].min() > 0.01
    assert out[0] < 0.01
    assert 0.95 < out[-1] <= 1


def test_bright_colours_keep_their_hue() -> None:
    r, g, b = film(torch.tensor([[3.0, 1.5, 0.9]]))[0]
    assert r > g + 0.02 > b + 0.04
