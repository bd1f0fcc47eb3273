"""A sealed catalog opens, anything else says why not."""

import dataclasses
import json

import numpy as np
import pyarrow as pa
import pytest
from fake_job import FakeJob, Watched, flat_picture

from pipeline.assets.encode import pixels_sha256
from pipeline.catalog.read import StoreFile, open_catalog
from pipeline.catalog.seal import seal
from pipeline.errors import CatalogError


def test_an_empty_place_is_no_catalog(store):
    with pytest.raises(CatalogError, match="holds no catalog; give the output of a job"):
        open_catalog(store)


def test_an_unsealed_job_says_how_to_seal_it(store):
    FakeJob().run(store)
    with pytest.raises(CatalogError, match="is not sealed yet; run its job again"):
        open_catalog(store)


@pytest.mark.parametrize("content", [b"{", b"[]", b"{}", b'{"schema_version": "1"}'])
def test_a_damaged_catalog_json_is_named(store, content):
    store.put("catalog.json", content)
    with pytest.raises(CatalogError, match=r"catalog\.json is damaged"):
        open_catalog(store)


def test_a_catalog_of_another_version_says_what_to_install(catalog):
    document = json.dumps({**catalog.document, "schema_version": "9"})
    catalog.store.put("catalog.json", document.encode())
    with pytest.raises(CatalogError, match="schema 9, this version reads 1; install"):
        open_catalog(catalog.store)


def test_a_damaged_part_is_named(catalog):
    catalog.store.put("manifest/part-00000.parquet", b"PAR1" + b"x" * 5000)
    with pytest.raises(CatalogError, match=r"part-00000\.parquet is missing or damaged"):
        catalog.schema()


def test_columns_are_read_alone(store):
    job = FakeJob(per_cell=100, shard_size=600, layout="packs")
    seal(store, job.run(store))
    watched = Watched(store)
    catalog = dataclasses.replace(open_catalog(store), store=watched)
    (table,) = catalog.tables(["slot", "age"])
    assert table.column_names == ["slot", "age"]
    assert watched.bytes_read < catalog.parts[0].bytes / 2


def test_images_are_decoded_beside_their_rows(store):
    seal(store, FakeJob(format="png", layout="packs").run(store))
    catalog = open_catalog(store)
    rows = pa.concat_tables(catalog.tables()).to_pylist()
    pairs = list(catalog.images(rows, threads=3))
    assert [row["slot"] for row, _ in pairs] == [row["slot"] for row in rows]
    for row, image in pairs:
        np.testing.assert_array_equal(image, flat_picture(row["slot"]))
        assert pixels_sha256(image) == row["pixels_sha256"]


def test_a_store_file_reads_like_a_file(store):
    data = bytes(range(256)) * 40
    store.put("a.bin", data)
    file = StoreFile(store, "a.bin", len(data))
    assert file.read(10) == data[:10]
    assert file.tell() == 10
    file.seek(-5, 2)
    assert file.read(100) == data[-5:]
    assert file.read() == b""
    file.seek(3)
    assert file.read() == data[3:]
