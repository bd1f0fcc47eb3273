"""Clothing: it lies outside the body, and people choose it as their traits say."""

import pytest
import torch
from torch import Tensor

from pipeline.generators.heads.worn import body, cloth
from pipeline.generators.heads.worn.fabric import paint
from pipeline.generators.heads.worn.garments import SHELL, SHIRT, TURTLE, VEE
from tests.generators.heads.people import Traits, alone, crowd, people

GRID = (26, 48)


def dressed(t: Traits) -> tuple[Tensor, Tensor, cloth.Part]:
    """Body vertices, their outward normals, and the clothing."""
    own = body.body(*GRID)
    bare = body.vertices(t, own)
    return bare, cloth.normals(bare, own.grid), cloth.cloth(t, own, bare)


@pytest.mark.parametrize("style", range(6))
def test_shells_lie_outside_the_body(style: int) -> None:
    t = crowd(6, seed=style) | {"cloth_style": torch.full((6,), float(style))}
    bare, normal, part = dressed(t)
    shell = part.vertices[:, part.faces[part.piece == SHELL].unique()]
    nearest = torch.cdist(shell, bare).argmin(-1)[..., None].expand(-1, -1, 3)
    off = ((shell - bare.gather(1, nearest)) * normal.gather(1, nearest)).sum(-1)
    # The turned-in edge of a neckline is inside on purpose.
    assert (off > -1.5).float().mean() > 0.97
    assert off.min() > -8


def test_clothing_reaches_down_to_the_picture_edge() -> None:
    _, _, part = dressed(people(3, cloth_style=[0.0, 2.0, 3.0]))
    assert (part.vertices[..., 1].amin(1) < -230).all()


def test_outfits_follow_the_trait() -> None:
    t = people(4, cloth_style=[1.0, 2.0, 3.0, 5.0], age=40.0)
    worn = cloth.outfit(t)
    assert worn.shell[:3].tolist() == [VEE, SHIRT, TURTLE]
    assert worn.collar.tolist()[:3] == [False, True, False]
    assert worn.jacket.tolist() == [False, False, False, True]


def test_children_wear_no_blazers_and_the_old_no_hoods() -> None:
    worn = cloth.outfit(people(2, cloth_style=[5.0, 4.0], age=[9.0, 75.0]))
    assert not worn.jacket[0]
    assert worn.hood.tolist() == [True, False]


def test_broader_shoulders_make_a_broader_body() -> None:
    slight, broad = body.vertices(people(2, shoulders=[-2.0, 2.0]), body.body(*GRID))
    assert broad[:, 0].max() > slight[:, 0].max() + 8


def test_a_body_does_not_depend_on_the_company() -> None:
    t = crowd(4)
    bare, _, part = dressed(t)
    for i in (0, 3):
        own, _, worn = dressed(alone(t, i))
        assert torch.equal(bare[i], own[0])
        assert torch.allclose(part.vertices[i], worn.vertices[0], atol=1e-4)


def test_cloth_is_painted_in_reflecting_colours() -> None:
    t = crowd(6)
    _, _, part = dressed(t)
    n = 400
    b = torch.arange(6).repeat_interleave(n)
    face = torch.arange(n).repeat(6)
    chart = part.chart[b, part.faces[face, 0]]
    ahead = torch.tensor([0.0, 0.0, 1.0]).expand(len(b), 3)
    stuff, bent = paint(t, part.piece[face], chart, ahead, b, 1.0)
    assert stuff.albedo.min() > 0
    assert stuff.albedo.max() < 1
    assert torch.allclose(bent.norm(dim=-1), torch.ones(len(b)), atol=1e-4)
