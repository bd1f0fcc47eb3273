"""A torch dataset of faces gives each its image and labels, in this process and in workers."""

import math
import pickle

import numpy as np
import pyarrow as pa
import pytest
import torch
from fake_job import FakeJob, Watched, flat_picture
from fake_manifest import fake_catalog, name_of
from torch.utils.data import DataLoader

from pipeline.attributes.taxonomy import ATTRIBUTES, BY_NAME
from pipeline.catalog import Catalog
from pipeline.catalog.seal import seal
from pipeline.errors import CatalogError
from pipeline.storage import open_store


class Brighter:
    """A transform that goes to workers: float [3, H, W] in 0..1."""

    def __call__(self, image: torch.Tensor) -> torch.Tensor:
        return image.float() / 255


@pytest.fixture
def rows(catalog):
    return pa.concat_tables(catalog.tables()).to_pylist()


def test_an_item_is_an_image_and_its_labels(catalog, rows):
    faces = catalog.faces.torch()
    assert len(faces) == len(rows)
    for index, row in enumerate(rows):
        image, labels = faces[index]
        assert image.dtype == torch.uint8
        assert image.shape == (3, 32, 32)
        expected = torch.from_numpy(flat_picture(row["slot"])).permute(2, 0, 1)
        assert (image.int() - expected.int()).abs().max() < 6
        assert list(labels) == [attribute.name for attribute in ATTRIBUTES]
        assert labels["age"] == row["age"]
        assert faces.classes["glasses"][labels["glasses"]] == row["glasses"]
    assert faces.classes["hair_color"] == BY_NAME["hair_color"].classes
    assert faces[-1][1] == faces[len(rows) - 1][1]
    with pytest.raises(IndexError):
        faces[len(rows)]


def test_labels_may_be_any_columns(catalog, rows):
    faces = catalog.where("slot < 5").torch(columns=["asset_id", "w", "seed", "slot"])
    image, labels = faces[2]
    (row,) = [row for row in rows if row["asset_id"] == labels["asset_id"]]
    assert list(labels) == ["asset_id", "w", "seed", "slot"]
    assert labels["w"].tolist() == row["w"]
    assert labels["seed"] == row["seed"]
    assert catalog.faces.torch(columns=[])[0][1] == {}
    assert image.shape == (3, 32, 32)


def test_what_was_not_measured_is_no_label_or_marked(store):
    rows = [
        {"asset_id": name_of(i), "age": age, "skin_tone": tone, "glasses": glasses}
        for i, (age, tone, glasses) in enumerate([(30.0, 3, "none"), (None, None, None)])
    ]
    faces = fake_catalog(store, rows).faces.torch()
    labels = faces._labels.to_pylist()
    assert list(labels[0]) == ["age", "skin_tone", "glasses"]
    assert labels[0] == {"age": 30.0, "skin_tone": 3, "glasses": 0}
    assert math.isnan(labels[1]["age"])
    assert (labels[1]["skin_tone"], labels[1]["glasses"]) == (-1, -1)


def check_epoch(loader, rows):
    seen = []
    for images, labels in loader:
        assert images.dtype == torch.float32
        for image, slot, age in zip(images, labels["slot"], labels["age"], strict=True):
            row = next(row for row in rows if row["slot"] == int(slot))
            assert float(age) == row["age"]
            expected = flat_picture(row["slot"]).transpose(2, 0, 1) / 255
            np.testing.assert_allclose(image.numpy(), expected, atol=0.03)
            seen.append(int(slot))
    assert sorted(seen) == sorted(row["slot"] for row in rows)


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_two_workers_load_all_of_it(catalog, rows, start):
    faces = catalog.faces.torch(Brighter(), ["slot", "age"])
    faces[0]
    loader = DataLoader(
        faces, batch_size=5, shuffle=True, num_workers=2, multiprocessing_context=start
    )
    check_epoch(loader, rows)


def test_two_workers_load_from_a_bucket(s3_uri, s3_endpoint, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    store = open_store(s3_uri, endpoint=s3_endpoint)
    seal(store, FakeJob(layout="packs", format="png").run(store))
    catalog = Catalog.open(s3_uri, s3_endpoint)
    rows = pa.concat_tables(catalog.tables()).to_pylist()
    faces = catalog.faces.torch(Brighter(), ["slot", "age"])
    faces[0]  # so that a forked worker would find an open connection
    check_epoch(DataLoader(faces, batch_size=4, num_workers=2), rows)


def test_a_batch_of_a_pack_is_few_requests(store):
    seal(store, FakeJob(layout="packs", format="png", shard_size=24).run(store))
    faces = Catalog.open(store.uri).faces.torch(columns=["slot"])
    watched = Watched(store)
    faces._store = watched
    batch = faces.__getitems__([3, 1, 7, 1])
    assert watched.reads == 1
    slots = [labels["slot"] for _, labels in batch]
    for (image, _), slot in zip(batch, slots, strict=True):
        assert image.permute(1, 2, 0).numpy().tolist() == flat_picture(slot).tolist()
    assert slots[1] == slots[3]


def test_it_survives_pickling(catalog):
    faces = catalog.where("age > 0").torch(columns=["slot"])
    again = pickle.loads(pickle.dumps(faces))
    assert torch.equal(again[4][0], faces[4][0])
    assert again[4][1] == faces[4][1]


def test_a_file_that_is_not_the_manifests_is_named(catalog, rows):
    faces = catalog.faces.torch()
    uri = rows[0]["uri"]
    data = catalog.store.get(uri)
    middle = rows[0]["offset"] + rows[0]["length"] // 2
    catalog.store.put(uri, data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :])
    with pytest.raises(CatalogError, match="its sha256 differs"):
        faces[0]
