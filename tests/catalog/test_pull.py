"""A pull brings exactly the chosen files, checked, and never the same one twice."""

import dataclasses
import hashlib

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fake_job import FakeJob, Watched

from pipeline.catalog.balance import balance_of
from pipeline.catalog.draw import draw
from pipeline.catalog.manifest import write_parquet
from pipeline.catalog.pull import pull
from pipeline.catalog.read import open_catalog
from pipeline.catalog.seal import seal
from pipeline.cli import _pictures_of
from pipeline.errors import CatalogError, SpecError
from pipeline.storage import open_store
from pipeline.training.gan.image_data import gather_images


def pulled(folder):
    """The rows written beside the images, each checked against its file."""
    rows = pq.read_table(folder / "manifest.parquet").to_pylist()
    for row in rows:
        data = (folder / row["uri"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == row["sha256"]
        assert (row["offset"], row["length"]) == (0, len(data))
    return rows


def files(folder):
    return {path for path in folder.rglob("*") if path.is_file()}


def test_everything_arrives_with_its_rows(catalog, tmp_path):
    to = tmp_path / "deep" / "pulled"
    summary = pull(catalog, to)
    assert (summary.faces, summary.fetched, summary.skipped) == (24, 24, 0)
    assert len(pulled(to)) == 24
    assert summary.bytes == sum(row["length"] for row in pulled(to))
    assert len(files(to)) == 25
    expected = pa.concat_tables(catalog.tables())
    found = pq.read_table(to / "manifest.parquet")
    moved = ["uri", "offset"]
    assert found.drop_columns(moved).equals(expected.drop_columns(moved))
    assert found.schema.equals(expected.schema, check_metadata=True)


def test_only_the_chosen_arrive(catalog, tmp_path):
    summary = pull(catalog, tmp_path / "to", where="age_bin = '18-29'", count=3)
    assert summary.faces == 3
    rows = pulled(tmp_path / "to")
    assert {row["age_bin"] for row in rows} == {"18-29"}
    assert len(files(tmp_path / "to")) == 4


def test_a_balanced_pull_brings_exactly_the_faces_of_the_draw(catalog, tmp_path):
    to, options = tmp_path / "to", {"seed": 3, "allow_short": True}
    where = "cell < 5"
    with draw(catalog, ["glasses", "smile"], 9, where=where, **options) as drawn:
        names, cells = set(drawn.names()), drawn.summary.cells
    balance = balance_of(catalog, ["glasses", "smile"], **options)
    summary = pull(catalog, to, where, 9, balance=balance)
    assert (summary.faces, summary.fetched, summary.drawn.cells) == (9, 9, cells)
    rows = pulled(to)
    assert {row["asset_id"] for row in rows} == names
    assert {path.stem for path in files(to)} == names | {"manifest"}
    assert max(row["cell"] for row in rows) < 5
    for cell in cells:
        of_cell = [row for row in rows if row["draw_cell"] == cell.label]
        assert len(of_cell) == cell.drawn
        assert {row["draw_weight"] for row in of_cell} <= {cell.weight}
        assert all(row["glasses"] == cell.bins["glasses"] for row in of_cell)
    again = pull(catalog, to, where, 9, balance=balance)
    assert (again.fetched, again.skipped) == (0, 9)


def test_a_larger_balanced_pull_fetches_only_what_is_new(catalog, tmp_path):
    balance = balance_of(catalog, {"glasses": None}, "weights")
    assert pull(catalog, tmp_path / "to", count=8, balance=balance).fetched == 8
    assert pull(catalog, tmp_path / "to", count=14, balance=balance).fetched == 6


def test_a_balance_that_cannot_be_had_fetches_nothing(catalog, tmp_path):
    balance = balance_of(catalog, {"glasses": None})
    with pytest.raises(SpecError, match="count: 26 faces take 13 of the cell 'glasses="):
        pull(catalog, tmp_path / "to", count=26, balance=balance)
    assert not files(tmp_path / "to")


def test_a_second_pull_transfers_no_image(catalog, tmp_path):
    pull(catalog, tmp_path / "to")
    watched = Watched(catalog.store)
    again = pull(dataclasses.replace(catalog, store=watched), tmp_path / "to")
    assert (again.fetched, again.skipped, again.bytes) == (0, 24, 0)
    assert watched.bytes_read < 2 * catalog.parts[0].bytes


def test_a_pull_goes_on_where_it_stopped_and_mends_damaged_files(catalog, tmp_path):
    to = tmp_path / "to"
    pull(catalog, to, count=10)
    rows = pulled(to)
    (to / rows[0]["uri"]).unlink()
    (to / rows[1]["uri"]).write_bytes(b"x" * rows[1]["length"])
    summary = pull(catalog, to)
    assert (summary.fetched, summary.skipped) == (16, 8)
    assert len(pulled(to)) == 24


def test_neighbours_in_a_pack_are_one_request(store, tmp_path):
    seal(store, FakeJob(layout="packs").run(store))
    first, second = Watched(store), Watched(store)
    pull(open_catalog(first), tmp_path / "to")
    pull(open_catalog(second), tmp_path / "to")
    assert first.reads - second.reads == 4


def test_a_tampered_image_is_named_and_nothing_half_written_stays(catalog, tmp_path):
    row = next(catalog.tables()).to_pylist()[5]
    data = bytearray(catalog.store.get(row["uri"]))
    data[row["offset"] + row["length"] // 2] ^= 1
    catalog.store.put(row["uri"], bytes(data))
    with pytest.raises(CatalogError, match=f"asset '{row['asset_id']}' .* sha256 differs"):
        pull(catalog, tmp_path / "to", threads=2)
    assert not (tmp_path / "to" / "manifest.parquet").exists()
    good = {r["sha256"] for r in next(catalog.tables()).to_pylist()} - {row["sha256"]}
    for path in files(tmp_path / "to"):
        assert hashlib.sha256(path.read_bytes()).hexdigest() in good


def test_a_cut_or_missing_image_is_named(catalog, tmp_path):
    row = next(catalog.tables()).to_pylist()[0]
    whole = catalog.store.get(row["uri"])
    catalog.store.put(row["uri"], whole[: row["offset"] + row["length"] - 1])
    with pytest.raises(CatalogError, match="sha256 differs"):
        pull(catalog, tmp_path / "to")
    (tmp_path / "output" / row["uri"]).unlink()
    with pytest.raises(CatalogError, match="is gone"):
        pull(catalog, tmp_path / "to")


def test_a_manifest_that_points_outside_writes_nothing(catalog, tmp_path):
    table = next(catalog.tables())
    index = table.schema.get_field_index("asset_id")
    evil = ["../../../evil", *table["asset_id"].to_pylist()[1:]]
    bad = table.set_column(index, table.schema.field(index), pa.array(evil))
    content = write_parquet(bad)
    catalog.store.put(catalog.parts[0].key, content)
    part = dataclasses.replace(catalog.parts[0], bytes=len(content))
    with pytest.raises(CatalogError, match="do not trust this manifest"):
        pull(dataclasses.replace(catalog, parts=(part,)), tmp_path / "to")
    assert not files(tmp_path / "to")
    assert not list(tmp_path.rglob("evil*"))


def test_progress_counts_up_to_all(catalog, tmp_path):
    calls = []
    pull(catalog, tmp_path / "to", progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (24, 24)
    assert calls == sorted(calls)


def test_a_file_where_the_folder_belongs_is_refused(catalog, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SpecError, match=r"to: the folder .* cannot be made"):
        pull(catalog, tmp_path / "file")


def test_a_pull_from_s3_is_the_same(tmp_path, s3_uri, s3_endpoint):
    bucket = open_store(s3_uri, endpoint=s3_endpoint)
    seal(bucket, FakeJob(layout="packs", per_cell=2).run(bucket))
    summary = pull(open_catalog(bucket), tmp_path / "to", where="cell < 3")
    assert summary.fetched == 6
    assert len(pulled(tmp_path / "to")) == 6


def test_a_balanced_pull_from_s3_is_that_of_a_folder(tmp_path, s3_uri, s3_endpoint):
    bucket, folder = open_store(s3_uri, endpoint=s3_endpoint), open_store(str(tmp_path / "out"))
    found = []
    for store in (bucket, folder):
        seal(store, FakeJob(layout="packs", per_cell=10).run(store))
        catalog = open_catalog(store)
        to = tmp_path / f"to-{len(found)}"
        summary = pull(catalog, to, "age > 10", 12, balance=balance_of(catalog, "glasses"))
        assert summary.fetched == 12
        with draw(catalog, "glasses", 12, where="age > 10") as drawn:
            assert {row["asset_id"] for row in pulled(to)} == set(drawn.names())
            assert [cell.drawn for cell in drawn.summary.cells] == [6, 6]
        found.append([row["asset_id"] for row in pulled(to)])
    assert found[0] == found[1]


def test_a_training_finds_the_pictures_of_a_catalog(sealed, tmp_path):
    folder = _pictures_of(str(sealed / "packs"), tmp_path / "data" / "catalog")
    pictures = gather_images(folder, 16, tmp_path / "data", 1, lambda done, total: None)
    assert len(pictures) == 24
