"""Rasterisation: every sample shows the nearest primitive, and only those that cover it."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.generators.heads import raster

SIDE = 24


def brute_force(corners: np.ndarray) -> np.ndarray:
    """The nearest triangle at every sample centre by testing all, -1 where none."""
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    best, winner = np.full((SIDE, SIDE), np.inf), np.full((SIDE, SIDE), -1)
    for number, ((ax, ay, az), (bx, by, bz), (cx, cy, cz)) in enumerate(corners):
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if abs(area) < 1e-3:
            continue
        u = ((cx - bx) * (y - by) - (cy - by) * (x - bx)) / area
        v = ((ax - cx) * (y - cy) - (ay - cy) * (x - cx)) / area
        w = 1 - u - v
        depth = u * az + v * bz + w * cz
        hit = (u > 0) & (v > 0) & (w > 0) & (depth < best)
        best, winner = np.where(hit, depth, best), np.where(hit, number, winner)
    return winner


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1.5, 5.0, 30.0, 90.0]))
def test_the_nearest_triangle_wins_at_every_sample(seed: int, size: float) -> None:
    rng = np.random.default_rng(seed)
    middle = rng.uniform(-4, SIDE + 4, (30, 1, 2))
    corners = np.concatenate(
        [middle + rng.uniform(-size, size, (30, 3, 2)), rng.uniform(0.05, 0.95, (30, 3, 1))], -1
    )
    buffer = torch.full((SIDE * SIDE,), raster.EMPTY)
    columns = torch.from_numpy(corners.T).float()
    raster.triangles(buffer, columns, torch.zeros(30, dtype=torch.long), torch.arange(30), SIDE)
    drawn = torch.where(buffer == raster.EMPTY, -1, raster.number(buffer)).view(SIDE, SIDE).numpy()
    # Samples on an edge, or where two triangles cross, may go either way.
    assert (drawn != brute_force(corners)).mean() < 0.03


def test_neighbouring_triangles_leave_no_hole() -> None:
    grid = np.stack(np.meshgrid(np.linspace(2, 21, 12), np.linspace(2, 21, 12)), -1)
    grid += np.random.default_rng(0).uniform(-0.5, 0.5, grid.shape)
    flat = np.concatenate([grid.reshape(-1, 2), np.full((144, 1), 0.5)], 1)
    i = (np.arange(11)[:, None] * 12 + np.arange(11)).ravel()
    faces = np.concatenate([np.stack([i, i + 1, i + 12], 1), np.stack([i + 1, i + 13, i + 12], 1)])
    buffer = torch.full((SIDE * SIDE,), raster.EMPTY)
    columns = torch.from_numpy(flat[faces].T).float()
    many = len(faces)
    raster.triangles(buffer, columns, torch.zeros(many, dtype=torch.long), torch.arange(many), SIDE)
    assert (buffer.view(SIDE, SIDE)[3:20, 3:20] != raster.EMPTY).all()


def test_pictures_of_a_batch_are_drawn_apart() -> None:
    corners = torch.tensor([[[2.0, 2, 0.5], [20, 3, 0.5], [4, 20, 0.5]]]).repeat(2, 1, 1)
    buffer = torch.full((2 * SIDE * SIDE,), raster.EMPTY)
    first = torch.tensor([0, SIDE * SIDE])
    raster.triangles(buffer, corners.permute(2, 1, 0), first, torch.tensor([7, 8]), SIDE)
    one, two = buffer.view(2, SIDE, SIDE)
    assert torch.equal(one == raster.EMPTY, two == raster.EMPTY)
    assert set(raster.number(one[one != raster.EMPTY]).tolist()) == {7}
    assert set(raster.number(two[two != raster.EMPTY]).tolist()) == {8}


def test_a_key_holds_depth_and_number() -> None:
    depth, number = torch.tensor([0.25, 0.75, 0.25]), torch.tensor([5, 3, 2**27])
    keys = raster.key(depth, number)
    assert torch.allclose(raster.depth_of(keys), depth, atol=1e-6)
    assert torch.equal(raster.number(keys), number)
    assert keys[0] < keys[1]


def test_weights_rebuild_a_point_inside_a_triangle() -> None:
    screen = torch.tensor([[1.0, 9, 3], [2, 4, 11]])
    at = torch.tensor([[0], [1], [2]])
    w = raster.weights(screen, at, torch.tensor([4.0]), torch.tensor([5.0]))
    assert torch.allclose(screen @ w, torch.tensor([[4.0], [5.0]]), atol=1e-5)
