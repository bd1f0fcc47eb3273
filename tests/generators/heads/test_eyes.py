"""Eyes: irises in the colour of the trait, catch-lights where the light is, a gaze that follows."""

import pytest
import torch
from torch import Tensor

from pipeline.generators.heads import eyes
from pipeline.generators.heads.camera import camera
from pipeline.generators.heads.light import lights
from tests.generators.heads.people import Traits, people

SPAN = 9.0
"""Half the side of the window through which the eye is seen, mm."""


def seen(t: Traits, count: int = 61) -> tuple[Tensor, Tensor]:
    """One eyeball from straight ahead, its lids away: radiance [n, n, 3] and segment [n, n]."""
    axis = torch.linspace(-SPAN, SPAN, count)
    y, x = torch.meshgrid(-axis, axis, indexing="ij")
    x, y = x.flatten(), y.flatten()
    origin = torch.stack([x, y, torch.full_like(x, 500.0)], 1)
    ray = torch.tensor([0.0, 0, -1]).expand(len(x), 3)
    centres = torch.zeros(1, 2, 3)
    n, one = len(x), torch.ones(len(x))
    color, segment = eyes.look(
        t, origin, ray, torch.zeros(n, dtype=torch.long), centres, 6 * one, -6 * one, 0 * one,
        one, one, lights(t), camera(t, 128).turn, torch.zeros(n, dtype=torch.long), 0.2,
    )  # fmt: skip
    return color.view(count, count, 3), segment.view(count, count)


def test_the_iris_is_a_disc_in_the_white() -> None:
    color, segment = seen(people())
    iris = segment == eyes.IRIS
    assert iris[30, 30]
    assert not iris[30, 0]
    area = float(iris.float().mean()) * (2 * SPAN) ** 2
    assert abs((area / torch.pi) ** 0.5 - eyes.IRIS_RADIUS) < 0.6
    assert color[~iris].mean() > 1.5 * color[iris].mean()
    assert torch.isfinite(color).all()


@pytest.mark.parametrize(("place", "order"), [(0.1, "rgb"), (0.9, "bgr")])
def test_irises_have_the_colour_of_the_trait(place: float, order: str) -> None:
    color, segment = seen(people(iris=place))
    r, g, b = color[segment == eyes.IRIS].median(0).values
    assert (r > g > b) if order == "rgb" else (b > g > r)


def test_brown_irises_are_darker_than_blue_ones() -> None:
    outer, inner = eyes.irises(people(8, iris=[0.0, 0.2, 0.4, 0.5, 0.6, 0.75, 0.9, 1.0]))
    assert outer[0].mean() < 0.3 * outer[-1].mean()
    assert (inner.mean(1) > outer.mean(1)).all()


def brightest(t: Traits) -> tuple[float, float]:
    """Where on the iris the catch-light is: mean x, y of its brightest samples, mm."""
    color, segment = seen(t)
    light = torch.where(segment == eyes.IRIS, color.sum(-1), 0.0)
    y, x = torch.nonzero(light > 0.8 * light.max(), as_tuple=True)
    step = 2 * SPAN / (len(light) - 1)
    return float(x.float().mean() * step - SPAN), float(SPAN - y.float().mean() * step)


def test_the_catch_light_is_on_the_side_of_the_key_light() -> None:
    x = [
        brightest(people(light_azimuth=azimuth, light_elevation=25.0))[0]
        for azimuth in (-45.0, 0.0, 45.0)
    ]
    assert x[0] < -1 < x[1] < 1 < x[2]


def test_the_catch_light_rises_with_the_key_light() -> None:
    low, high = (brightest(people(light_elevation=e))[1] for e in (10.0, 50.0))
    assert high > low + 1
    assert low > 0


def test_eyes_look_near_the_camera_however_the_head_turns() -> None:
    for yaw in (-20.0, 0.0, 20.0):
        t = people(yaw=yaw, gaze_x=0.0, gaze_y=0.0)
        turn = camera(t, 128).turn
        world = (turn @ eyes.gaze(t, turn)[..., None])[0, :, 0]
        assert world[2] > 0.98
    far = people(yaw=45.0)
    gaze = eyes.gaze(far, camera(far, 128).turn)[0]
    assert abs(float(torch.atan2(gaze[0], gaze[2]).rad2deg())) < 30
