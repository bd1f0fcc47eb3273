"""The camera: rotations as the taxonomy means them, and matrices that agree with projection."""

import torch

from pipeline.generators.heads.camera import PIVOT, camera


def traits(yaw: float = 0, pitch: float = 0, roll: float = 0) -> dict[str, torch.Tensor]:
    degrees = {"yaw": yaw, "pitch": pitch, "roll": roll}
    return {name: torch.tensor([value]) for name, value in degrees.items()}


def nose(**turn: float) -> torch.Tensor:
    view = camera(traits(**turn), 100)
    return view.project(view.world(torch.tensor([[[0.0, -30, 20]]])))[0, 0]


def test_positive_angles_turn_right_and_up_in_the_picture() -> None:
    straight = nose()
    assert nose(yaw=20.0)[0] > straight[0] + 1
    assert nose(pitch=10.0)[1] < straight[1] - 1


def test_matrices_say_where_points_fall() -> None:
    view = camera(traits(31.0, -8.0, 4.0), 256)
    points = torch.randn(1, 50, 3, generator=torch.Generator().manual_seed(0)) * 60
    drawn = view.project(view.world(points))[..., :2]
    homogeneous = torch.cat([points, torch.ones(1, 50, 1)], -1) @ view.matrices().transpose(1, 2)
    assert torch.allclose(drawn, homogeneous[..., :2] / homogeneous[..., 2:], atol=1e-2)


def test_the_pivot_stays_where_it_is() -> None:
    view = camera(traits(40.0, 12.0, -5.0), 64)
    pivot = torch.tensor(PIVOT)[None, None]
    assert torch.allclose(view.world(pivot), pivot, atol=1e-4)


def test_nearer_points_have_smaller_depth() -> None:
    view = camera(traits(), 64)
    depth = view.project(torch.tensor([[[0.0, 0, 50], [0, 0, -50]]]))[0, :, 2]
    assert 0 < depth[0] < depth[1] < 1
