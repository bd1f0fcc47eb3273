"""Skin: tones in order, marks and make-up only where asked, wrinkles that come with the years."""

import pytest
import torch

from pipeline.attributes.color import MONK_LAB
from pipeline.generators.heads import complexion, wrinkles
from pipeline.generators.heads.complexion import PALE, SLOPE_X, bake
from pipeline.generators.heads.face import aperture, lips
from pipeline.generators.heads.sheet import SHEETS, sheet_for
from pipeline.generators.heads.skin import LIPS, SKIN, Paint, paint
from pipeline.generators.heads.tone import tones
from tests.generators.heads.people import Traits, crowd, head_of, people

PIXEL = 1.2


def painted(t: Traits) -> tuple[torch.Tensor, torch.Tensor, Paint]:
    """Rest points of the face before the ears, whose each is, and their paint."""
    base, _, _ = head_of(t)
    used = torch.nonzero(base.rest[: int(base.faces.max()) + 1, 2] > -55)[:, 0]
    rest, chart, count = base.rest[used], base.chart[used], len(t["age"])
    b = torch.arange(count).repeat_interleave(len(used))
    return rest, b, paint(t, rest.repeat(count, 1), chart.repeat(count, 1), b, PIXEL)


def albedo(t: Traits) -> torch.Tensor:
    """Albedo of each person's face: [B, N, 3]."""
    rest, _, own = painted(t)
    return own.albedo.reshape(-1, len(rest), 3)


def test_monk_tones_darken_in_order() -> None:
    t = people(10, tone=[float(k) for k in range(1, 11)])
    light = tones(t).skin.mean(1)
    assert (light[1:] < light[:-1] * 1.02).all()
    assert (albedo(t).mean((1, 2)).diff() < 0.01).all()
    assert light[0] > 10 * light[-1]


def test_tones_stay_near_their_swatches_in_hue() -> None:
    """Skin is redder than blue at every tone, as the scale's swatches are."""
    skin = tones(people(10, tone=[float(k) for k in range(1, 11)])).skin
    assert (skin[:, 0] > skin[:, 1]).all()
    assert (skin[:, 1] > skin[:, 2]).all()
    assert (MONK_LAB[:, 2] > 0).all()


def test_lips_darken_with_the_skin_and_stay_redder_than_it() -> None:
    c = tones(people(10, tone=[float(k) for k in range(1, 11)]))
    assert (c.lips.mean(1).diff() < 0).all()
    assert (c.lips[:8, 0] / c.lips[:8, 1] > c.skin[:8, 0] / c.skin[:8, 1]).all()


def test_lips_differ_between_people_of_one_tone() -> None:
    lips = tones(people(2, tone=3.0, mark_seed=[-0.5, 0.5])).lips
    assert (lips[0] - lips[1]).abs().max() > 0.02


def test_tones_between_two_steps_lie_between_them() -> None:
    low, middle, high = tones(people(3, tone=[5.0, 5.5, 6.0])).skin
    assert torch.allclose(middle, 0.5 * (low + high), atol=0.02)


def test_lips_are_told_from_skin_and_redder() -> None:
    rest, _, own = painted(people())
    inside, _ = lips(rest)
    assert set(own.segment.tolist()) == {SKIN, LIPS}
    assert (own.segment[inside < -0.1] == SKIN).all()
    assert (own.segment[inside > 0.1] == LIPS).all()
    red = own.albedo[:, 0] / own.albedo[:, 1]
    assert red[own.segment == LIPS].mean() > 1.2 * red[own.segment == SKIN].mean()


def test_vitiligo_only_where_the_trait_says() -> None:
    few = people(3, vitiligo_p=[0.5, 0.97, 0.999], tone=8.0, mark_seed=0.7)
    maps = bake(few, tones(few).dark, SHEETS[2])
    assert maps[:2, PALE].max() == 0
    assert maps[2, PALE].max() > 0.5
    plain, _, pale = albedo(few)
    assert pale.mean() > plain.mean() * 1.1


def test_scars_only_where_the_trait_says() -> None:
    t = people(2, scar_p=[0.9, 0.99], mark_seed=0.3)
    maps = bake(t, tones(t).dark, SHEETS[2])
    assert maps[0, PALE].max() == 0
    assert 0.1 < maps[1, PALE].max() < 0.5


def test_make_up_changes_lips_and_lids_alone() -> None:
    bare, full = albedo(people(2, makeup=[0.0, 1.0], makeup_hue_p=0.35))
    rest, _, _ = painted(people())
    moved = (full - bare).abs().mean(-1)
    on_lips, at_eyes = lips(rest)[0] > 1, (aperture(rest)[0] > -3) & (rest[:, 1].abs() < 20)
    forehead = rest[:, 1] > 45
    assert moved[on_lips].mean() > 0.03
    assert moved[at_eyes].mean() > 0.01
    assert moved[forehead].max() < 0.01


def test_freckles_show_on_pale_skin_and_hardly_on_dark() -> None:
    x, y = (g.flatten() for g in torch.meshgrid(
        torch.arange(-45.0, 45), torch.arange(-40.0, 0), indexing="ij"
    ))  # fmt: skip
    t = people(4, freckles=[-2.0, 2.5, -2.0, 2.5], tone=[2.0, 2.0, 9.0, 9.0])
    rest, chart = torch.stack([x, y, 0 * x], 1), torch.stack([x, y], 1)
    b = torch.arange(4).repeat_interleave(len(x))
    own = paint(t, rest.repeat(4, 1), chart.repeat(4, 1), b, 0.3).albedo.reshape(4, -1, 3)
    change = [float(1 - (own[i + 1] / own[i]).min()) for i in (0, 2)]
    assert change[0] > 0.15
    assert change[0] > 2 * change[1]
    assert 0.01 < ((own[1] / own[0]) < 0.95).float().mean() < 0.5


def test_paint_is_in_range() -> None:
    """The palest tones are corrected to just over what they receive; nothing goes beyond that."""
    _, _, own = painted(crowd(16))
    assert own.albedo.min() > 0
    assert own.albedo.max() < 1.25
    assert own.rough.min() > 0.1
    assert own.gloss.min() > 0
    for share in (own.open, own.thin):
        assert share.min() >= 0
        assert share.max() <= 1


def test_paint_does_not_depend_on_the_company() -> None:
    t = crowd(3)
    rest, _, own = painted(t)
    for i in range(3):
        single = painted({k: v[i : i + 1] for k, v in t.items()})[2]
        here = slice(i * len(rest), (i + 1) * len(rest))
        assert torch.allclose(own.albedo[here], single.albedo, atol=1e-5)
        assert torch.allclose(own.bump[here], single.bump, atol=1e-5)


def relief(**set_to: float) -> float:
    """Mean steepness of a person's wrinkles."""
    t = people(smile=0.0, laugh=0.0, **set_to)
    return float(bake(t, tones(t).dark, SHEETS[1])[0, SLOPE_X].abs().mean())


def test_wrinkles_deepen_with_age() -> None:
    ages = [
        relief(old=old, age=age)
        for old, age in ((0.0, 20.0), (0.4, 50.0), (0.7, 70.0), (1.0, 85.0))
    ]
    assert ages == sorted(ages)
    assert ages[3] > 3 * ages[0]


@pytest.mark.parametrize(("trait", "group"), [
    ("smile", "crows"), ("surprise", "forehead"), ("anger", "frown"), ("sadness", "marionette"),
])  # fmt: skip
def test_expressions_crease_their_part_of_the_face(trait: str, group: str) -> None:
    calm, moved = (
        wrinkles.amounts(people(smile=0.0, age=45.0, old=0.3) | {trait: torch.tensor([amount])})
        for amount in (0.0, 1.0)
    )
    own = [name for name in calm if name.rstrip("0123456789") == group]
    assert own
    assert sum(float(moved[n] - calm[n]) for n in own) > 0.1


def test_every_amount_has_a_drawing() -> None:
    assert set(wrinkles.amounts(people())) == set(wrinkles.heights(SHEETS[2], torch.device("cpu")))


def test_a_mirrored_sheet_is_the_same_face_the_other_way_round() -> None:
    t = crowd(40)
    sides = complexion.mirror(t)
    assert set(sides.tolist()) == {-1.0, 1.0}
    sheet = SHEETS[2]
    maps = torch.randn(1, 2, sheet.height, sheet.width, generator=torch.Generator().manual_seed(0))
    points = torch.tensor([[20.0, -35.0], [-40.0, 30.0], [0.0, 0.0]])
    b = torch.zeros(2, dtype=torch.long)
    one = sheet.read(maps, points, b, torch.tensor([1.0]))
    other = sheet.read(maps, points * torch.tensor([[-1.0], [1], [1]]), b, torch.tensor([-1.0]))
    assert torch.allclose(one, other, atol=1e-5)


def test_finer_pictures_get_finer_sheets() -> None:
    texels = [sheet_for(pixel).texel for pixel in (0.15, 0.6, 2.4)]
    assert texels == sorted(texels)
    assert len(set(texels)) == 3
