"""Views of a catalog find, count, sample and load what their conditions say, and read little."""

import dataclasses
import importlib.util
import tempfile

import numpy as np
import pyarrow as pa
import pytest
from fake_job import FakeJob, Watched, flat_picture
from fake_manifest import fake_catalog, name_of
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.attributes.bins import bin_index, parse_bins
from pipeline.attributes.taxonomy import BY_NAME
from pipeline.catalog import Catalog
from pipeline.catalog.draw import draw
from pipeline.catalog.seal import seal
from pipeline.errors import CatalogError, SpecError, StoreError
from pipeline.storage import open_store

WHERE = "age BETWEEN 20 AND 49 AND skin_tone >= 4"


@pytest.fixture
def rows(catalog):
    return pa.concat_tables(catalog.tables()).to_pylist()


def matching(rows):
    return [row for row in rows if 20 <= row["age"] <= 49 and row["skin_tone"] >= 4]


def test_a_view_gives_the_rows_of_its_condition_in_the_manifests_order(catalog, rows):
    expected = matching(rows)
    faces = catalog.where(WHERE)
    assert faces.count() == len(expected) > 0
    table = faces.to_arrow()
    assert table.to_pylist() == expected
    assert table.schema.equals(catalog.schema(), check_metadata=True)
    assert faces.to_arrow(["smile", "asset_id"]).column_names == ["smile", "asset_id"]


def test_conditions_chain(catalog, rows):
    chained = catalog.where("age <= 49 -- a remark").where("age >= 20").where("skin_tone >= 4")
    assert chained.to_arrow().to_pylist() == matching(rows)
    either = catalog.where("age < 30 OR age > 60").where("true OR age < 0")
    assert either.count() == sum(row["age"] < 30 or row["age"] > 60 for row in rows)


def test_all_faces_are_those_of_the_manifest(catalog, rows):
    assert catalog.count() == catalog.faces.count() == len(rows)
    assert catalog.faces.to_arrow().equals(pa.concat_tables(catalog.tables()))


def test_a_catalog_in_a_bucket_is_searched_alike(s3_uri, s3_endpoint, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    store = open_store(s3_uri, endpoint=s3_endpoint)
    seal(store, FakeJob(layout="packs", format="png").run(store))
    catalog = Catalog.open(s3_uri, s3_endpoint)
    rows = pa.concat_tables(catalog.tables()).to_pylist()
    faces = catalog.where(WHERE)
    assert faces.to_arrow().to_pylist() == matching(rows)
    for row, image in faces.images(["slot"]):
        np.testing.assert_array_equal(image, flat_picture(row["slot"]))


def test_an_offset_leaves_out_the_rows_before(catalog, rows):
    names = [row["asset_id"] for row in rows]
    by_age = sorted(rows, key=lambda row: (row["age"], row["asset_id"]))
    for first in (0, 5, 23, 24, 99):
        found = catalog.faces.to_arrow(["asset_id"], limit=5, offset=first)
        assert found["asset_id"].to_pylist() == names[first : first + 5]
        found = catalog.faces.to_arrow(["slot"], sort="age", offset=first)
        assert found["slot"].to_pylist() == [row["slot"] for row in by_age[first:]]


def test_rows_sort_by_a_column_and_stop_at_a_limit(catalog, rows):
    ages = sorted(row["age"] for row in rows)
    assert catalog.faces.to_arrow(["age"], sort="age")["age"].to_pylist() == ages
    oldest = catalog.faces.to_arrow(["slot"], sort="-age", limit=3)["slot"].to_pylist()
    by_age = sorted(rows, key=lambda row: -row["age"])
    assert oldest == [row["slot"] for row in by_age[:3]]
    assert catalog.faces.to_arrow(limit=0).num_rows == 0


def test_images_come_beside_their_rows(catalog, rows):
    pairs = list(catalog.where(WHERE).images(threads=3))
    assert [row["asset_id"] for row, _ in pairs] == [row["asset_id"] for row in matching(rows)]
    assert list(pairs[0][0]) == list(rows[0])
    for row, image in pairs:
        assert image.dtype == np.uint8
        assert np.abs(image.astype(int) - flat_picture(row["slot"])).max() < 6


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats(0, 99, width=32), st.sampled_from([18.0, 30.0, 29.5])),
            st.sampled_from(BY_NAME["hair_color"].classes),
            st.one_of(st.none(), st.floats(0, 1, width=32), st.just(float(np.float32(0.3)))),
        ),
        min_size=1,
        max_size=60,
    )
)
def test_facets_are_what_the_bins_hold(values):
    rows = [
        {"asset_id": name_of(i), "age": age, "hair_color": hair, "mouth_open": mouth}
        for i, (age, hair, mouth) in enumerate(values)
    ]
    asked = {"age": None, "hair_color": ["black+grey", "red"], "mouth_open": ["0..0.3", "0.3..1"]}
    with tempfile.TemporaryDirectory() as folder:
        catalog = fake_catalog(open_store(folder), rows, part_rows=25, group_rows=9)
        found = catalog.faces.facets(asked)
        assert catalog.faces.facets(["age"]) == {"age": found["age"]}
    for name, labels in asked.items():
        bins = parse_bins(name, labels or BY_NAME[name].usual_bins)
        classes = BY_NAME[name].classes if BY_NAME[name].kind == "class" else ()
        known = [row[name] for row in rows if row[name] is not None]
        numbers = np.array([classes.index(v) if classes else v for v in known], float)
        index = bin_index(bins, numbers.astype(int) if classes else numbers)
        expected = {one.label: int((index == i).sum()) for i, one in enumerate(bins)}
        assert found[name] == expected | {"outside": len(rows) - sum(expected.values())}


def test_facets_follow_the_condition_and_know_presets(catalog, rows):
    found = catalog.where(WHERE).facets({"age": "fairface", "glasses": None})
    assert found["age"]["20-29"] == sum(row["age"] < 30 for row in matching(rows))
    assert sum(found["age"].values()) == sum(found["glasses"].values()) == len(matching(rows))


@pytest.mark.parametrize(
    ("facets", "reason"),
    [
        (["agee"], "facets: Attribute 'agee' is unknown; did you mean 'age'?"),
        ({"age": "fairfac"}, "facets.age: 'fairfac' is no preset; did you mean 'fairface'?"),
        ({"age": ["200-300"]}, "facets.age: 200 in bin '200-300' is outside its range"),
        ({"age": []}, "facets.age: the list of bins is empty"),
    ],
)
def test_facets_that_cannot_be_meant_are_refused(catalog, facets, reason):
    with pytest.raises(SpecError) as refusal:
        catalog.faces.facets(facets)
    assert str(refusal.value).startswith(reason)


def test_a_sample_is_the_draw_of_the_same_options(catalog, rows):
    faces = catalog.where("slot < 20").sample(6, ["gender_presentation"], seed=5)
    with draw(catalog, ["gender_presentation"], 6, where="slot < 20", seed=5) as drawn:
        names = set(drawn.names())
    table = faces.to_arrow()
    assert set(table["asset_id"].to_pylist()) == names
    assert faces.count() == 6
    assert faces.facets(["gender_presentation"])["gender_presentation"] == {
        "feminine": 3, "masculine": 3, "outside": 0
    }  # fmt: skip
    assert table.column_names == [*rows[0], "draw_cell", "draw_weight"]
    assert set(table["draw_cell"].to_pylist()) == {
        "gender_presentation=feminine", "gender_presentation=masculine"
    }  # fmt: skip
    women = faces.where("gender_presentation = 'feminine' AND draw_weight > 0")
    assert women.count() == 3
    assert len(list(women.images(["asset_id"]))) == 3
    assert catalog.faces.sample(7).count() == 7
    with pytest.raises(SpecError, match=r"^sample: these faces are a sample already"):
        faces.sample(2)


@pytest.mark.parametrize(
    ("ask", "reason"),
    [
        (lambda c: c.where("agee > 3"), "where: 'agee > 3' cannot be applied"),
        (lambda c: c.where(""), "where: '' cannot be applied"),
        (lambda c: c.where(None), "where: None is no text"),
        (lambda c: c.where("true) OR (true"), "where: 'true) OR (true' cannot be applied"),
        (lambda c: c.where("age > (SELECT 3)"), "where: 'age > (SELECT 3)' holds a SELECT"),
        (lambda c: c.where("EXISTS(FROM faces)"), "where: 'EXISTS(FROM faces)' cannot be"),
        (lambda c: c.where("cell_label::INT > 3").count(), "where: 'cell_label::INT > 3' cannot"),
        (lambda c: c.faces.to_arrow(["agee"]), "columns: 'agee' is no column of this catalog; did"),
        (lambda c: c.faces.to_arrow([]), "columns: none is named"),
        (lambda c: c.faces.to_arrow(sort="-agee"), "sort: 'agee' is no column of this catalog"),
        (lambda c: c.faces.sample(900), "count: 900 faces take 900"),
        (lambda c: c.faces.torch(columns=["agee"]), "columns: 'agee' is no column"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(catalog, ask, reason):
    with pytest.raises(SpecError) as refusal:
        ask(catalog)
    assert str(refusal.value).startswith(reason)
    assert "\n" not in str(refusal.value)


def test_pandas_is_asked_for_by_name(catalog, rows):
    if importlib.util.find_spec("pandas") is None:
        with pytest.raises(SpecError, match="run `pip install pandas`"):
            catalog.faces.to_pandas()
    else:
        assert list(catalog.faces.to_pandas(["slot"])["slot"]) == [row["slot"] for row in rows]


def aged(number, **cut):
    """A catalog of ages that rise from group to group."""
    rng = np.random.default_rng(3)
    ages = np.sort(rng.uniform(0, 99, number))
    rows = [
        {
            "asset_id": name_of(i),
            "age": float(age),
            "skin_tone": 1 + i * 10 // number,
            "glasses": ("none", "glasses")[i % 2],
        }
        for i, age in enumerate(ages)
    ]
    return rows, cut


def test_only_columns_named_and_row_groups_that_can_match_are_read(store):
    rows, _ = aged(20_000)
    fake_catalog(store, rows, part_rows=10_000, group_rows=1000)
    catalog = Catalog.open(store.uri)
    footers = {part: catalog.open_part(part).metadata for part in catalog.parts}

    def cost(ask):
        watched = Watched(store)
        result = ask(dataclasses.replace(catalog, store=watched))
        return result, watched.bytes_read

    every, of_all = cost(lambda c: c.where("age >= 0").facets(["glasses"]))
    some, of_some = cost(lambda c: c.where("age BETWEEN 20 AND 25").facets(["glasses"]))
    tones, of_tones = cost(lambda c: c.where("skin_tone >= 10").facets(["glasses"]))
    _, of_ids = cost(lambda c: c.where("age >= 0").to_arrow(["asset_id"]))
    young = sum(20 <= np.float32(row["age"]) <= 25 for row in rows)
    assert sum(every["glasses"].values()) == 20_000
    assert sum(some["glasses"].values()) == young
    assert sum(tones["glasses"].values()) == 2000
    overhead = sum(footer.serialized_size + 70_000 for footer in footers.values())
    columns = 0
    for footer in footers.values():
        for index in range(footer.num_row_groups):
            group = footer.row_group(index)
            chunks = [group.column(i) for i in range(group.num_columns)]
            columns += sum(
                c.total_compressed_size for c in chunks if c.path_in_schema in ("age", "glasses")
            )
    assert of_all < columns + 2 * overhead
    assert of_some < of_all - columns / 2
    assert of_tones < of_all - columns / 4
    assert of_ids > of_all


def test_order_holds_over_many_row_groups_and_parts(store):
    rows, _ = aged(5000)
    catalog = fake_catalog(store, rows, part_rows=1700, group_rows=300)
    found = catalog.where("glasses = 'none'").to_arrow(["asset_id"])["asset_id"].to_pylist()
    assert found == [row["asset_id"] for row in rows if row["glasses"] == "none"]
    first = catalog.faces.to_arrow(["asset_id"], limit=700)["asset_id"].to_pylist()
    assert first == [row["asset_id"] for row in rows[:700]]


class Failing(Watched):
    """A store that fails once so many reads went well."""

    allowed = 10**9

    def get(self, key, start=None, length=None):
        if self.reads >= self.allowed:
            raise StoreError("the line is cut")
        return super().get(key, start, length)


@pytest.mark.parametrize(
    "ask",
    [
        lambda faces: faces.count(),
        lambda faces: faces.facets(["age"]),
        lambda faces: faces.to_arrow(),
        lambda faces: list(faces.images()),
    ],
)
def test_a_store_that_fails_meanwhile_says_so_itself(catalog, ask):
    store = Failing(catalog.store)
    faces = dataclasses.replace(catalog, store=store, _footers={}).where("age > 1")
    store.allowed = store.reads
    with pytest.raises(StoreError, match="the line is cut"):
        ask(faces)


def test_a_part_that_is_gone_or_damaged_is_named(store):
    rows, _ = aged(300)
    catalog = fake_catalog(store, rows, part_rows=100)
    faces = catalog.where("age > 1")
    second = store.location.path / catalog.parts[1].key
    data = second.read_bytes()
    second.write_bytes(b"PAR1" + b"x" * (len(data) - 4))
    with pytest.raises(CatalogError, match=r"part-00001\.parquet is missing or damaged"):
        faces.count()
    second.unlink()
    with pytest.raises(CatalogError, match=r"part-00001\.parquet is missing or damaged"):
        faces.count()


def test_nothing_stays_on_disk(catalog, tmp_path, monkeypatch):
    (tmp_path / "t").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "t"))
    faces = catalog.where("age > 1")
    faces.sample(3).to_arrow()
    next(faces.images())
    assert list((tmp_path / "t").iterdir()) == []
