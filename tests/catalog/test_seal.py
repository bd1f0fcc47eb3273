"""A job is sealed whole or not at all, and the same way each time."""

import hashlib
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fake_job import FakeJob, Watched, snapshot

from pipeline.catalog import manifest
from pipeline.catalog import seal as seal_module
from pipeline.catalog.content import content_digest
from pipeline.catalog.read import open_catalog
from pipeline.catalog.seal import seal
from pipeline.errors import CatalogError
from pipeline.provenance.xmp import DIGITAL_SOURCE_TYPE, read_xmp
from pipeline.storage import open_store


def recommit(store, shard, change):
    """Put another table under a shard's receipt."""
    key, receipt_key = f"shards/{shard:06d}.parquet", f"receipts/{shard:06d}.json"
    table = change(pq.read_table(pa.BufferReader(store.get(key))))
    data = manifest.write_parquet(table)
    receipt = json.loads(store.get(receipt_key))
    receipt["rows"] = table.num_rows
    receipt["manifest"]["sha256"] = hashlib.sha256(data).hexdigest()
    store.put(key, data)
    store.put(receipt_key, json.dumps(receipt).encode())


def replaced(name, values):
    def change(table):
        index = table.schema.get_field_index(name)
        field = table.schema.field(index)
        return table.set_column(index, field, pa.array(values(table), field.type))

    return change


def without_time(store):
    document = json.loads(store.get("catalog.json"))
    del document["sealed_at"]
    return document


def test_the_manifest_holds_every_row_by_cell_then_slot(catalog):
    rows = pa.concat_tables(catalog.tables()).to_pylist()
    assert len(rows) == 24
    keys = [(row["cell"], row["slot"]) for row in rows]
    assert keys == sorted(keys)
    assert {slot for _, slot in keys} == set(range(24))


def test_the_manifest_is_the_shards_content_with_schema_and_statistics(store):
    seal(store, FakeJob().run(store))
    shards = [
        pq.read_table(pa.BufferReader(store.get(f"shards/{shard:06d}.parquet")))
        for shard in range(4)
    ]
    expected = pa.concat_tables(shards).sort_by([("cell", "ascending"), ("slot", "ascending")])
    catalog = open_catalog(store)
    found = pa.concat_tables(catalog.tables())
    assert found.equals(expected)
    assert found.schema.equals(shards[0].schema, check_metadata=True)
    assert catalog.document["manifest"]["content_digest"] == content_digest(expected)
    group = catalog.open_part(catalog.parts[0]).metadata.row_group(0)
    names = [group.column(i).path_in_schema for i in range(group.num_columns)]
    assert group.column(names.index("cell")).statistics.max == 5


def test_catalog_json_says_what_is_sealed(store):
    job = FakeJob().run(store)
    summary = seal(store, job, licence="CC0-1.0")
    document = json.loads(store.get("catalog.json"))
    assert (summary.name, summary.count, summary.already) == ("villagers", 24, False)
    assert document["count"] == 24
    assert document["spec"] == job["spec"]
    assert document["licence"] == "CC0-1.0"
    assert document["software"].startswith("populace ")
    assert DIGITAL_SOURCE_TYPE in document["provenance"]
    assert [cell["delivered"] for cell in document["cells"]] == [4] * 6
    assert document["manifest"]["content_digest"] == summary.content_digest
    for part in document["manifest"]["parts"]:
        data = store.get(part["key"])
        assert hashlib.sha256(data).hexdigest() == part["sha256"]
        assert len(data) == part["bytes"]


def test_sealing_again_changes_nothing_and_says_so(store):
    job = FakeJob().run(store)
    first = seal(store, job)
    before = snapshot(store)
    again = seal(store, job)
    assert again.already
    assert again.content_digest == first.content_digest
    assert snapshot(store) == before


def test_a_seal_killed_at_any_write_is_finished_by_the_next(tmp_path):
    calm = open_store(str(tmp_path / "calm"))
    job = FakeJob(layout="packs").run(calm)
    seal(calm, job)
    expected = {key: digest for key, digest in snapshot(calm).items() if key != "catalog.json"}
    writes = 5
    for dies_at in range(writes):
        store = open_store(str(tmp_path / f"killed-{dies_at}"))
        FakeJob(layout="packs").run(store)
        with pytest.raises(KeyboardInterrupt):
            seal(Watched(store, dies_at_write=dies_at), job)
        assert not store.exists("catalog.json")
        watched = Watched(store)
        seal(watched, job)
        assert watched.writes == writes
        found = snapshot(store)
        found.pop("catalog.json")
        assert found == expected
        assert without_time(store) == without_time(calm)


def test_the_device_does_not_change_the_digest(tmp_path):
    digests = set()
    for device in ("one", "two"):
        store = open_store(str(tmp_path / device))
        digests.add(seal(store, FakeJob(device=device, layout="packs").run(store)).content_digest)
    assert len(digests) == 1


def test_a_large_manifest_is_split_into_parts_of_equal_row_groups(store, monkeypatch):
    monkeypatch.setattr(seal_module, "ROW_GROUP_ROWS", 5)
    monkeypatch.setattr(seal_module, "PART_ROWS", 10)
    job = FakeJob().run(store)
    digest = seal(store, job).content_digest
    catalog = open_catalog(store)
    assert [part.rows for part in catalog.parts] == [10, 10, 4]
    assert [table.num_rows for table in catalog.tables()] == [5, 5, 5, 5, 4]
    assert content_digest(pa.concat_tables(catalog.tables())) == digest


@pytest.mark.parametrize(
    ("shard", "change", "sentence"),
    [
        (1, lambda t: t.slice(1), r"cell 1 \(age=18-29, .*\) holds 3 of 4 ordered faces"),
        (
            1,
            replaced("cell", lambda t: [99, *t["cell"].to_pylist()[1:]]),
            r"cell 1 .* holds 3 of 4",
        ),
        (
            0,
            replaced("slot", lambda t: [s + 6 if s == 0 else s for s in t["slot"].to_pylist()]),
            "slot 6 is delivered twice",
        ),
        (
            3,
            replaced("slot", lambda t: [s + 100 if s == 23 else s for s in t["slot"].to_pylist()]),
            "slots run from 0 to 123",
        ),
        (
            2,
            replaced("asset_id", lambda t: ["f0000000", *t["asset_id"].to_pylist()[1:]]),
            "asset_id 'f0000000' is delivered twice",
        ),
    ],
)
def test_rows_that_are_not_the_order_are_named_and_nothing_is_sealed(
    store, shard, change, sentence
):
    job = FakeJob(layout="packs").run(store)
    recommit(store, shard, change)
    with pytest.raises(CatalogError, match=sentence):
        seal(store, job)
    assert not store.exists("catalog.json")
    assert not list(store.list("manifest/"))


def test_a_shard_without_a_receipt_is_not_committed(store, tmp_path):
    job = FakeJob().run(store)
    (tmp_path / "output/receipts/000002.json").unlink()
    with pytest.raises(CatalogError, match=r"1 of 4 shards .* \(shard 2\)"):
        seal(store, job)


def test_a_catalog_sealed_by_another_spec_is_refused(store):
    job = FakeJob().run(store)
    seal(store, job)
    with pytest.raises(CatalogError, match="already sealed by another spec"):
        seal(store, job | {"spec_digest": "9" * 64})


def test_of_two_seals_at_once_the_first_counts(store):
    job = FakeJob().run(store)

    class Overtaken(Watched):
        def create(self, key, data, content_type=None):
            seal(self.store, job)
            return super().create(key, data, content_type)

    summary = seal(Overtaken(store), job)
    assert summary.already
    assert summary.content_digest == open_catalog(store).document["manifest"]["content_digest"]


def test_the_contact_sheet_is_labelled(store):
    seal(store, FakeJob().run(store))
    assert DIGITAL_SOURCE_TYPE in (read_xmp(store.get("previews/contact-sheet.jpg")) or "")


def test_a_job_seals_on_s3_with_the_same_digest(store, s3_uri, s3_endpoint):
    bucket = open_store(s3_uri, endpoint=s3_endpoint)
    packs = FakeJob(layout="packs")
    assert (
        seal(bucket, packs.run(bucket)).content_digest
        == seal(store, packs.run(store)).content_digest
    )
    assert seal(bucket, packs.document()).already
