"""What is worn sits where it should: frames before the eyes, pieces hidden or drawn as asked."""

import torch

from pipeline.generators.heads.camera import camera
from pipeline.generators.heads.gbuffer import draw, resolve
from pipeline.generators.heads.raster import EMPTY
from pipeline.generators.heads.scene import CLOTHES, FRAMES, JEWELS, Scene, scene
from pipeline.generators.heads.worn import glasses, jewellery
from pipeline.generators.heads.worn.frame import RIM, TEMPLE
from pipeline.generators.heads.worn.outline import KINDS, POINTS, outlines
from tests.generators.heads.people import Traits, crowd, people

SIDE = 128


def drawn(t: Traits) -> tuple[Scene, list[torch.Tensor]]:
    """The scene, and the pieces that show of each of its surfaces."""
    w = scene(t, 64, SIDE)
    buffer = torch.full((len(t["yaw"]) * SIDE * SIDE,), EMPTY)
    screens = draw(buffer, w.solid, w.camera)
    return w, [s.piece for s in resolve(buffer, w.solid, screens, w.camera)]


def test_who_wears_nothing_shows_nothing() -> None:
    _, pieces = drawn(people(glasses=0.0, jewellery_p=1.0, jewellery=0.0))
    assert len(pieces[FRAMES]) == 0
    assert len(pieces[JEWELS]) == 0
    assert len(pieces[CLOTHES]) > 100


def test_hidden_pieces_draw_nothing_beside_people_who_wear_them() -> None:
    t = people(2, glasses=[1.0, 0.0], cloth_style=[5.0, 0.0], age=40.0, m_style=0.9)
    w = scene(t, 64, SIDE)
    buffer = torch.full((2 * SIDE * SIDE,), EMPTY)
    seen = resolve(buffer, w.solid, draw(buffer, w.solid, w.camera), w.camera)
    assert set(seen[FRAMES].person.tolist()) == {0}
    worn = [set(seen[CLOTHES].piece[seen[CLOTHES].person == i].tolist()) for i in (0, 1)]
    assert worn[1] == {0}
    assert len(worn[0]) >= 3


def test_every_piece_that_shows_is_worn() -> None:
    t = crowd(12)
    w = scene(t, 64, SIDE)
    buffer = torch.full((12 * SIDE * SIDE,), EMPTY)
    seen = resolve(buffer, w.solid, draw(buffer, w.solid, w.camera), w.camera)
    for kind, surface in ((CLOTHES, w.clothes), (FRAMES, w.frames), (JEWELS, w.jewels)):
        assert surface.shown is not None
        first = {int(p): int((surface.piece == p).nonzero()[0, 0]) for p in surface.piece.unique()}
        faces = torch.tensor([first[int(p)] for p in seen[kind].piece], dtype=torch.long)
        assert surface.shown[seen[kind].person, faces].all()


def frames(t: Traits) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Vertices of rims and temples of B people, and their eyes: [B, V, 3] twice, [B, 2, 3]."""
    w = scene(t, 64, SIDE)
    eyes = w.points("eyes") + torch.tensor([0.0, 0.0, 13.2])
    part, _ = glasses.glasses(t, eyes, w.points("bridge")[:, 0], w.points("ear_tops"))
    of = [part.vertices[:, part.faces[part.piece == p].unique()] for p in (RIM, TEMPLE)]
    return of[0], of[1], eyes


def test_rims_stand_before_the_eyes_and_around_them() -> None:
    t = crowd(10)
    t["glasses"] = torch.ones(10)
    rims, _, eyes = frames(t)
    assert (rims[..., 2].amin(1) > eyes[..., 2].amax(1) - 4).all()
    assert (rims[..., 2].amax(1) < eyes[..., 2].amax(1) + 35).all()
    for side, sign in ((0, -1), (1, 1)):
        own = torch.where((sign * rims[..., 0] > 0)[..., None], rims, torch.nan)
        for axis in (0, 1):
            low = own[..., axis].nan_to_num(1e3).amin(1)
            high = own[..., axis].nan_to_num(-1e3).amax(1)
            assert (low < eyes[:, side, axis] - 10).all()
            assert (high > eyes[:, side, axis] + 10).all()


def test_temples_run_back_to_the_ears() -> None:
    t = people(glasses=1.0)
    _, temples, eyes = frames(t)
    ears = scene(t, 64, SIDE).points("ear_tops")
    assert temples[..., 2].min() < ears[..., 2].max() + 2
    assert temples[..., 2].max() > eyes[..., 2].min() - 10
    assert (temples[..., 0].abs() > 35).all()


def test_outlines_are_closed_curves_wider_than_high() -> None:
    every = outlines()
    assert every.shape == (len(KINDS), POINTS, 2)
    assert (every[:, :, 0].max(1) - every[:, :, 0].min(1) > 40).all()
    step = abs(every - every[:, [*range(1, POINTS), 0]]).max((1, 2))
    assert (step < 6).all()


def test_earrings_hang_at_the_lobes() -> None:
    t = people(jewellery_p=0.0, m_style=0.1, jewellery=0.3)
    w = scene(t, 64, SIDE)
    lobes = w.points("ear_lobes")
    part = jewellery.jewellery(t, lobes, w.points("nostril")[:, 0])
    worn = part.vertices[0, part.faces[part.shown[0, part.piece]].unique()]
    assert len(worn)
    away = torch.cdist(worn, lobes[0]).amin(1)
    assert away.max() < 45


def test_frames_turn_with_the_head_and_shoulders_less() -> None:
    ahead, aside = (scene(people(yaw=yaw, glasses=1.0), 64, SIDE) for yaw in (0.0, 40.0))
    frame = (aside.frames.position - ahead.frames.position).norm(dim=-1).mean()
    low = ahead.clothes.position[0, :, 1] < -215
    chest = (aside.clothes.position - ahead.clothes.position)[0, low].norm(dim=-1)
    assert frame > 40
    turned = camera(people(yaw=40.0), SIDE).body[0, 0, 2].asin().rad2deg()
    assert abs(float(turned) - 14) < 0.5
    assert chest.mean() < frame
