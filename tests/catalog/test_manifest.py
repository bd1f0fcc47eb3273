"""Rows keep their meaning from scores to Parquet and back."""

import dataclasses
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fake_job import LATENT_SIZE, FakeJob, latent

from pipeline.attributes.null_scorer import NullScorer
from pipeline.attributes.scorer import Scores
from pipeline.attributes.taxonomy import ATTRIBUTES
from pipeline.catalog.manifest import (
    QUALITIES,
    Origin,
    Row,
    StoredExtra,
    StoredImage,
    extras_in,
    manifest_schema,
    rows_table,
    write_parquet,
)

SCHEMA = manifest_schema(["age", "glasses"], LATENT_SIZE, "5" * 64)
ORIGIN = Origin("6" * 64, "7" * 64, "test")


def row(slot: int, scores: Scores, w: np.ndarray | None = None) -> Row:
    image = StoredImage(f"images/{slot}.jpg", 0, 900, "a" * 64, "b" * 64, 32, 32, "jpeg")
    bins = {"age": "18-29", "glasses": "none"}
    w = latent(slot) if w is None else w
    return Row(
        f"f{slot}", f"p{slot}", slot, 0, 2, 2**64 - 1, 0, "a", bins, 0.5, image, w, scores, slot
    )


def two_scores() -> Scores:
    values = {
        "age": np.array([23.4, 61.0], dtype=np.float32),
        "skin_tone": np.array([3.0, 10.0], dtype=np.float32),
        "hair_length": np.array([3, 0]),
    }
    probabilities = {"hair_length": np.eye(4, dtype=np.float32)[[3, 0]]}
    quality = {
        "sharpness": np.array([0.25, 1.0], dtype=np.float32),
        "realism": np.array([0.75, 0.5], dtype=np.float32),
    }
    return Scores(values, probabilities, quality)


def test_a_row_says_what_the_scorer_saw():
    table = rows_table([row(slot, two_scores()) for slot in (0, 1)], SCHEMA, ORIGIN)
    first, second = table.to_pylist()
    assert first["age"] == pytest.approx(23.4)
    assert (first["skin_tone"], second["skin_tone"]) == (3, 10)
    assert (first["hair_length"], second["hair_length"]) == ("long", "bald")
    assert first["hair_length_p"] == [0, 0, 0, 1]
    assert first["age_bin"] == "18-29"
    assert first["seed"] == 2**64 - 1
    assert first["sharpness"] == 0.25
    assert (first["realism"], second["realism"]) == (0.75, 0.5)


def test_what_the_scorer_does_not_measure_is_null():
    (only,) = rows_table([row(0, two_scores())], SCHEMA, ORIGIN).to_pylist()
    assert only["smile"] is only["glasses"] is only["glasses_p"] is only["skin_share"] is None


def test_every_quality_of_the_built_in_scorers_has_a_documented_column():
    images = np.zeros((1, 64, 64, 3), dtype=np.uint8)
    assert set(NullScorer().score(images).quality) == set(QUALITIES) <= set(SCHEMA.names)
    page = (Path(__file__).parents[2] / "docs" / "catalog.md").read_text()
    assert all(f"`{name}`" in page for name in QUALITIES)


def test_extras_have_columns_only_where_they_were_asked_for_and_null_where_they_are_not() -> None:
    schema = manifest_schema([], LATENT_SIZE, "5" * 64, ["depth", "landmarks"])
    assert extras_in(schema) == ["landmarks", "depth"]
    assert extras_in(SCHEMA) == []
    with_depth = dataclasses.replace(
        row(0, two_scores()), extras={"depth": StoredExtra("packs/0.tar", 512, 9, "c" * 64)}
    )
    points = np.arange(136, dtype=np.float32).reshape(68, 2)
    camera = np.eye(3, 4, dtype=np.float32)
    both = dataclasses.replace(
        row(1, two_scores()),
        extras={**with_depth.extras, "landmarks": StoredExtra("l.json", 0, 7, "d" * 64)},
        landmarks=points,
        camera=camera,
    )
    table = rows_table([with_depth, both], schema, ORIGIN)
    first, second = pq.read_table(pa.BufferReader(write_parquet(table))).to_pylist()
    place = ("uri", "offset", "length", "sha256")
    assert [first[f"depth_{name}"] for name in place] == ["packs/0.tar", 512, 9, "c" * 64]
    assert first["landmarks"] is first["camera"] is first["landmarks_uri"] is None
    assert first["landmarks_offset"] is None
    assert second["landmarks"] == points.ravel().tolist()
    assert second["camera"] == camera.ravel().tolist()
    assert second["landmarks_uri"] == "l.json"
    for field in schema:
        assert field.metadata[b"doc"]


def test_a_latent_off_the_float16_lattice_is_refused():
    off = np.full(LATENT_SIZE, 0.1, dtype=np.float32)
    with pytest.raises(ValueError, match="float16"):
        rows_table([row(0, two_scores(), off)], SCHEMA, ORIGIN)


def test_every_column_is_documented_and_every_attribute_is_there():
    for field in SCHEMA:
        assert field.metadata[b"doc"]
        assert {b"unit", b"range"} <= field.metadata.keys()
    assert {attribute.name for attribute in ATTRIBUTES} <= set(SCHEMA.names)
    assert {"age_bin", "glasses_bin"} <= set(SCHEMA.names)
    assert SCHEMA.field("yaw").metadata[b"unit"] == b"degrees"
    assert SCHEMA.metadata == {b"populace.schema": b"1", b"populace.spec_digest": b"5" * 64}


def test_parquet_gives_table_and_metadata_back_and_the_same_bytes_each_time():
    table = rows_table([row(slot, two_scores()) for slot in (0, 1)], SCHEMA, ORIGIN)
    data = write_parquet(table)
    read = pq.read_table(pa.BufferReader(data))
    assert read.equals(table)
    assert read.schema.equals(SCHEMA, check_metadata=True)
    assert write_parquet(table) == data


def test_latents_cost_two_bytes_a_value(store):
    job = FakeJob(per_cell=100, shard_size=600, layout="packs")
    job.run_shard(store, 0)
    file = pq.ParquetFile(pa.BufferReader(store.get("shards/000000.parquet")))
    columns = [file.metadata.row_group(0).column(i) for i in range(file.metadata.num_columns)]
    w = next(column for column in columns if column.path_in_schema.startswith("w."))
    assert "BYTE_STREAM_SPLIT" in w.encodings
    assert w.total_compressed_size < 2.3 * 600 * LATENT_SIZE


def test_duckdb_reads_every_column(store, tmp_path):
    FakeJob().run_shard(store, 0)
    path = tmp_path / "shard.parquet"
    path.write_bytes(store.get("shards/000000.parquet"))
    with duckdb.connect() as database:
        rows = database.execute(
            "SELECT w, age_p, seed FROM read_parquet(?)", [str(path)]
        ).fetchall()
    assert rows[3][0] == latent(3).tolist()
    assert len(rows[3][1]) == 20
    assert rows[3][2] == 2**63 + 3
