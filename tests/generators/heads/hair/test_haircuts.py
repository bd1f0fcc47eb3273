"""Haircuts: lengths as the taxonomy means them, strands outside the head, people independent."""

import pytest
import torch

from pipeline.generators.heads.hair import grow
from pipeline.generators.heads.hair.cuts import CUTS, LOOSE, NAMES
from pipeline.generators.heads.hair.roots import BEARD, BROW, SCALP
from pipeline.generators.heads.hair.skull import CENTER, radius
from pipeline.generators.heads.hair.strands import Strands
from pipeline.generators.heads.hair.styles import choose
from pipeline.generators.heads.layout import BALD, LONG, MEDIUM, SHORT
from tests.generators.heads.people import Traits, alone, crowd, head_of, people

CHIN, NOSE = -105.0, -35.0


def grown(t: Traits, index: torch.Tensor | None = None) -> Strands:
    base, vertices, normal = head_of(t)
    return grow(t, vertices[:, base.carried["roots"]], normal[:, base.below], 64, index)


def lowest(strands: Strands, i: int) -> float:
    """Height to which the scalp's hair of person i hangs, mm: that of the lowest hundredth."""
    alive = (strands.kind == SCALP) & (strands.length[i] > 0)
    if not alive.any():
        return 0.0
    return float(strands.points[i, alive][..., 1].amin(-1).quantile(0.02))


@pytest.fixture(scope="module")
def every_cut() -> Strands:
    """Every haircut, each on a median person whose hair suits it."""
    curl = [0.5 * (cut.curl_low + cut.curl_high) for cut in CUTS]
    return grown(people(len(CUTS), curl=curl), torch.arange(len(CUTS)))


def of_length(length: int) -> list[int]:
    return [i for i, cut in enumerate(CUTS) if cut.length == length]


def test_a_shaved_head_has_nothing_but_stubble(every_cut: Strands) -> None:
    scalp = every_cut.kind == SCALP
    assert every_cut.length[NAMES.index("shaved"), scalp].max() <= 1


def test_a_bald_head_has_only_a_short_rim_of_hair(every_cut: Strands) -> None:
    scalp = every_cut.kind == SCALP
    for i in of_length(BALD):
        assert every_cut.length[i, scalp].max() < 16
        top = every_cut.points[i, scalp, 0, 1] > 95
        assert every_cut.length[i, scalp][top].max() < 1


def test_long_hair_reaches_below_the_chin(every_cut: Strands) -> None:
    loose = [i for i in of_length(LONG) if CUTS[i].tie == LOOSE]
    for i in loose:
        assert lowest(every_cut, i) < CHIN, CUTS[i].name


def test_short_hair_stays_above_the_chin(every_cut: Strands) -> None:
    for i in of_length(SHORT):
        assert lowest(every_cut, i) > CHIN, CUTS[i].name


def test_medium_hair_lies_between_short_and_long(every_cut: Strands) -> None:
    bobs = [i for i in of_length(MEDIUM) if CUTS[i].cut > -900]
    for i in bobs:
        assert -150 < lowest(every_cut, i) < NOSE, CUTS[i].name


def deepest(strands: Strands, i: int) -> float:
    """How far the scalp's hair of person i enters the head above the ears, mm; a few strands may.

    Ears count as head for strands that lie over them, not for roots beside them: left out.
    """
    alive = (strands.kind == SCALP) & (strands.length[i] > 1)
    points = strands.points[i, alive]
    if not len(points):
        return 0.0
    _, far, head = radius(points.permute(2, 0, 1))
    seen = (points[..., 1] > -10) & (points[..., 0].abs() < 60)
    return float((head - far)[seen].quantile(0.995))


@pytest.mark.parametrize("length", [BALD, SHORT, MEDIUM, LONG])
def test_loose_strands_do_not_enter_the_head(every_cut: Strands, length: int) -> None:
    for i in of_length(length):
        if CUTS[i].tie == LOOSE:
            assert deepest(every_cut, i) < 3, CUTS[i].name


def test_tied_strands_do_not_enter_the_head(every_cut: Strands) -> None:
    for i, cut in enumerate(CUTS):
        if cut.tie != LOOSE:
            assert deepest(every_cut, i) < 6, cut.name


def test_tied_hair_meets_at_its_tie(every_cut: Strands) -> None:
    """Between root and tail every tied strand comes within two centimetres of one place."""
    for name in ("ponytail", "high bun", "low tail"):
        i = NAMES.index(name)
        tied = (every_cut.kind == SCALP) & (every_cut.start[i] > 0)
        ways = every_cut.points[i, tied]
        knot = ways[:, 3].median(0).values
        assert tied.sum() > 300
        assert (ways[:, 3] - knot).norm(dim=-1).quantile(0.95) < 20, name


def test_the_head_is_star_shaped_about_its_centre() -> None:
    at = torch.tensor(CENTER)[:, None, None] + torch.tensor([0.0, 60.0, 0.0])[:, None, None]
    direction, far, head = radius(at)
    assert torch.allclose(direction[:, 0, 0], torch.tensor([0.0, 1.0, 0.0]), atol=1e-5)
    assert abs(float(far) - 60) < 1e-3
    assert 85 < float(head) < 110


def test_cuts_follow_the_length_that_the_truth_names() -> None:
    t = crowd(300)
    chosen = choose(t)
    length = torch.tensor([cut.length for cut in CUTS])
    assert torch.equal(length[chosen], t["hair_length"].long())


def test_cuts_suit_the_texture() -> None:
    t = crowd(300)
    low = torch.tensor([cut.curl_low for cut in CUTS])[choose(t)]
    high = torch.tensor([cut.curl_high for cut in CUTS])[choose(t)]
    assert (t["curl"] > low - 0.05).all()
    assert (t["curl"] < high + 0.05).all()


def test_beards_grow_only_where_asked_and_brows_always() -> None:
    strands = grown(people(3, facial_hair=[0.0, 1.0, 2.0], beard_style_p=0.95, beard_length=1.0))
    none, stubble, full = (strands.length[i, strands.kind == BEARD] for i in range(3))
    assert none.max() == 0
    assert 0 < stubble.max() < 4
    assert full.max() > 20
    assert ((strands.length[:, strands.kind == BROW] > 0).float().mean(1) > 0.2).all()


def test_grey_hair_is_grey() -> None:
    strands = grown(people(2, grey_share=[0.0, 1.0], natural_color=1.0, hair_length=2.0))
    scalp = strands.kind == SCALP
    brown, grey = strands.tip_color[:, scalp].mean(1)
    assert brown[0] > 1.5 * brown[2]
    assert abs(float(grey[0] / grey[2]) - 1) < 0.1
    assert grey.mean() > 3 * brown.mean()


def test_hair_does_not_depend_on_the_company() -> None:
    t = crowd(5)
    together = grown(t)
    for i in (0, 3):
        own = grown(alone(t, i))
        keep = torch.isin(together.root, own.root)
        assert torch.allclose(together.length[i, keep], own.length[0], atol=1e-3)
        alive = own.length[0] > 0
        off = (together.points[i, keep] - own.points[0])[alive].abs()
        assert off.max() < 0.5
        assert (together.length[i, ~keep] == 0).all()
