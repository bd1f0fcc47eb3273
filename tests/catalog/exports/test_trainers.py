"""Each export for trainers and curators is read back by the reader that they use."""

import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image

from pipeline.assets.encode import decode
from pipeline.catalog.exports.export import export


@pytest.fixture
def faces(catalog):
    """asset_id -> its row and its image."""
    rows = [row for table in catalog.tables() for row in table.to_pylist()]
    return {row["asset_id"]: (row, image) for row, image in catalog.images(rows)}


def agrees(told, row):
    """Whether what a reader found of a face is what the manifest says."""
    assert told["age"] == pytest.approx(row["age"], rel=1e-5)
    assert told["skin_tone"] == row["skin_tone"]
    assert told["expression"] == row["expression"]
    assert told["digital_source_type"].endswith("/trainedAlgorithmicMedia")


def test_webdataset_streams_every_sample(catalog, faces, tmp_path):
    wds = pytest.importorskip("webdataset")
    export(catalog, tmp_path / "to", "webdataset", samples=10)
    index = json.loads((tmp_path / "to" / "index.json").read_text())
    shards = [str(tmp_path / "to" / one["url"]) for one in index["shardlist"]]
    assert [one["nsamples"] for one in index["shardlist"]] == [10, 10, 4]
    assert [one["filesize"] for one in index["shardlist"]] == [
        Path(shard).stat().st_size for shard in shards
    ]
    found = 0
    for sample in wds.WebDataset(shards, shardshuffle=False, empty_check=False).decode("rgb8"):
        row, image = faces[sample["__key__"]]
        agrees(sample["json"], row)
        np.testing.assert_array_equal(sample["jpg"], image)
        found += 1
    assert found == len(faces)


def test_webdataset_members_are_whole_files(catalog, faces, tmp_path):
    export(catalog, tmp_path / "to", "webdataset", samples=100, size=16, format="png")
    with tarfile.open(tmp_path / "to" / "faces-000000.tar") as tar:
        names = tar.getnames()
        assert len(names) == 2 * len(faces)
        for name in names:
            assert tar.getmember(name).mtime == 0
            if name.endswith(".png"):
                assert decode(tar.extractfile(name).read()).shape == (16, 16, 3)


def test_datasets_loads_the_image_folder(catalog, faces, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    to = tmp_path / "to"
    export(catalog, to, "imagefolder")
    found = datasets.load_dataset(
        "imagefolder", data_dir=str(to), split="train", cache_dir=str(tmp_path / "cache")
    )
    assert len(found) == len(faces)
    for told in found:
        row, image = faces[told["asset_id"]]
        agrees(told, row)
        np.testing.assert_array_equal(np.asarray(told["image"]), image)


def test_the_card_of_an_image_folder_says_licence_and_counts(catalog, faces, tmp_path):
    export(catalog, tmp_path / "to", "imagefolder")
    card = (tmp_path / "to" / "README.md").read_text()
    _, head, body = card.split("---\n", 2)
    assert yaml.safe_load(head)["license_link"] == "LICENCE.txt"
    assert yaml.safe_load(head)["size_categories"] == ["n<1K"]
    assert catalog.document["licence"] in body
    none = sum(row["glasses"] == "none" for row, _ in faces.values())
    assert f"| none | {none} |" in body.split("### glasses")[1]


def test_a_usual_licence_goes_by_its_identifier(catalog, tmp_path):
    document = {**catalog.document, "licence": "CC0-1.0"}
    free = replace(catalog, document=document)
    export(free, tmp_path / "hf", "imagefolder", "slot < 2")
    assert "\nlicense: cc0-1.0\n" in (tmp_path / "hf" / "README.md").read_text()
    export(free, tmp_path / "mlc", "croissant", "slot < 2")
    metadata = json.loads((tmp_path / "mlc" / "croissant.json").read_text())
    assert metadata["license"] == "https://spdx.org/licenses/CC0-1.0.html"


def test_mlcroissant_reads_rows_images_and_responsible_fields(catalog, faces, tmp_path):
    mlc = pytest.importorskip("mlcroissant")
    to = tmp_path / "to"
    export(catalog, to, "croissant")
    dataset = mlc.Dataset(jsonld=str(to / "croissant.json"))
    assert dataset.metadata.ctx.issues.report() == ""
    assert dataset.metadata.personal_sensitive_information
    assert dataset.metadata.data_biases
    assert dataset.metadata.machine_annotation_tools == ["builtin:heads"]
    found = 0
    for record in dataset.records(record_set="faces"):
        told = {key.removeprefix("faces/"): value for key, value in record.items()}
        told = {k: v.decode() if isinstance(v, bytes) else v for k, v in told.items()}
        row, image = faces[told["asset_id"]]
        agrees(told, row)
        np.testing.assert_array_equal(np.asarray(told["image"]), image)
        found += 1
    assert found == len(faces)


def test_fiftyone_finds_its_documents(catalog, faces, tmp_path):
    """By the documented layout; FiftyOne itself brings a database and is too large to install."""
    to = tmp_path / "to"
    export(catalog, to, "fiftyone")
    metadata = json.loads((to / "metadata.json").read_text())
    assert metadata["media_type"] == "image"
    assert "version" not in metadata, "it would then have to be of a certain FiftyOne"
    samples = json.loads((to / "samples.json").read_text())["samples"]
    assert len(samples) == len(faces)
    for sample in samples:
        row, image = faces[sample["asset_id"]]
        assert sample["filepath"].startswith("data/")
        data = (to / sample["filepath"]).read_bytes()
        with Image.open(io.BytesIO(data)) as picture:
            np.testing.assert_array_equal(np.asarray(picture), image)
        assert sample["metadata"] == {
            "_cls": "ImageMetadata",
            "size_bytes": len(data),
            "mime_type": "image/jpeg",
            "width": 32,
            "height": 32,
        }
        assert sample["glasses"]["_cls"] == "Classification"
        assert sample["glasses"]["label"] == row["glasses"]
        place = metadata["classes"]["glasses"].index(row["glasses"])
        assert sample["glasses"]["confidence"] == pytest.approx(row["glasses_p"][place], rel=1e-5)
        assert isinstance(sample["age"], float)
