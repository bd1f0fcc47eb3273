"""A draw holds exactly the cells that were asked for, and the same faces each time."""

import contextlib
import dataclasses
import json
import re
import tempfile
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fake_job import FakeJob, Watched
from fake_manifest import fake_catalog, name_of
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import csv

from pipeline.catalog import lottery
from pipeline.catalog.draw import draw
from pipeline.catalog.read import open_catalog
from pipeline.catalog.seal import seal
from pipeline.errors import SpecError, StoreError
from pipeline.sampling.quotas import quotas
from pipeline.sampling.targets import parse_balance
from pipeline.storage import open_store

AGES = ("10-29", "30-49", "50-69")
BALANCE = {"age": list(AGES), "gender_presentation": "uniform"}
TARGET = parse_balance(BALANCE)
few = settings(max_examples=12, deadline=None)


def face(index, cell, **more):
    """A face of one of the six cells of BALANCE; of none where it is None."""
    age = 5.0 if cell is None else 10.0 + 20 * (cell // 2) + index % 20
    gender = "feminine" if cell is None or cell % 2 == 0 else "masculine"
    return {"asset_id": name_of(index), "age": age, "gender_presentation": gender} | more


def faces(numbers, outside=0):
    """So many faces of each cell, mixed."""
    cells = [cell for cell, number in enumerate(numbers) for _ in range(number)]
    order = np.random.default_rng(7).permutation(len(cells) + outside)
    whole = [*cells, *[None] * outside]
    return [face(index, whole[place]) for index, place in enumerate(order)]


@contextlib.contextmanager
def made(rows, **cut):
    with tempfile.TemporaryDirectory() as folder:
        yield fake_catalog(open_store(folder), rows, **cut)


def names(catalog, balance=BALANCE, count=None, **options):
    with draw(catalog, balance, count, **options) as drawn:
        return list(drawn.names())


def cell_counts(rows, chosen):
    """How many faces each cell of BALANCE gave, by the values of the rows."""
    by_name = {row["asset_id"]: row for row in rows}
    counts = np.zeros(TARGET.shares.shape, int)
    for name in chosen:
        row = by_name[name]
        counts[int(row["age"] - 10) // 20, int(row["gender_presentation"] == "masculine")] += 1
    return counts


pools = st.lists(st.integers(6, 20), min_size=6, max_size=6)


@few
@given(pools, st.integers(1, 36), st.integers(0, 2**63 - 1))
def test_every_cell_and_every_margin_is_exact(numbers, count, seed):
    rows = faces(numbers, outside=9)
    with made(rows, part_rows=50, group_rows=17) as catalog:
        chosen = names(catalog, count=count, seed=seed)
    assert len(set(chosen)) == len(chosen) == count
    found = cell_counts(rows, chosen)
    assert np.array_equal(found, quotas(TARGET, count))
    assert found.max() - found.min() <= 1
    for axis in (0, 1):
        margin = found.sum(axis)
        assert margin.max() - margin.min() <= 1


@few
@given(pools, st.integers(1, 36), st.data())
def test_neither_order_nor_parts_nor_row_groups_matter(numbers, count, data):
    rows = faces(numbers, outside=5)
    options = data.draw(
        st.sampled_from([{"count": count}, {"method": "weights", "count": count}, {}])
    )
    with made(rows) as catalog:
        chosen = names(catalog, **options)
    shuffled = data.draw(st.permutations(rows))
    part, group = data.draw(st.integers(20, 200)), data.draw(st.integers(3, 200))
    with made(shuffled, part_rows=part, group_rows=group) as catalog:
        assert names(catalog, **options) == chosen


@few
@given(pools, st.integers(1, 36), st.integers(1, 36))
def test_a_larger_draw_holds_a_smaller_one_where_no_quota_shrinks(numbers, one, other):
    small, large = sorted((one, other))
    rows = faces(numbers)
    with made(rows) as catalog:
        less, more = names(catalog, count=small), names(catalog, count=large)
        weighted = [names(catalog, method="weights", count=n) for n in (small, large)]
    if (quotas(TARGET, small) <= quotas(TARGET, large)).all():
        assert set(less) <= set(more)
    assert weighted[0] == weighted[1][:small]


def test_any_beginning_is_nearly_balanced():
    rows = faces([50] * 6)
    with made(rows) as catalog:
        chosen = names(catalog, count=120)
        uneven = names(catalog, {"age": {"10-29": 70, "30-49": 20, "50-69": 10}}, count=100)
    for end in range(6, 120):
        found = cell_counts(rows, chosen[:end])
        assert found.max() - found.min() <= 1
    for end in (10, 20, 50):
        share = cell_counts(rows, uneven[:end]).sum(1) / end
        assert share == pytest.approx([0.7, 0.2, 0.1], abs=0.11)


def test_another_seed_draws_other_faces_from_the_same_cells():
    rows = faces([40] * 6)
    with made(rows) as catalog:
        one, other = names(catalog, count=60), names(catalog, count=60, seed=1)
    assert np.array_equal(cell_counts(rows, one), cell_counts(rows, other))
    assert 5 < len(set(one) & set(other)) < 30


def test_every_face_of_a_cell_is_drawn_as_often():
    rows = faces([10, 30, 20, 15, 25, 12])
    drawn = Counter()
    with made(rows) as catalog:
        for seed in range(60):
            drawn.update(names(catalog, count=30, seed=seed))
    for cell, number in enumerate([10, 30, 20, 15, 25, 12]):
        mean = 60 * 5 / number
        of_cell = [r["asset_id"] for r in rows if cell_counts(rows, [r["asset_id"]]).flat[cell]]
        found = np.array([drawn[name] for name in of_cell])
        spread = mean * (1 - 5 / number)
        assert ((found - mean) ** 2).sum() / spread < number + 4 * (2 * number) ** 0.5


def test_a_cell_with_too_few_is_named_with_the_largest_count_that_works():
    rows = faces([9, 9, 9, 4, 9, 7])
    with made(rows) as catalog:
        with pytest.raises(SpecError) as refusal:
            names(catalog, count=48)
        sentence = str(refusal.value)
        assert sentence.startswith(
            "count: 48 faces take 8 of the cell 'age=30-49, gender_presentation=masculine', "
            "which has 4 (cells that have too few: 2); ask for "
        )
        assert "--allow-short" in sentence
        most = int(re.search(r"ask for (\d+), the most that works", sentence)[1])
        works = [n for n in range(1, 47) if (quotas(TARGET, n).ravel() <= [9, 9, 9, 4, 9, 7]).all()]
        assert most == max(works)
        assert len(names(catalog, count=most)) == most
        assert sorted(names(catalog)) == sorted(names(catalog, count=most))


@pytest.mark.parametrize("options", [{"count": 6}, {}, {"method": "weights"}])
def test_an_empty_cell_is_named(options):
    sentence = r"cell 'age=30-49, gender_presentation=feminine'.* 0"
    with made(faces([9, 9, 0, 9, 9, 9])) as catalog, pytest.raises(SpecError, match=sentence):
        names(catalog, **options)


@few
@given(st.lists(st.integers(0, 9), min_size=6, max_size=6), st.integers(1, 60))
def test_short_cells_give_all_and_the_others_fill_up_where_that_is_allowed(numbers, count):
    rows = faces(numbers, outside=3)
    if not any(numbers):
        return
    with made(rows) as catalog, draw(catalog, BALANCE, count, allow_short=True) as drawn:
        chosen, summary = list(drawn.names()), drawn.summary
    found = cell_counts(rows, chosen)
    assert len(chosen) == min(count, sum(numbers)) == summary.drawn
    left = found.ravel() < numbers
    assert not left.any() or found.max() - found.ravel()[left].min() <= 1
    asked = quotas(TARGET, count).ravel()
    assert [cell.short for cell in summary.cells] == (asked > numbers).tolist()
    assert [cell.drawn for cell in summary.cells] == found.ravel().tolist()


def test_without_a_count_short_cells_cannot_be_allowed():
    with made(faces([9] * 6)) as catalog, pytest.raises(SpecError, match="count: is missing"):
        names(catalog, allow_short=True)


def test_weights_give_the_wanted_shares_and_keep_every_face(tmp_path):
    numbers = [30, 10, 5, 40, 8, 12]
    rows = faces(numbers, outside=6)
    shares = {"10-29": 50, "30-49": 30, "50-69": 20}
    with (
        made(rows, group_rows=31) as catalog,
        draw(catalog, BALANCE | {"age": shares}, method="weights") as drawn,
    ):
        summary = drawn.summary
        drawn.write(tmp_path / "all.csv")
    table = csv.read_csv(tmp_path / "all.csv")
    weights = table["draw_weight"].to_numpy()
    assert len(weights) == sum(numbers) == summary.drawn
    assert summary.outside == 6
    assert weights.mean() == pytest.approx(1)
    assert summary.effective == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    ages = table["age"].to_numpy()
    for label, share in shares.items():
        low, high = map(int, label.split("-"))
        assert weights[(ages >= low) & (ages <= high)].sum() / len(weights) == pytest.approx(
            share / 100
        )
    masculine = np.array(table["gender_presentation"].to_pylist()) == "masculine"
    assert weights[masculine].sum() / len(weights) == pytest.approx(0.5)


def test_weights_with_a_count_draw_in_proportion_to_them():
    rows = faces([150, 30, 50, 90, 60, 40])
    total = np.zeros((3, 2))
    with made(rows) as catalog:
        for seed in range(20):
            chosen = names(catalog, method="weights", count=30, seed=seed)
            assert len(set(chosen)) == 30
            total += cell_counts(rows, chosen)
    # 100 a cell are expected, a little fewer of the rare ones: nobody is drawn twice.
    assert (np.abs(total - 100) < 30).all()


def test_weights_of_a_drawn_sample_balance_it_exactly(tmp_path):
    with (
        made(faces([150, 30, 50, 90, 60, 40])) as catalog,
        draw(catalog, BALANCE, 100, method="weights") as drawn,
    ):
        cells = drawn.summary.cells
    for cell in cells:
        assert cell.drawn * cell.weight == pytest.approx(100 / 6)


def test_more_than_there_is_cannot_be_drawn_by_weight_unless_allowed():
    with made(faces([3] * 6)) as catalog:
        with pytest.raises(SpecError, match="count: 19 faces are more than the 18 that match"):
            names(catalog, method="weights", count=19)
        assert len(names(catalog, method="weights", count=19, allow_short=True)) == 18


def test_an_unlucky_first_guess_at_the_candidates_changes_nothing(monkeypatch):
    with made(faces([60] * 6), group_rows=50) as catalog:
        for options in ({"count": 200}, {"count": 200, "method": "weights"}):
            chosen = names(catalog, **options)
            with monkeypatch.context() as patch:
                patch.setattr(lottery, "_SLACK", -6.0)
                patch.setattr(lottery, "_SPARE", 0)
                assert names(catalog, **options) == chosen


def test_only_a_part_of_the_lots_is_sorted(monkeypatch):
    sizes = []
    keep = lottery.make_table

    def counting(database, name, schema, tables):
        tables = list(tables)
        sizes.append(sum(table.num_rows for table in tables))
        keep(database, name, schema, tables)

    monkeypatch.setattr(lottery, "make_table", counting)
    with made(faces([3000] * 6)) as catalog:
        assert len(names(catalog, count=600)) == 600
        assert len(names(catalog, method="weights", count=600)) == 600
    assert len(sizes) == 2
    assert max(sizes) < 2000


def test_a_condition_narrows_what_is_drawn_from():
    rows = [row | {"yaw": float(i % 40 - 20)} for i, row in enumerate(faces([40] * 6))]
    frontal = {row["asset_id"] for row in rows if -10 <= row["yaw"] <= 10}
    with made(rows, group_rows=37) as catalog:
        chosen = names(catalog, count=42, where="yaw BETWEEN -10 AND 10")
        assert set(chosen) <= frontal
        assert (cell_counts(rows, chosen) == 7).all()
        # Who is drawn from all and matches comes first from those that match, too.
        few_of_all = set(names(catalog, count=42)) & frontal
        assert few_of_all <= set(chosen)
        with pytest.raises(SpecError, match=r"^where: 'yaw > 50' matches none of the 240 faces"):
            names(catalog, count=6, where="yaw > 50")
        with pytest.raises(SpecError, match=r"^where: 'yow > 5' cannot be applied"):
            names(catalog, count=6, where="yow > 5")


def test_faces_in_no_bin_are_left_out_and_counted():
    rows = faces([5] * 6, outside=11)
    rows[3] |= {"age": None}
    with made(rows) as catalog, draw(catalog, BALANCE, 12) as drawn:
        assert drawn.summary.outside in (11, 12)
        assert drawn.summary.matched == 41
    with made(rows) as catalog, pytest.raises(SpecError, match="none of the 41 matching faces"):
        names(catalog, {"age": ["80-99"]}, 3)


def test_nothing_balanced_is_a_plain_random_sample():
    rows = faces([20] * 6, outside=10)
    with made(rows) as catalog:
        assert len(set(names(catalog, {}, 50))) == 50
        assert len(names(catalog, {})) == 130
        assert set(names(catalog, {}, 20)) <= set(names(catalog, {}, 50))


def test_a_floor_and_a_table_do_what_they_do_in_a_spec():
    rows = faces([30] * 6)
    table = "age,gender_presentation,count\n10-29,feminine,97\n30-49,masculine,3\n"
    with made(rows) as catalog:
        chosen = names(catalog, {"table": table, "at_least": 5}, count=30)
        assert cell_counts(rows, chosen).tolist() == [[25, 0], [0, 5], [0, 0]]
        with pytest.raises(SpecError, match="at_least: 5 faces in each of 2 cells take 10"):
            names(catalog, {"table": table, "at_least": 5}, count=9)


@pytest.mark.parametrize("suffix", ["parquet", "csv", "json"])
def test_rows_are_written_with_their_cell_and_weight(suffix, tmp_path):
    rows = faces([9, 9, 9, 9, 9, 4])
    path = tmp_path / "deep" / f"rows.{suffix}"
    with (
        made(rows, part_rows=30, group_rows=11) as catalog,
        draw(catalog, BALANCE, 30, allow_short=True) as drawn,
    ):
        chosen = list(drawn.names())
        drawn.write(path)
        whole = pa.concat_tables(catalog.tables())
    found = {
        "parquet": lambda: pq.read_table(path).to_pylist(),
        "csv": lambda: csv.read_csv(path).to_pylist(),
        "json": lambda: json.loads(path.read_text()),
    }[suffix]()
    assert {row["asset_id"] for row in found} == set(chosen)
    order = [name for name in whole["asset_id"].to_pylist() if name in set(chosen)]
    assert [row["asset_id"] for row in found] == order
    main = ["asset_id", "uri", "offset", "length", "sha256", "age", "gender_presentation"]
    assert list(found[0]) == [
        *(whole.column_names if suffix == "parquet" else main),
        "draw_cell",
        "draw_weight",
    ]
    by_name = {row["asset_id"]: row for row in whole.to_pylist()}
    weights = {cell.label: cell.weight for cell in drawn.summary.cells}
    for row in found:
        assert row["draw_weight"] == pytest.approx(weights[row["draw_cell"]])
        assert row["uri"] == by_name[row["asset_id"]]["uri"]
    assert sum(row["draw_weight"] for row in found) == pytest.approx(30)
    assert list(path.parent.iterdir()) == [path]


def test_a_parquet_file_says_what_its_columns_mean(tmp_path):
    with made(faces([2] * 6)) as catalog, draw(catalog, BALANCE, 6) as drawn:
        drawn.write(tmp_path / "rows.parquet")
    schema = pq.read_schema(tmp_path / "rows.parquet")
    for name in schema.names:
        assert b"doc" in schema.field(name).metadata
    assert schema.metadata[b"populace.schema"] == b"1"


def test_another_suffix_and_a_place_that_cannot_be_written_are_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with made(faces([2] * 6)) as catalog, draw(catalog, BALANCE, 6) as drawn:
        with pytest.raises(SpecError, match=r"rows\.txt ends in none of \.parquet, \.csv, \.json"):
            drawn.write(tmp_path / "rows.txt")
        with pytest.raises(SpecError, match=r"to: the folder .* cannot be made"):
            drawn.write(tmp_path / "file" / "rows.csv")
        (tmp_path / "folder.csv").mkdir()
        with pytest.raises(StoreError, match=r"folder\.csv cannot be written"):
            drawn.write(tmp_path / "folder.csv")
    assert {path.name for path in tmp_path.iterdir()} == {"file", "folder.csv"}


def test_names_and_rows_can_be_read_side_by_side():
    with made(faces([900] * 6), group_rows=500) as catalog, draw(catalog, BALANCE, 5000) as drawn:
        pairs = zip(drawn.names(), drawn.rows(["asset_id"]), strict=False)
        assert len(list(pairs)) == 11


def test_nothing_stays_on_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    catalog = fake_catalog(open_store(str(tmp_path / "catalog")), faces([2] * 6))
    names(catalog, count=6)
    with pytest.raises(SpecError):
        names(catalog, count=600)
    assert [path.name for path in tmp_path.iterdir()] == ["catalog"]


def test_a_draw_reads_few_columns_and_only_once(store):
    seal(store, FakeJob(per_cell=100, shard_size=600, layout="packs").run(store))
    watched = Watched(store)
    catalog = dataclasses.replace(open_catalog(store), store=watched)
    names(catalog, ["age", "gender_presentation"], count=12)
    footer = catalog.open_part(catalog.parts[0]).metadata
    group = footer.row_group(0)
    sizes = {
        group.column(i).path_in_schema: group.column(i).total_compressed_size
        for i in range(group.num_columns)
    }
    needed = sum(sizes[name] for name in ("asset_id", "slot", "age", "gender_presentation"))
    assert watched.bytes_read < needed + 2 * footer.serialized_size + 70_000
    assert watched.bytes_read < catalog.parts[0].bytes
