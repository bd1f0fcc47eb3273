"""Distance bounds of smoothly joined ellipsoids."""

import torch

from pipeline.generators.heads.quadrics import Blobs, smooth_max, smooth_min, turned


def test_a_sphere_gives_its_distance() -> None:
    blobs = Blobs()
    blobs.group("ball", 0.05)
    blobs.add((0.2, 0.1, -0.3), (0.5, 0.5, 0.5), mirrored=False)
    points = torch.tensor([[1.2, 0.2, 0.2], [0.1, 0.1, 1.1], [-0.3, 0.1, -0.3]])
    distance = blobs.compile().distances(points[:, 0], points[:, 1], points[:, 2])[0]
    exact = (points - torch.tensor([0.2, 0.1, -0.3])).norm(dim=1) - 0.5
    assert torch.allclose(distance, exact, atol=2e-3)


def test_mirrored_ellipsoids_serve_both_sides() -> None:
    blobs = Blobs()
    blobs.group("cheeks", 0.05)
    blobs.add((0.4, 0.0, 0.0), (0.2, 0.1, 0.1), turned(z=20))
    x, y, z = torch.tensor([0.7, -0.7]), torch.tensor([0.1, 0.1]), torch.tensor([0.0, 0.0])
    left, right = blobs.compile().distances(x, y, z)[0]
    assert torch.isclose(left, right)


def test_the_surface_lies_where_the_radii_say() -> None:
    blobs = Blobs()
    blobs.group("head", 0.02)
    blobs.add((0, 0, 0), (0.7, 0.8, 0.9), mirrored=False)
    p = torch.tensor([0.0, 0.8, 0.0])
    distance = blobs.compile().distances(p[:1], p[1:2], p[2:])[0]
    assert abs(float(distance)) < 1e-3


def test_smooth_unions_agree_with_plain_ones_far_from_the_seam() -> None:
    a, b = torch.tensor([0.1, 0.9]), torch.tensor([0.8, 0.2])
    assert torch.allclose(smooth_min(a, b, 0.1), torch.minimum(a, b))
    assert torch.allclose(smooth_max(a, b, 0.1), torch.maximum(a, b))
