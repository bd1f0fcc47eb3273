"""An audit tells what was revoked, and finds what went or came without being revoked."""

import hashlib
import json

import pyarrow.parquet as pq
import pytest

from pipeline.catalog.audit.audit import Look, audit
from pipeline.catalog.audit.page import audit_page
from pipeline.catalog.audit.view import verdict
from pipeline.catalog.extend import extend
from pipeline.catalog.manifest import write_parquet
from pipeline.catalog.read import open_catalog
from pipeline.catalog.versions import revoke
from pipeline.storage import open_store

from .audited import by_check, find, run, unpassed
from .conftest import STRIPES, make

WHY = "The likeness was questioned."


@pytest.fixture
def folder(catalog):
    """A catalog from which two faces were revoked, and then one."""
    store = open_store(str(catalog.folder))
    some = [row["asset_id"] for table in open_catalog(store).tables() for row in table.to_pylist()]
    revoke(store, some[3:5], WHY)
    revoke(store, some[20:21], "Another one.")
    return catalog.folder


def test_what_was_revoked_is_told_and_delivered_no_more(folder):
    made = run(folder)
    assert made["balanced_as_ordered"], made["findings"]
    assert unpassed(made) == {"credentials": "skipped"}
    assert (made["version"], made["revoked"]) == (3, 3)
    assert [(one["why"], one["faces"]) for one in made["revocations"]] == [
        (WHY, 2),
        ("Another one.", 1),
    ]
    assert made["balance"]["rows"] == made["images"]["of"] == made["images"]["files"] == 57
    assert sum(cell["delivered"] for cell in made["balance"]["joint"]["cells"]) == 57
    assert verdict(made).plain.startswith("balanced as ordered: yes, but for 3 revoked since")
    assert WHY in audit_page(made)


def test_files_of_revoked_faces_may_be_deleted(folder):
    store = open_store(str(folder))
    gone = {
        asset["asset_id"]
        for one in open_catalog(store).document["revocations"]
        for asset in one["assets"]
    }
    for path in (folder / "images").rglob("*.png"):
        if path.stem in gone:
            path.unlink()
    assert audit(open_catalog(store), Look(None), threads=2)["balanced_as_ordered"]


def test_a_sealed_catalog_is_audited_as_it_was(folder):
    made = audit(open_catalog(open_store(str(folder)), 1), threads=2)
    assert made["balanced_as_ordered"]
    assert (made["version"], made["revoked"], made["balance"]["rows"]) == (1, 0, 60)


def changed(folder, number, **fields):
    path = folder / f"versions/{number:06d}.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_a_row_that_went_without_being_revoked_is_found(folder):
    path = folder / "versions/000003.json"
    document = json.loads(path.read_text())
    (part,) = document["manifest"]["parts"]
    rows = pq.read_table(folder / part["key"]).slice(1)
    data = write_parquet(rows)
    (folder / part["key"]).write_bytes(data)
    part |= {"rows": 56, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    changed(folder, 3, manifest={"parts": [part]}, count=56)
    made = run(folder)
    assert not made["balanced_as_ordered"]
    assert find(made, "versions", part["key"])["found"] == "others"
    assert by_check(made).keys() == {"versions"}


def test_a_version_that_rewrites_history_is_found(folder):
    changed(folder, 2, licence="Do as you like.")
    made = run(folder)
    assert find(made, "versions", "versions/000003.json, parent")
    assert find(made, "versions", "versions/000002.json, licence")["found"] == "Do as you like."


def test_a_revocation_of_another_asset_than_its_slot_has_is_found(folder):
    document = json.loads((folder / "versions/000003.json").read_text())
    document["revocations"][1]["assets"][0]["asset_id"] = "0" * 20
    changed(folder, 3, revocations=document["revocations"])
    made = run(folder)
    assert not made["balanced_as_ordered"]
    slot = document["revocations"][1]["assets"][0]["slot"]
    assert "revoked" in find(made, "versions", f"version 3, slot {slot}")["found"]


def test_a_damaged_part_of_a_version_is_found(folder):
    document = json.loads((folder / "versions/000003.json").read_text())
    path = folder / document["manifest"]["parts"][0]["key"]
    data = bytearray(path.read_bytes())
    data[200] ^= 255
    path.write_bytes(bytes(data))
    made = run(folder)
    assert not made["balanced_as_ordered"]
    assert find(made, "parts", document["manifest"]["parts"][0]["key"])


@pytest.fixture
def extended(folder, tmp_path):
    """The catalog, extended by one of the same kind, of which one face was then revoked."""
    make({**STRIPES, "name": "more", "seed": 6, "count": 20}, str(tmp_path / "more"))
    store = open_store(str(folder))
    other = open_catalog(open_store(str(tmp_path / "more")))
    place = extend(store, other).place
    revoke(store, [other.row_group(other.parts[0], 0)["asset_id"][0].as_py()], "Not this one.")
    return folder, place


def test_each_order_of_an_extended_catalog_is_audited_by_itself(extended):
    folder, place = extended
    made = run(folder)
    assert made["balanced_as_ordered"], made["findings"]
    assert (made["version"], made["revoked"], made["balance"]["rows"]) == (5, 4, 57)
    assert made["extensions"] == [{"uri": f"file://{folder}/{place.rstrip('/')}", "faces": 20}]
    assert made["extensions"][0]["uri"] in audit_page(made)
    below = run(folder / place)
    assert below["balanced_as_ordered"], below["findings"]
    assert below["balance"]["rows"] == 20


def test_a_row_that_came_with_no_catalog_is_found(extended):
    folder, place = extended
    part = folder / place / "manifest/part-00000.parquet"
    rows = pq.read_table(part)
    part.write_bytes(write_parquet(rows.slice(0, 19)))
    made = run(folder)
    assert not made["balanced_as_ordered"]
    assert by_check(made).keys() == {"versions", "parts"}
    assert find(made, "parts", f"{place}manifest/part-00000.parquet")
    (folder / place / "catalog.json").unlink()
    assert find(run(folder), "versions", place)


def test_one_picture_of_a_person_can_be_revoked(characters):
    store = open_store(str(characters.folder))
    (row, *_) = characters.rows
    revoke(store, [row["asset_id"]], WHY)
    made = run(characters.folder)
    assert made["balanced_as_ordered"], made["findings"]
    assert made["balance"]["rows"] == len(characters.rows) - 1
