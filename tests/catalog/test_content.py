"""The content digest sees what rows say and nothing else."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.catalog.content import ContentDigest, content_digest

SCHEMA = pa.schema(
    {
        "slot": pa.int64(),
        "label": pa.string(),
        "w": pa.list_(pa.float32()),
        "age": pa.float32(),
        "device": pa.string(),
    }
)


def table(**changes: list[object]) -> pa.Table:
    columns = {
        "slot": [0, 1, 2, 3],
        "label": ["a", None, "", "übung"],
        "w": [[1.0, 2.0], [], None, [3.0]],
        "age": [1.5, None, 0.0, 9.0],
        "device": ["cpu"] * 4,
    }
    return pa.table({**columns, **changes}, schema=SCHEMA)


DIGEST = content_digest(table())


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_batches_do_not_matter(size):
    digest = ContentDigest(SCHEMA)
    for batch in table().to_batches(max_chunksize=size):
        digest.update(batch)
    assert digest.hexdigest() == DIGEST


def test_parquet_and_its_encoding_do_not_matter(tmp_path):
    for options in ({"compression": "gzip", "use_dictionary": False}, {"row_group_size": 1}):
        pq.write_table(table(), tmp_path / "t.parquet", **options)
        assert content_digest(pq.read_table(tmp_path / "t.parquet", schema=SCHEMA)) == DIGEST


def test_slices_and_the_order_of_columns_do_not_matter():
    twice = pa.concat_tables([table(), table()]).combine_chunks()
    assert content_digest(twice.slice(4)) == DIGEST
    assert content_digest(table().select(["w", "device", "age", "label", "slot"])) == DIGEST


def test_the_device_does_not_matter():
    assert content_digest(table(device=["gpu"] * 4)) == DIGEST


@pytest.mark.parametrize(
    "change",
    [
        {"slot": [0, 1, 3, 2]},
        {"label": ["a", "", "", "übung"]},
        {"label": ["a", None, "ü", "bung"]},
        {"w": [[1.0], [2.0], None, [3.0]]},
        {"w": [[1.0, 2.0], None, [], [3.0]]},
        {"age": [1.5, 0.0, 0.0, 9.0]},
        {"age": [1.5, None, 0.0, 9.000001]},
    ],
)
def test_every_value_matters(change):
    assert content_digest(table(**change)) != DIGEST
