"""Shapes: expressions and identity move the right parts of the face, and nothing else breaks."""

import numpy as np
import pytest
import torch

from pipeline.generators.heads import layout
from pipeline.generators.heads.mesh import LEVELS, Mesh, deform, mesh
from pipeline.generators.heads.shapes.expressions import jaw
from pipeline.generators.heads.template import mouth_line

LEFT_EYE_UP, LEFT_EYE_LOW, RIGHT_CORNER, LEFT_CORNER, UPPER_LIP, LOWER_LIP = 43, 47, 48, 54, 62, 66
CHIN, BROW = 8, 21


@pytest.fixture(scope="module")
def head() -> Mesh:
    return mesh(*LEVELS[0][1:])


def people(**set_to: float) -> dict[str, torch.Tensor]:
    """A median person with some traits set."""
    w = np.zeros((1, layout.LATENT_SIZE), np.float32)
    t = {k: torch.from_numpy(v).float() for k, v in layout.traits(w).items()}
    for name in ("smile", "mouth_open", "laugh", "surprise", "anger", "sadness"):
        t[name] = torch.zeros(1)
    return t | {k: torch.tensor([v]) for k, v in set_to.items()}


def landmarks(head: Mesh, **set_to: float) -> torch.Tensor:
    return deform(head, people(**set_to))[0, head.carried["landmarks"]]


def test_a_smile_lifts_and_widens_the_corners_of_the_mouth(head: Mesh) -> None:
    plain, smiling = landmarks(head), landmarks(head, smile=1.0)
    assert smiling[LEFT_CORNER, 1] > plain[LEFT_CORNER, 1] + 3
    assert smiling[LEFT_CORNER, 0] > plain[LEFT_CORNER, 0] + 3
    assert smiling[RIGHT_CORNER, 0] < plain[RIGHT_CORNER, 0] - 3


def test_the_jaw_opens_the_mouth_and_takes_the_chin_along(head: Mesh) -> None:
    shut, wide = landmarks(head), landmarks(head, mouth_open=1.0)
    gap = shut[UPPER_LIP, 1] - shut[LOWER_LIP, 1], wide[UPPER_LIP, 1] - wide[LOWER_LIP, 1]
    assert gap[0] < 1 < 15 < gap[1]
    assert wide[CHIN, 1] < shut[CHIN, 1] - 10
    assert torch.allclose(wide[BROW], shut[BROW], atol=0.2)


def test_each_expression_has_its_own_brows_and_corners(head: Mesh) -> None:
    plain = landmarks(head)
    names = ("surprise", "anger", "sadness")
    moved = {name: landmarks(head, **{name: 1.0}) - plain for name in names}
    assert moved["surprise"][BROW, 1] > 3
    assert moved["anger"][BROW, 1] < -3
    assert moved["sadness"][BROW, 1] > 3
    assert moved["sadness"][LEFT_CORNER, 1] < -3
    assert moved["surprise"][LEFT_CORNER, 0] < -2


def test_a_median_face_is_symmetric(head: Mesh) -> None:
    points = landmarks(head)
    mirrored = points[[16 - i for i in range(17)]] * torch.tensor([-1.0, 1, 1])
    assert torch.allclose(points[:17], mirrored, atol=0.8)


def test_a_batch_deforms_as_each_person_does_alone(head: Mesh) -> None:
    w = np.random.default_rng(3).standard_normal((4, layout.LATENT_SIZE)).astype(np.float32)
    t = {k: torch.from_numpy(v).float() for k, v in layout.traits(layout.latents(w)).items()}
    together = deform(head, t)
    for i in range(4):
        alone = deform(head, {k: v[i : i + 1] for k, v in t.items()})
        assert torch.allclose(together[i], alone[0], atol=1e-3)


def test_levels_of_detail_carry_the_same_points() -> None:
    coarse, fine = (mesh(*LEVELS[i][1:]) for i in (0, 2))
    person = people(smile=0.7, masculinity=0.9)
    for name in ("eyes", "landmarks", "ear_lobes"):
        one, two = (deform(m, person)[0, m.carried[name]] for m in (coarse, fine))
        assert torch.allclose(one, two, atol=1e-3)


def test_the_average_adult_keeps_eyeballs_and_symmetry(head: Mesh) -> None:
    eyes, points = head.carried["eyes"], head.carried["landmarks"]
    assert torch.equal(head.form[eyes], head.rest[eyes])
    jaw = head.form[points][:17]
    assert torch.allclose(jaw, jaw.flip(0) * torch.tensor([-1.0, 1, 1]), atol=1e-3)
    moved = (head.form - head.rest).norm(dim=1)
    assert 4 < moved.max() < 15


def test_an_open_jaw_draws_no_crease_from_the_corners_to_the_chin() -> None:
    across = np.arange(15.0, 36.0, 0.1)
    for below in (5.0, 10.0, 18.0):
        skin = np.stack([across, mouth_line(across) - below, 0 * across], 1)
        slope = np.diff(jaw(skin)[:, 1]) / 0.1
        assert np.abs(np.diff(slope)).max() < 0.05


def test_people_smile_in_their_own_ways_but_each_always_the_same(head: Mesh) -> None:
    smiles = [landmarks(head, smile=0.8, mark_seed=seed)[LEFT_CORNER] for seed in (-1.0, 0.0, 0.8)]
    calm = [landmarks(head, mark_seed=seed)[LEFT_CORNER] for seed in (-1.0, 0.0, 0.8)]
    assert min(torch.dist(smiles[i], smiles[j]) for i, j in ((0, 1), (1, 2), (0, 2))) > 0.5
    assert torch.equal(calm[0], calm[2])
    again = landmarks(head, smile=0.8, mark_seed=0.8)[LEFT_CORNER]
    assert torch.equal(again, smiles[2])
