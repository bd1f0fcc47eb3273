"""A pull brings exactly the chosen files, checked, and never the same one twice."""

import dataclasses
import errno
import hashlib
import io
import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fake_job import FakeJob, Watched
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.assets.encode import decode, pixels_sha256
from pipeline.catalog.balance import balance_of
from pipeline.catalog.bring import PullState
from pipeline.catalog.conversion import smaller
from pipeline.catalog.draw import draw
from pipeline.catalog.manifest import write_parquet
from pipeline.catalog.pull import pull
from pipeline.catalog.pulled import STATE_NAME
from pipeline.catalog.read import open_catalog
from pipeline.catalog.seal import seal
from pipeline.cli_train import _pictures_of
from pipeline.errors import CatalogError, SpecError, StoreError
from pipeline.provenance.xmp import DIGITAL_SOURCE_TYPE, read_label
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
    """All but the file in which pulls remember."""
    return {path for path in folder.rglob("*") if path.is_file() and path.name != STATE_NAME}


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
    with pytest.raises(CatalogError, match=f"'{row['asset_id']}' .* is cut short: [0-9,]+ of its"):
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
    summary = pull(catalog, tmp_path / "to", progress=calls.append)
    assert calls[-1] == PullState(24, 24, 24, summary.bytes)
    assert calls == sorted(calls, key=dataclasses.astuple)


def images_read(catalog, to, **options):
    """A pull's summary, and how often it read from the store beyond what a pull of nothing does."""
    watched = Watched(catalog.store)
    summary = pull(dataclasses.replace(catalog, store=watched), to, **options)
    again = Watched(catalog.store)
    rest = pull(dataclasses.replace(catalog, store=again), to, **options)
    assert (rest.fetched, rest.files, rest.bytes, rest.converted) == (0, 0, 0, 0)
    return summary, watched.reads - again.reads


def labelled(folder):
    """The rows of a pull, each image checked to be what the row says, and to say what it is."""
    rows = pulled(folder)
    for row in rows:
        data = (folder / row["uri"]).read_bytes()
        image = Image.open(io.BytesIO(data))
        assert (image.format.lower(), image.size) == (row["format"], (row["width"], row["height"]))
        label = read_label(data)
        assert (label.source_type, label.identifier) == (DIGITAL_SOURCE_TYPE, row["asset_id"])
    return rows


def test_neighbours_are_one_request_however_the_manifest_is_sorted(store, tmp_path):
    # By cell, every sixth face of a pack is a neighbour.
    seal(store, FakeJob(layout="packs", per_cell=900, shard_size=1000).run(store))
    summary, reads = images_read(open_catalog(store), tmp_path / "to")
    assert summary.files == 5400
    assert reads <= 8


def test_a_conversion_is_labelled_and_told_in_the_rows(catalog, tmp_path):
    to = tmp_path / "to"
    summary, _ = images_read(catalog, to, size=16, format="webp")
    assert (summary.fetched, summary.converted) == (24, 24)
    originals = {row["asset_id"]: row for row in next(catalog.tables()).to_pylist()}
    for row in labelled(to):
        original = originals[row["asset_id"]]
        assert (row["width"], row["height"], row["format"]) == (16, 16, "webp")
        for name in ("sha256", "format", "width", "height"):
            assert row[f"source_{name}"] == original[name]
        pixels = smaller(decode(catalog_file(catalog, original)), 16)
        assert row["pixels_sha256"] == pixels_sha256(pixels)
    assert {path.suffix for path in files(to)} == {".webp", ".parquet"}
    schema = pq.read_schema(to / "manifest.parquet")
    assert schema.field("source_sha256").metadata[b"doc"]
    assert schema.metadata == catalog.schema().metadata


def catalog_file(catalog, row):
    return catalog.store.get(row["uri"], row["offset"], row["length"])


def test_other_options_redo_only_what_differs(catalog, tmp_path):
    to = tmp_path / "to"
    assert images_read(catalog, to, size=16)[0].converted == 24
    assert images_read(catalog, to, size=16, where="cell < 3")[0].fetched == 0
    assert len(labelled(to)) == 12
    assert images_read(catalog, to, size=8, where="cell < 3")[0].converted == 12
    assert {row["width"] for row in labelled(to)} == {8}
    assert images_read(catalog, to, size=16)[0].converted == 12
    again = images_read(catalog, to)[0]
    assert (again.fetched, again.converted) == (24, 0)
    rows = labelled(to)
    assert {row["width"] for row in rows} == {32}
    assert "source_sha256" not in rows[0]


def test_what_is_as_asked_already_is_not_converted(catalog, tmp_path):
    summary, _ = images_read(catalog, tmp_path / "to", size=32, format="jpeg")
    assert (summary.fetched, summary.converted) == (24, 0)
    for row in labelled(tmp_path / "to"):
        assert row["sha256"] == row["source_sha256"]


def test_a_damaged_converted_file_is_made_again(catalog, tmp_path):
    to = tmp_path / "to"
    pull(catalog, to, format="png")
    rows = labelled(to)
    (to / rows[0]["uri"]).write_bytes(b"x" * rows[0]["length"])
    (to / rows[1]["uri"]).unlink()
    assert images_read(catalog, to, format="png")[0].converted == 2
    labelled(to)


def test_a_size_beyond_the_catalogs_writes_nothing(catalog, tmp_path):
    with pytest.raises(SpecError, match="size: 64 px is more than the 32 px"):
        pull(catalog, tmp_path / "to", size=64)
    assert not files(tmp_path / "to")


def test_a_tampered_image_is_refused_before_it_is_converted(catalog, tmp_path):
    row = next(catalog.tables()).to_pylist()[5]
    data = bytearray(catalog.store.get(row["uri"]))
    data[row["offset"] + row["length"] - 9] ^= 1
    catalog.store.put(row["uri"], bytes(data))
    with pytest.raises(CatalogError, match=f"'{row['asset_id']}' .* sha256 differs"):
        pull(catalog, tmp_path / "to", size=16, format="png")
    assert f"{row['asset_id']}.png" not in {path.name for path in files(tmp_path / "to")}


def test_sync_removes_what_is_no_longer_chosen_and_no_other_file(catalog, tmp_path):
    to = tmp_path / "to"
    pull(catalog, to)
    mine = to / "images" / "000000" / "mine.jpg"
    mine.write_bytes(b"mine")
    (to / "notes.txt").write_text("mine")
    edited = to / pulled(to)[-1]["uri"]
    edited.write_bytes(edited.read_bytes() + b"edited")
    assert pull(catalog, to, where="cell < 2").removed == 0
    assert len(files(to)) == 27
    summary = pull(catalog, to, where="cell < 2", sync=True)
    assert (summary.fetched, summary.removed, summary.changed) == (0, 15, 1)
    left = {to / row["uri"] for row in pulled(to)}
    assert files(to) == left | {mine, edited, to / "notes.txt", to / "manifest.parquet"}
    assert pull(catalog, to, where="cell < 2", sync=True).removed == 0


def test_sync_removes_the_files_of_other_options(catalog, tmp_path):
    to = tmp_path / "to"
    pull(catalog, to, format="png")
    assert pull(catalog, to, format="webp", sync=True).removed == 24
    assert {path.suffix for path in files(to)} == {".webp", ".parquet"}
    labelled(to)


def test_sync_spares_files_that_were_there_before_any_pull(catalog, tmp_path):
    to, other = tmp_path / "to", tmp_path / "other"
    pull(catalog, other)
    shutil.copytree(other / "images", to / "images")
    assert pull(catalog, to, where="cell < 2", sync=True).removed == 0
    assert len(files(to)) == 25


def test_sync_without_a_match_removes_nothing(catalog, tmp_path):
    pull(catalog, tmp_path / "to")
    with pytest.raises(SpecError):
        pull(catalog, tmp_path / "to", where="age > 1000", sync=True)
    assert len(files(tmp_path / "to")) == 25


PULLS = st.fixed_dictionaries(
    {
        "where": st.sampled_from([None, "cell < 2", "cell > 0", "slot % 5 = 0"]),
        "count": st.sampled_from([None, 3]),
        "size": st.sampled_from([None, 8, 32]),
        "format": st.sampled_from([None, "png", "jpeg"]),
        "sync": st.booleans(),
    }
)


@settings(max_examples=12, deadline=None)
@given(st.lists(PULLS, min_size=1, max_size=3))
def test_after_any_pulls_a_sync_leaves_exactly_the_files_of_the_last(sealed, pulls):
    catalog = open_catalog(open_store(str(sealed / "packs")))
    with TemporaryDirectory() as folder:
        to = Path(folder)
        for options in [*pulls, pulls[-1] | {"sync": True}]:
            pull(catalog, to, **options, threads=2)
            named = {to / row["uri"] for row in labelled(to)} | {to / "manifest.parquet"}
            assert files(to) == named if options["sync"] else files(to) >= named


def test_a_full_disk_is_one_error_and_the_next_pull_goes_on(catalog, tmp_path, monkeypatch):
    to, whole, written = tmp_path / "to", os.write, []

    def fills_up(file, data):
        written.extend([file] * (bytes(data[:2]) == b"\xff\xd8"))
        if len(written) > 10:
            whole(file, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        return whole(file, data)

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", fills_up)
        sentence = r"cannot be written \(No space left .*\); free some .* pull again to go on$"
        with pytest.raises(StoreError, match=sentence):
            pull(catalog, to, threads=2)
    there = files(to)
    assert len(there) == 10
    good = {row["sha256"] for row in next(catalog.tables()).to_pylist()}
    assert {hashlib.sha256(path.read_bytes()).hexdigest() for path in there} <= good
    assert pull(catalog, to).fetched == 14
    assert len(pulled(to)) == 24


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
