"""Roots: they lie on the template, where their kind grows, and every prefix of them is even."""

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

from pipeline.generators.heads.hair.regions import beard_zones, brow_frame
from pipeline.generators.heads.hair.roots import BEARD, BROW, COUNTS, LASH, SCALP, Roots, roots
from pipeline.generators.heads.template import template

KINDS = (SCALP, BROW, LASH, BEARD)


@pytest.fixture(scope="module")
def grown() -> Roots:
    return roots()


def test_every_kind_has_its_number_of_roots_in_order(grown: Roots) -> None:
    assert len(grown.rest) == sum(COUNTS.values())
    for kind in KINDS:
        own = grown.kind[grown.of(kind)]
        assert len(own) == COUNTS[kind]
        assert (own == kind).all()


@pytest.mark.parametrize("kind", KINDS)
def test_roots_lie_on_the_skin_of_the_template(grown: Roots, kind: int) -> None:
    head = template(240, 320)
    corner = head.rest[head.faces]
    _, near = cKDTree(corner.mean(1)).query(grown.rest[grown.of(kind)][:200], k=12)
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True) + 1e-12
    off = grown.rest[grown.of(kind)][:200, None] - corner[near][:, :, 0]
    # Across the planes of the nearest few faces: one of them is the one it lies on.
    assert np.abs((off * normal[near]).sum(-1)).min(1).max() < 1.0


def test_normals_are_unit_and_point_out_of_the_head(grown: Roots) -> None:
    assert np.allclose(np.linalg.norm(grown.normal, axis=1), 1, atol=1e-6)
    scalp = grown.of(SCALP)
    outwards = grown.rest[scalp] - np.array([0.0, 20.0, -90.0])
    assert ((outwards * grown.normal[scalp]).sum(1) > 0).mean() > 0.99


@pytest.mark.parametrize("kind", [SCALP, BEARD])
def test_the_first_few_roots_cover_what_all_of_them_do(grown: Roots, kind: int) -> None:
    """A coarse level takes a prefix: it must not leave a bald patch."""
    every = grown.rest[grown.of(kind)]
    first = every[: len(every) // 12]
    away, _ = cKDTree(first).query(every)
    apart, _ = cKDTree(first).query(first, k=2)
    assert away.max() < 4 * np.median(apart[:, 1])
    left, right = (first[:, 0] < 0).mean(), (first[:, 0] > 0).mean()
    assert abs(left - right) < 0.06


def test_roots_grow_where_their_kind_does(grown: Roots) -> None:
    rest = torch.from_numpy(grown.rest).float()
    u, v = brow_frame(rest[grown.of(BROW)])
    assert ((u > -0.13) & (u < 1.09) & (v.abs() < 7.6)).all()
    assert (beard_zones(rest[grown.of(BEARD)]).sum(1) > 0.1).all()
    assert rest[grown.of(BEARD), 1].max() < 20 < rest[grown.of(SCALP), 1].max()
    upper = grown.lash[grown.of(LASH), 1] > 0
    height = grown.rest[grown.of(LASH), 1]
    assert height[upper].mean() > height[~upper].mean() + 4
