"""A view is counted, ordered and paged as the catalog itself would."""

import time
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.catalog import Catalog
from pipeline.catalog.scan import numbered
from pipeline.errors import SpecError
from pipeline.service.gallery import matches
from pipeline.service.gallery.facets import facets_of
from pipeline.service.gallery.index import FaceIndex, check_picks
from pipeline.service.gallery.matches import matching_rows
from pipeline.service.gallery.search import understood
from pipeline.service.gallery.similar import Neighbours
from pipeline.service.gallery.view import SORTS, View, read_view
from pipeline.service.gallery.words import chips_of, condition_of
from pipeline.service.refusal import Refusal
from pipeline.storage import open_store
from tests.catalog.fake_manifest import fake_catalog

FACETS = facets_of({})
PICKS = st.fixed_dictionaries(
    {},
    optional={facet.name: st.sets(st.sampled_from(facet.labels), min_size=1) for facet in FACETS},
)


@pytest.fixture(scope="session")
def index(catalog: Catalog) -> FaceIndex:
    return FaceIndex(catalog)


@pytest.fixture(scope="session")
def patchy(tmp_path_factory: pytest.TempPathFactory) -> FaceIndex:
    """400 faces of four parts, some of whose attributes are not known; 100 persons."""
    rng = np.random.default_rng(3)

    def maybe(value: Any) -> Any:
        return None if rng.random() < 0.2 else value

    rows = [
        {
            "asset_id": f"{index:06x}",
            "person_id": f"p{index // 4}",
            "age": maybe(float(rng.uniform(0, 99))),
            "skin_tone": maybe(int(rng.integers(1, 11))),
            "gender_presentation": maybe(str(rng.choice(["feminine", "masculine"]))),
            "glasses": maybe(str(rng.choice(["none", "glasses"]))),
            "yaw": maybe(float(rng.uniform(-90, 90))),
            "realism": maybe(float(rng.random())),
            "cell": int(rng.integers(3)),
        }
        for index in range(400)
    ]
    store = open_store(str(tmp_path_factory.mktemp("patchy")))
    return FaceIndex(fake_catalog(store, rows, part_rows=100, group_rows=37))


def picked(index: FaceIndex, picks: Mapping[str, set[str]], **more: Any) -> View:
    some = [
        (f.name, tuple(c for c in f.labels if c in picks[f.name]))
        for f in index.facets
        if f.name in picks
    ]
    return View(tuple((name, labels) for name, labels in some if labels), **more)


@settings(deadline=None, max_examples=20)
@example(picks={"age": {"outside"}, "glasses": {"none"}, "skin_tone": {"1", "outside"}})
@given(picks=PICKS)
def test_a_view_holds_what_its_condition_matches_in_the_catalog(
    patchy: FaceIndex, picks: Mapping[str, set[str]]
) -> None:
    view = picked(patchy, picks)
    condition = condition_of(patchy.facets, view)
    faces = patchy.catalog.faces if condition is None else patchy.catalog.where(condition)
    wanted = set(faces.to_arrow(["asset_id"])["asset_id"].to_pylist())
    rows = patchy.rows(view)
    assert {row["asset_id"] for row in patchy.places.rows(rows.tolist(), ["asset_id"])} == wanted
    assert patchy.total(view) == len(rows) == len(wanted)


@settings(deadline=None, max_examples=20)
@given(picks=PICKS)
def test_a_count_is_what_picking_that_choice_instead_would_show(
    patchy: FaceIndex, picks: Mapping[str, set[str]]
) -> None:
    view = picked(patchy, picks)
    for name, counts in patchy.counts(view).items():
        for label, count in counts.items():
            assert patchy.total(picked(patchy, {**picks, name: {label}})) == count


@settings(deadline=None, max_examples=20)
@given(picks=PICKS, sort=st.sampled_from(list(SORTS)), query=st.text())
def test_an_address_reproduces_its_view(
    patchy: FaceIndex, picks: Mapping[str, set[str]], sort: str, query: str
) -> None:
    where = " ".join(query.split()) or None
    view = picked(patchy, picks, sort=sort, where=where, person=where, like=where)
    assert read_view(patchy.facets, parse_qsl(view.query())) == view


@pytest.mark.parametrize(
    ("sort", "column", "down"),
    [("youngest", "age", 1), ("oldest", "age", -1), ("last", "slot", -1)],
)
def test_faces_come_in_their_order_and_unknown_ones_last(
    patchy: FaceIndex, sort: str, column: str, down: int
) -> None:
    faces = patchy.catalog.faces.to_arrow(["asset_id", column])
    value = dict(zip(faces["asset_id"].to_pylist(), faces[column].to_pylist(), strict=True))
    names = patchy.places.rows(patchy.rows(View(sort=sort)).tolist(), ["asset_id"])
    found = [value[name["asset_id"]] for name in names]
    known = [down * one for one in found if one is not None]
    assert known == pytest.approx(sorted(known), abs=0.01)
    assert found[len(known) :] == [None] * (len(found) - len(known))


def test_the_best_come_first(index: FaceIndex) -> None:
    columns = ["sharpness", "realism", "clipped"]
    values = index.catalog.faces.to_arrow(columns).to_pydict()
    quality = np.array(values["sharpness"]) * values["realism"] * (1 - np.array(values["clipped"]))
    shown = quality[index.rows(View(sort="quality"))]
    assert np.all(np.diff(shown) < 1e-4)


def test_mixed_faces_come_from_the_cells_by_turns(index: FaceIndex) -> None:
    rows = index.rows(View())
    cells = np.array(index.catalog.faces.to_arrow(["cell"])["cell"].to_pylist())[rows]
    assert cells.reshape(-1, 6).tolist() == [[0, 1, 2, 3, 4, 5]] * 100


@settings(deadline=None, max_examples=20)
@given(picks=PICKS, sort=st.sampled_from(list(SORTS)), count=st.integers(0, 500))
def test_the_first_rows_are_the_first_of_all(
    patchy: FaceIndex, picks: Mapping[str, set[str]], sort: str, count: int
) -> None:
    view = picked(patchy, picks, sort=sort)
    first = patchy.first_rows(view, count).tolist()
    assert first == patchy.rows(view)[:count].tolist()


def test_conditions_narrow_with_the_picks(index: FaceIndex) -> None:
    view = View((("glasses", ("glasses",)),), where="age < 40 AND slot % 2 = 0")
    wanted = index.catalog.where("glasses = 'glasses' AND age < 40 AND slot % 2 = 0").count()
    assert index.total(view) == wanted > 0


@pytest.mark.parametrize(
    "where",
    [
        "age >",
        "age > (SELECT 1)",
        "1=1; DROP TABLE chosen",
        "(SELECT count(*) FROM read_csv('/etc/passwd')) > 0",
        "getenv('HOME') = ''",
    ],
)
def test_conditions_that_reach_further_are_refused(index: FaceIndex, where: str) -> None:
    with pytest.raises(SpecError, match=r"^where: "):
        index.rows(View(where=where))


@pytest.mark.parametrize("pause", [0, 0.2])
def test_a_condition_that_takes_too_long_is_stopped(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch, pause: float
) -> None:
    def slowly(*arguments: Any) -> Any:
        time.sleep(pause)  # the time is up before the query begins
        return numbered(*arguments)

    monkeypatch.setattr(matches, "numbered", slowly)
    slow = "list_sum(list_transform(range(1000000), lambda x: (x * slot) % 7)) > 0"
    with pytest.raises(SpecError, match=r"takes longer than 0\.05 s; make it simpler$"):
        matching_rows(catalog, slow, seconds=0.05)


def test_the_pictures_of_a_person_are_together(patchy: FaceIndex) -> None:
    rows = patchy.rows(View(person="p7"))
    names = [row["asset_id"] for row in patchy.places.rows(rows.tolist(), ["asset_id"])]
    assert sorted(names) == ["00001c", "00001d", "00001e", "00001f"]
    assert patchy.total(View(person="nobody")) == 0


def test_people_come_one_by_one_where_they_have_several_pictures(
    patchy: FaceIndex, index: FaceIndex
) -> None:
    rows = patchy.rows(View(sort="people"))
    people = [row["person_id"] for row in patchy.places.rows(rows.tolist(), ["person_id"])]
    assert sum(a != b for a, b in pairwise(people)) == 99
    assert "people" in patchy.sorts
    assert "people" not in index.sorts
    assert index.rows(View(sort="people")).tolist() == index.rows(View()).tolist()


def test_similar_faces_are_the_nearest_by_their_latents(index: FaceIndex) -> None:
    w = np.array(index.catalog.faces.to_arrow(["w"])["w"].to_pylist(), np.float32)
    name = "f0000123"
    here = index.number_of(name)
    distances = (((w - w[here]) / w.std(0)) ** 2).sum(1)
    rows = index.rows(View(like=name))
    assert rows[0] == here
    assert distances[rows] == pytest.approx(np.sort(distances)[: len(rows)], rel=1e-2, abs=1e-3)
    assert index.neighbours.by == "latent w"
    some = index.rows(View((("glasses", ("glasses",)),), like=name))
    assert set(some) <= set(index.rows(View((("glasses", ("glasses",)),))))


def test_where_latents_are_too_many_scores_are_compared(catalog: Catalog, tmp_path: Path) -> None:
    near = Neighbours(catalog, catalog.count(), tmp_path, most_bytes=1000)
    distances = near.distances(5)
    assert near.by == "what the scorer reads"
    assert distances[5] == 0
    assert np.count_nonzero(distances == 0) == 1


def test_what_is_not_there_is_refused_by_name(index: FaceIndex, patchy: FaceIndex) -> None:
    with pytest.raises(SpecError, match=r"^age: '18-28' is none of its choices here; did you mean"):
        read_view(index.facets, [("age", "18-28")])
    with pytest.raises(SpecError, match=r"^sort: 'best' is no order"):
        read_view(index.facets, [("sort", "best")])
    with pytest.raises(SpecError, match="2,001 characters"):
        read_view(index.facets, [("where", "x" * 2001)])
    with pytest.raises(Refusal, match="'zz' is none of the 600 faces here"):
        index.number_of("zz")
    with pytest.raises(SpecError, match="expression: was not measured in this catalog"):
        check_picks(patchy, View((("expression", ("smile",)),)))


def test_ages_have_the_bins_that_the_job_ordered(index: FaceIndex, patchy: FaceIndex) -> None:
    labels = {facet.name: facet.labels for facet in index.facets}
    assert labels["age"] == ["18-29", "30-44", "45-59", "outside"]
    assert labels["skin_tone"] == [*map(str, range(1, 11)), "outside"]
    assert next(f for f in patchy.facets if f.name == "age").labels[0] == "0-9"


@pytest.mark.parametrize(
    ("text", "query"),
    [
        (
            "Smiling women with glasses",
            "gender_presentation=feminine&expression=smile&glasses=glasses",
        ),
        ("long red hair, 30s", "age=30-44&hair_length=long&hair_color=red"),
        ("no glasses 18-40", "age=18-29,30-44&glasses=none"),
        ("45+ tone 7", "age=45-59&skin_tone=7"),
        ("from the left", "light_azimuth=-180..-15"),
        ("age > 40 AND smile > 0.5", "where=age+%3E+40+AND+smile+%3E+0.5"),
    ],
)
def test_words_and_conditions_are_understood(index: FaceIndex, text: str, query: str) -> None:
    view, asset = understood(index, View(), text)
    assert (view.query(), asset) == (query, None)


def test_names_of_assets_are_understood_and_nonsense_is_not(index: FaceIndex) -> None:
    assert understood(index, View(), "F0000123") == (View(), "f0000123")
    with pytest.raises(SpecError, match="search: 'lorem ipsum' is not understood; write words"):
        understood(index, View(), "lorem ipsum")
    with pytest.raises(SpecError, match="where: 'agee > 3' cannot be applied"):
        understood(index, View(), "agee > 3")


def test_a_chip_takes_one_choice_away(index: FaceIndex) -> None:
    view = read_view(index.facets, [("age", "18-29,30-44"), ("person", "p1"), ("sort", "oldest")])
    chips = chips_of(index.facets, view, "")
    assert [(chip["title"], chip["without"]) for chip in chips] == [
        ("Age 18–29", "age=30-44&person=p1&sort=oldest"),
        ("Age 30–44", "age=18-29&person=p1&sort=oldest"),
        ("One person", "age=18-29,30-44&sort=oldest"),
    ]
