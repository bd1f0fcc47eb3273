"""Receipts are the truth of what is committed."""

import json

import pytest
from fake_job import FakeJob

from pipeline.catalog.receipts import fetch_shards, read_receipts, total
from pipeline.errors import CatalogError


def edit(store, key, **changes):
    store.put(key, json.dumps(json.loads(store.get(key)) | changes).encode())


def test_receipts_come_in_order_and_add_up(store):
    job = FakeJob(layout="packs")
    job.run(store)
    receipts = read_receipts(store, job.shards, threads=3)
    work = total(receipts)
    assert [receipt.shard for receipt in receipts] == [0, 1, 2, 3]
    assert work.rows == 24
    assert work.renders == 28
    assert work.refused["cell"] == 4
    assert work.seconds["render"] == 10.0
    assert work.devices == ["test"]


def test_shards_without_a_receipt_are_named(store):
    job = FakeJob(layout="packs")
    for shard in (0, 2):
        job.run_shard(store, shard)
    with pytest.raises(CatalogError, match=r"2 of 4 shards .* \(shards 1, 3\); run the same job"):
        read_receipts(store, 4, threads=2)


def test_receipts_of_another_job_are_refused(store):
    FakeJob(layout="packs").run(store)
    with pytest.raises(CatalogError, match=r"does not have \(shard 3\)"):
        read_receipts(store, 3, threads=2)


def test_a_damaged_receipt_is_named(store):
    FakeJob(layout="packs").run(store)
    store.put("receipts/000002.json", b'{"shard": 2}')
    with pytest.raises(CatalogError, match=r"receipts/000002\.json is damaged"):
        read_receipts(store, 4, threads=2)


def test_a_table_that_is_not_the_one_committed_is_refused(store, tmp_path):
    FakeJob(layout="packs").run(store)
    store.put("shards/000001.parquet", store.get("shards/000002.parquet"))
    with pytest.raises(CatalogError, match=r"000001\.parquet is not the table that the receipt"):
        fetch_shards(store, read_receipts(store, 4, 2), tmp_path, 2)


def test_a_receipt_that_counts_wrong_is_refused(store, tmp_path):
    FakeJob(layout="packs").run(store)
    edit(store, "receipts/000001.json", rows=6)
    with pytest.raises(CatalogError, match="holds 7 rows, its receipt says 6"):
        fetch_shards(store, read_receipts(store, 4, 2), tmp_path, 2)


def test_a_shard_with_other_columns_is_refused(store, tmp_path):
    FakeJob(layout="packs").run(store)
    for key in ("receipts/000003.json", "shards/000003.parquet"):
        (tmp_path / "output" / key).unlink()
    other = FakeJob(axes=(("glasses", ("none", "glasses")), ("age", ("18-29", "30-44", "45-59"))))
    other.run_shard(store, 3)
    with pytest.raises(CatalogError, match=r"000003\.parquet has other columns"):
        fetch_shards(store, read_receipts(store, 4, 2), tmp_path, 2)
