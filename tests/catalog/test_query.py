"""A condition chooses rows, reads only what it needs, and can do nothing else."""

import dataclasses

import pyarrow as pa
import pytest
from fake_job import FakeJob, Watched
from fake_manifest import fake_catalog, name_of

from pipeline.catalog.query import Selection
from pipeline.catalog.read import open_catalog
from pipeline.catalog.seal import seal
from pipeline.errors import SpecError, StoreError
from pipeline.storage import open_store


@pytest.fixture
def rows(catalog):
    return pa.concat_tables(catalog.tables()).to_pylist()


@pytest.fixture
def select(catalog, tmp_path):
    """Choose from the catalog; each selection has a folder of its own and is closed in the end."""
    opened = []

    def choose(where=None, count=None):
        folder = tmp_path / f"selection-{len(opened)}"
        folder.mkdir()
        opened.append(Selection(catalog, folder, where, count))
        return opened[-1]

    yield choose
    for selection in opened:
        selection.close()


def names(selection):
    return [asset.asset_id for batch in selection.assets(5) for asset in batch]


@pytest.mark.parametrize(
    ("where", "chosen"),
    [
        ("age >= 40", lambda row: row["age"] >= 40),
        ("AGE >= 40 AND glasses = 'none'", lambda r: r["age"] >= 40 and r["glasses"] == "none"),
        ("w[1] > 0 -- a latent", lambda row: row["w"][0] > 0),
        ("list_max(age_p) > 0.1", lambda row: max(row["age_p"]) > 0.1),
        ("manifest.slot % 2 = 0", None),
        ("cell IN (1, 2) OR skin_tone = 3", lambda r: r["cell"] in (1, 2) or r["skin_tone"] == 3),
    ],
)
def test_a_condition_chooses_the_rows_it_describes(select, rows, where, chosen):
    if chosen is None:
        with pytest.raises(SpecError):
            select(where)
        return
    selection = select(where)
    expected = [row["asset_id"] for row in rows if chosen(row)]
    assert names(selection) == expected
    assert selection.count == len(expected)
    table = pa.concat_tables(selection.rows())
    assert table.column_names == list(rows[0])
    assert table["asset_id"].to_pylist() == expected


def test_without_condition_and_count_everything_comes_by_cell(select, rows):
    assert names(select()) == [row["asset_id"] for row in rows]


def test_a_count_goes_by_turns_through_the_cells(select, rows):
    chosen = names(select(count=8))
    cells = {row["asset_id"]: row["cell"] for row in rows}
    assert [cells[name] for name in chosen] == [0, 1, 2, 3, 4, 5, 0, 1]
    assert names(select(count=8)) == chosen
    assert names(select(count=13))[:8] == chosen


def test_a_count_beyond_what_matches_gives_what_matches(select):
    assert select(where="cell = 2", count=1000).count == 4


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("agee > 3", 'Referenced column "agee" not found'),
        ("age >", "syntax error"),
        ("", "."),
        ("age > 3 LIMIT 1", "."),
        ("true; DROP TABLE chosen", "."),
        ("true) OR (1=1", "syntax error"),
        ("skin_tone = 'dark'", "Could not convert string 'dark'"),
        ("(SELECT count(*) FROM read_csv('/etc/passwd')) > 0", "."),
        ("(SELECT count(*) FROM '/etc/passwd') > 0", "."),
        ("(SELECT count(*) FROM where_in_python) > 0", "."),
        ("age > 1000", "matches none of the 24 faces"),
    ],
)
def test_a_condition_that_cannot_be_applied_is_one_sentence(select, where, reason):
    where_in_python = pa.table({"a": [1]})  # a variable that DuckDB would find if it were let
    assert where_in_python.num_rows == 1
    with pytest.raises(SpecError, match=reason) as refusal:
        select(where)
    assert str(refusal.value).startswith(f"where: {where!r}")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("count", [0, -5, 10**30])
def test_a_count_that_cannot_be_is_refused(select, count):
    with pytest.raises(SpecError, match=f"count: {count:,} faces cannot be chosen; ask for 1 to"):
        select(count=count)


def test_only_the_columns_named_and_the_row_groups_chosen_are_read(store, tmp_path):
    job = FakeJob(per_cell=100, shard_size=600, layout="packs")
    seal(store, job.run(store))
    watched = Watched(store)
    catalog = dataclasses.replace(open_catalog(store), store=watched)
    selection = Selection(catalog, tmp_path, "smile > 0.5")
    assert watched.bytes_read < catalog.parts[0].bytes / 2
    selection.close()


def test_a_store_that_fails_meanwhile_says_so_itself(catalog, tmp_path):
    class Failing(Watched):
        def get(self, key, start=None, length=None):
            if self.reads > 0:
                raise StoreError("the line is cut")
            return super().get(key, start, length)

    with pytest.raises(StoreError, match="the line is cut"):
        Selection(dataclasses.replace(catalog, store=Failing(catalog.store)), tmp_path, "age > 1")


def test_by_place_faces_come_in_the_order_of_slots_and_those_of_an_extension_last(tmp_path):
    places = [(2, ""), (0, "extensions/12ab/"), (1, ""), (1, "extensions/12ab/"), (0, "")]
    rows = [
        {"asset_id": name_of(i), "slot": slot, "uri": f"{below}images/000000/{name_of(i)}.jpg"}
        for i, (slot, below) in enumerate(places)
    ]
    catalog = fake_catalog(open_store(str(tmp_path / "catalog")), rows)
    (tmp_path / "selection").mkdir()
    selection = Selection(catalog, tmp_path / "selection")
    found = [a.asset_id for batch in selection.assets(2, by_place=True) for a in batch]
    assert found == [name_of(i) for i in (4, 2, 0, 1, 3)]
    selection.close()
