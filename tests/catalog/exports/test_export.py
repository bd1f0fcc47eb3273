"""Every export is whole, labelled, the same each time, and nobody else's files are touched."""

import csv
import hashlib
import io
import json
import shutil
import tarfile
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from click.testing import CliRunner
from fake_job import FakeJob
from PIL import Image

from pipeline.assets.encode import decode
from pipeline.catalog.balance import balance_of
from pipeline.catalog.draw import draw
from pipeline.catalog.exports.export import Kind, export
from pipeline.catalog.exports.tga import label_text
from pipeline.catalog.pulled import STATE_NAME
from pipeline.catalog.read import open_catalog
from pipeline.catalog.seal import seal
from pipeline.cli import main
from pipeline.errors import CatalogError, SpecError
from pipeline.provenance.xmp import DIGITAL_SOURCE_TYPE, read_label
from pipeline.storage import open_store

KINDS = get_args(Kind)
SMALL = {"page": 128, "samples": 10}
PICTURES = {".jpg", ".png", ".webp"}


def files(folder):
    """Path -> content of all but the file in which exports remember."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != STATE_NAME
    }


def members(data):
    """The pictures in a tar."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return [tar.extractfile(one).read() for one in tar if Path(one.name).suffix in PICTURES]


def entries(folder):
    return json.loads((folder / "index.json").read_text())["faces"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_export_writes_nothing_and_another_folder_gets_the_same_bytes(
    catalog, tmp_path, kind
):
    first = export(catalog, tmp_path / "a", kind, **SMALL)
    assert (first.faces, first.fetched, first.removed, first.changed) == (24, 24, 0, 0)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "a").rglob("*")}
    again = export(catalog, tmp_path / "a", kind, **SMALL)
    assert (again.faces, again.fetched, again.written, again.removed) == (24, 0, 0, 0)
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "a").rglob("*")}
    assert {path.name for path in before if before[path] != after[path]} <= {STATE_NAME, "a"}
    assert first.written == len(files(tmp_path / "a"))
    export(catalog, tmp_path / "b", kind, **SMALL)
    assert files(tmp_path / "a") == files(tmp_path / "b")


@pytest.mark.parametrize("kind", KINDS)
def test_licence_and_label_go_wherever_faces_go(catalog, tmp_path, kind):
    export(catalog, tmp_path / "to", kind, **SMALL)
    found = files(tmp_path / "to")
    licence = found["LICENCE.txt"].decode()
    assert catalog.document["licence"] in licence
    assert DIGITAL_SOURCE_TYPE in licence
    pictures = [data for name, data in found.items() if Path(name).suffix in PICTURES]
    for name, data in found.items():
        if Path(name).suffix == ".tar":
            pictures += members(data)
    assert len(pictures) >= (1 if kind == "atlas" else 24)  # a page of an atlas holds many
    assert all(read_label(data).source_type == DIGITAL_SOURCE_TYPE for data in pictures)
    text = {"imagefolder": "metadata.jsonl", "fiftyone": "samples.json"}.get(kind, "index.json")
    assert DIGITAL_SOURCE_TYPE in found[text].decode()


def test_a_folder_holds_every_file_that_its_index_names(catalog, tmp_path):
    export(catalog, tmp_path / "to", "folder")
    rows = {row["asset_id"]: row for table in catalog.tables() for row in table.to_pylist()}
    found = entries(tmp_path / "to")
    assert [one["asset_id"] for one in found] == list(rows)
    for one in found:
        row, data = rows[one["asset_id"]], (tmp_path / "to" / one["file"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == one["sha256"] == row["sha256"]
        assert one["age"] == pytest.approx(row["age"], rel=1e-5)
        assert one["glasses"] == row["glasses"]
    with (tmp_path / "to" / "index.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [{name: str(value) for name, value in one.items()} for one in found] == lines


def test_converted_images_are_told_as_they_are(catalog, tmp_path):
    export(catalog, tmp_path / "to", "folder", "slot < 3", size=16, format="webp")
    for one in entries(tmp_path / "to"):
        data = (tmp_path / "to" / one["file"]).read_bytes()
        assert (one["width"], one["height"], one["format"]) == (16, 16, "webp")
        assert decode(data).shape == (16, 16, 3)
        assert hashlib.sha256(data).hexdigest() == one["sha256"]
        assert read_label(data).identifier == one["asset_id"]


def test_a_balanced_export_has_the_faces_of_the_draw(catalog, tmp_path):
    how = balance_of(catalog, ["gender_presentation"], seed=3)
    summary = export(catalog, tmp_path / "to", "webdataset", count=6, balance=how, samples=4)
    assert summary.faces == summary.drawn.drawn == 6
    export(catalog, tmp_path / "index", "folder", count=6, balance=how)
    with draw(catalog, ["gender_presentation"], 6, seed=3) as drawn:
        assert {one["asset_id"] for one in entries(tmp_path / "index")} == set(drawn.names())
    assert all(one["draw_weight"] == 1.0 for one in entries(tmp_path / "index"))


def test_attributes_that_nobody_measured_are_left_out(tmp_path):
    from fake_manifest import fake_catalog, name_of

    from pipeline.catalog.exports.about import label_columns

    rows = [{"asset_id": name_of(i), "age": float(i), "glasses": None} for i in range(5)]
    catalog = fake_catalog(open_store(str(tmp_path)), rows, group_rows=2)
    assert "age" in label_columns(catalog)
    assert "glasses" not in label_columns(catalog)
    assert "yaw" not in label_columns(catalog)


@pytest.mark.parametrize("kind", ["folder", "webdataset", "atlas", "unity"])
def test_a_killed_export_goes_on_and_leaves_nothing_half_written(catalog, tmp_path, kind):
    def stop(state):
        if state.faces >= 8:
            raise KeyboardInterrupt

    few = {"page": 128, "samples": 4}
    with pytest.raises(KeyboardInterrupt):
        export(catalog, tmp_path / "to", kind, progress=stop, threads=1, **few)
    there = len(files(tmp_path / "to"))
    assert there > 0
    export(catalog, tmp_path / "to", kind, **few)
    export(catalog, tmp_path / "whole", kind, **few)
    assert files(tmp_path / "to") == files(tmp_path / "whole")


def test_another_choice_takes_the_folder_and_leaves_what_somebody_changed(catalog, tmp_path):
    to = tmp_path / "to"
    export(catalog, to, "folder")
    names = [one["file"] for one in entries(to)]
    (to / names[-1]).write_bytes(b"touched up")
    (to / "notes.txt").write_text("mine")
    summary = export(catalog, to, "folder", "slot < 12")
    assert (summary.faces, summary.fetched, summary.changed) == (12, 0, 1)
    kept = {one["file"] for one in entries(to)}
    assert {*kept, names[-1], "notes.txt", "index.csv", "index.json", "LICENCE.txt"} == set(
        files(to)
    )


def test_a_damaged_file_is_made_again(catalog, tmp_path):
    to = tmp_path / "to"
    export(catalog, to, "webdataset", samples=8)
    whole = files(to)
    (to / "faces-000001.tar").write_bytes(b"torn")
    (to / "faces-000002.tar").unlink()
    summary = export(catalog, to, "webdataset", samples=8)
    assert (summary.fetched, summary.written) == (16, 2)
    assert files(to) == whole


def test_a_document_that_somebody_changed_is_not_written_over(catalog, tmp_path):
    to = tmp_path / "to"
    export(catalog, to, "imagefolder")
    (to / "README.md").write_text("# Our own card")
    with pytest.raises(SpecError, match=r"README.md was written by somebody else, or changed"):
        export(catalog, to, "imagefolder")
    assert (to / "README.md").read_text() == "# Our own card"
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "index.csv").write_text("ours")
    with pytest.raises(SpecError, match=r"to: .*index.csv was written by somebody else"):
        export(catalog, tmp_path / "project", "folder")
    assert (tmp_path / "project" / "index.csv").read_text() == "ours"


def test_a_folder_is_of_one_kind(catalog, tmp_path):
    export(catalog, tmp_path / "to", "folder")
    with pytest.raises(SpecError, match=r"holds files of another command .export as folder, not"):
        export(catalog, tmp_path / "to", "unity")
    with pytest.raises(SpecError, match="holds a catalog or a job's output"):
        export(catalog, tmp_path / "output", "folder")


def test_a_tampered_object_stops_the_export(catalog, tmp_path):
    row = next(iter(catalog.tables())).to_pylist()[3]
    data = bytearray(catalog.store.get(row["uri"]))
    data[row["offset"] + row["length"] // 2] ^= 255
    catalog.store.put(row["uri"], bytes(data))
    for kind in ("folder", "atlas"):
        with pytest.raises(CatalogError, match=f"{row['asset_id']}.*its sha256 differs"):
            export(catalog, tmp_path / kind, kind, page=128)
        assert not (tmp_path / kind / "index.csv").exists()


@pytest.mark.parametrize(
    ("kind", "more", "sentence"),
    [
        ("unitty", {}, "as: 'unitty' is no kind of export; did you mean 'unity'?"),
        ("unity", {"format": "webp"}, "format: 'webp' is none that unity takes; write png, tga"),
        ("folder", {"format": "tga"}, "format: 'tga' is none that folder takes"),
        ("unity", {"extras": True}, "extras: unity has no place for them; export as folder or"),
        ("atlas", {"page": 10}, "page: 10 px cannot be asked for; give 64 to 8,192"),
        ("atlas", {"page": 64, "padding": 20}, "page: 64 px cannot hold a face of 32 px with 20"),
        ("atlas", {"padding": -1}, "padding: -1 px cannot be asked for"),
        ("webdataset", {"samples": 0}, "samples: 0 to a shard cannot be had"),
        ("folder", {"size": 64}, "size: 64 px is more than the 32 px of asset"),
        ("unity", {"size": 4, "format": "tga"}, "size: 4 px cannot be asked for"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(catalog, tmp_path, kind, more, sentence):
    with pytest.raises(SpecError) as error:
        export(catalog, tmp_path / "to", kind, **more)
    assert str(error.value).startswith(sentence)


def test_the_command_says_what_it_did(catalog, tmp_path):
    words = ["export", catalog.store.uri, "--to", str(tmp_path / "to"), "--as", "folder"]
    done = CliRunner().invoke(main, [*words, "--count", "6"])
    assert done.exit_code == 0
    assert "6 faces in" in done.stdout
    told = json.loads(CliRunner().invoke(main, [*words, "--count", "6", "--json"]).stdout)
    assert (told["faces"], told["fetched"], told["written"]) == (6, 0, 0)
    wrong = CliRunner().invoke(main, ["export", catalog.store.uri, "--to", "x", "--as", "blob"])
    assert wrong.exit_code == 2
    assert "as: 'blob' is no kind of export" in wrong.stderr
    assert "OUT.onnx" in CliRunner().invoke(main, ["export", "scorer", "--help"]).stdout


def test_cut_outs_keep_their_alpha(tmp_path):
    def picture(slot):
        pixels = np.full((32, 32, 4), 255, np.uint8)
        pixels[:8, :, 3] = 0
        pixels[..., 0] = slot
        return pixels

    store = open_store(str(tmp_path / "cut"))
    seal(store, FakeJob(format="png", picture=picture).run(store))
    catalog = open_catalog(store)
    export(catalog, tmp_path / "atlas", "atlas", page=256)
    with Image.open(tmp_path / "atlas" / "faces-0000.png") as page:
        assert page.mode == "RGBA"
        assert page.getpixel((3, 3))[3] == 0
    with pytest.raises(SpecError, match="format: jpeg has no alpha channel"):
        export(catalog, tmp_path / "jpeg", "atlas", page=256, format="jpeg")
    export(catalog, tmp_path / "tga", "unity", format="tga")
    (file, *_) = sorted((tmp_path / "tga").rglob("*.tga"))
    with Image.open(file) as image:
        assert image.mode == "RGBA"
        assert image.info["id_section"] == label_text(file.stem).encode()
    shutil.rmtree(tmp_path / "tga")
