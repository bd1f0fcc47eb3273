"""Shadows and occlusion: a wall keeps light away, hair veils it, open sky stays open."""

import torch
from torch import Tensor

from pipeline.generators.heads import hair, occlusion, raster, shadow
from pipeline.generators.heads.gbuffer import Surface
from pipeline.generators.heads.light import lights
from tests.generators.heads.people import people

MIDDLE = torch.tensor(shadow.CENTER)
TO_KEY = torch.tensor([0.0, 0.0, 1.0])


def wall(half: float, ahead: float) -> Surface:
    """A square that faces the light, `ahead` mm before the middle of the map."""
    corners = torch.tensor([[-half, -half, 0], [half, -half, 0], [half, half, 0], [-half, half, 0]])
    position = (corners + MIDDLE + ahead * TO_KEY)[None]
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
    normal = TO_KEY.expand(1, 4, 3)
    return Surface(position, normal, position, faces, torch.zeros(2, dtype=torch.long))


def light_at(surface: Surface, points: Tensor, **set_to: float) -> Tensor:
    lamps = lights(people(light_azimuth=0.0, light_elevation=0.0, **set_to))
    cast = shadow.cast([surface], None, lamps, shadow.light_view(lamps, 96))
    solid, cover, _ = cast.at(points, TO_KEY.expand_as(points), torch.zeros(len(points)).long())
    assert (cover == 0).all()
    return solid


def test_a_wall_shades_what_is_behind_it_and_nothing_else() -> None:
    behind, beside, before = light_at(
        wall(40, 60), MIDDLE + torch.tensor([[0.0, 0, 0], [120, 0, 0], [0, 0, 90]])
    )
    assert behind < 0.05
    assert beside > 0.98
    assert before > 0.98


def test_a_wall_does_not_shade_itself() -> None:
    lit = light_at(wall(60, 20), MIDDLE + torch.tensor([[0.0, 0, 20], [30, 10, 20]]))
    assert (lit > 0.95).all()


def test_larger_lights_cast_softer_shadows() -> None:
    x = torch.linspace(0, 120, 121)
    edge = MIDDLE + torch.stack([x, 0 * x, 0 * x], 1)
    sun, soft = (light_at(wall(60, 60), edge, light_setup_p=p) for p in (0.8, 0.1))
    widths = [((lit > 0.1) & (lit < 0.9)).sum() for lit in (sun, soft)]
    assert widths[1] > 1.2 * widths[0]


def test_each_person_has_its_own_shadow() -> None:
    lamps = lights(people(2, light_azimuth=0.0, light_elevation=0.0))
    one = wall(40, 60)
    two = Surface(
        torch.cat([one.position, one.position + torch.tensor([500.0, 0, 0])]),
        one.normal.expand(2, 4, 3), one.attributes, one.faces, one.piece,
    )  # fmt: skip
    cast = shadow.cast([two], None, lamps, shadow.light_view(lamps, 96))
    at = MIDDLE.expand(2, 3)
    lit, _, _ = cast.at(at, TO_KEY.expand(2, 3), torch.tensor([0, 1]))
    assert lit[0] < 0.05
    assert lit[1] > 0.98


def test_hair_veils_the_light_the_more_the_deeper() -> None:
    share = hair.transmittance(torch.tensor([0.0, 10.0, 40.0]))
    assert share[0] == 1
    assert share[0] > share[1] > share[2] > 0
    lamps = lights(people(light_azimuth=0.0, light_elevation=0.0))
    view = shadow.light_view(lamps, 64)
    keys = torch.full((64 * 64,), raster.EMPTY)
    x, y, z = view.project((MIDDLE + 50 * TO_KEY)[None, None])[0, 0]
    near = torch.arange(-6, 7)
    cells = ((int(y) + near)[:, None] * 64 + int(x) + near).flatten()
    keys[cells] = raster.key(z.expand(len(cells)), torch.zeros(len(cells)).long())
    cast = shadow.cast([wall(1, -150)], keys, lamps, view)
    at = MIDDLE + torch.tensor([[0.0, 0, 20], [0, 0, -20]])
    _, cover, behind = cast.at(at, TO_KEY.expand(2, 3), torch.zeros(2).long())
    assert (cover > 0.9).all()
    assert abs(float(behind[1] - behind[0]) - 40) < 3


def test_open_sky_without_neighbours_is_whole() -> None:
    assert (occlusion.occlusion(torch.full((1, 40, 40), 1200.0), 1.0) == 1).all()


def test_a_pit_is_darker_than_its_rim() -> None:
    y, x = torch.meshgrid(torch.arange(60.0), torch.arange(60.0), indexing="ij")
    far = 1200 + 15 * torch.exp(-((x - 30) ** 2 + (y - 30) ** 2) / 40)
    sky = occlusion.occlusion(far[None], 1.0)[0]
    assert sky[30, 30] < 0.6
    assert sky[30, 50] > 0.95
    assert sky.min() > 0.1


def test_what_is_far_in_front_is_another_thing() -> None:
    depth = torch.full((1, 60, 60), 1200.0)
    depth[:, :, :20] = 900.0
    assert (occlusion.occlusion(depth, 1.0) > 0.99).all()


def test_reading_a_smaller_picture_keeps_people_apart() -> None:
    picture = torch.stack([torch.zeros(8, 8), torch.ones(8, 8)])
    cells = torch.arange(2 * 16 * 16)
    found = occlusion.read(picture, cells, 16)
    assert torch.allclose(found, (cells // 256).float(), atol=1e-5)
