"""A catalog that was extended has the faces of both, and is whole by itself."""

import hashlib
import json
import shutil
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from fake_job import FakeJob, Watched, snapshot

from pipeline.catalog.exports.export import export
from pipeline.catalog.extend import extend
from pipeline.catalog.manifest import write_parquet
from pipeline.catalog.pull import pull
from pipeline.catalog.read import Catalog, open_catalog
from pipeline.catalog.seal import seal
from pipeline.catalog.versions import history, revoke
from pipeline.cli import main
from pipeline.errors import SpecError
from pipeline.storage import open_store
from pipeline.storage.beneath import Beneath

MORE_AXES = (
    ("age", ("45-59", "60-74")),
    ("gender_presentation", ("feminine", "masculine")),
)


@dataclass(frozen=True)
class Another(FakeJob):
    """A job of other faces: another spec, other bins, other names."""

    digest: str = "8" * 64
    changes: dict = field(default_factory=dict)

    def document(self):
        return {**super().document(), "spec_digest": self.digest, **self.changes}


def make(folder, **fields):
    store = open_store(str(folder))
    seal(store, Another(**{"axes": MORE_AXES, **fields}).run(store))
    renamed(store)
    return open_catalog(store)


def renamed(store):
    """Give the faces names of their own, as another spec does."""
    document = json.loads(store.get("catalog.json"))
    for part in document["manifest"]["parts"]:
        rows = pq.read_table(pa.BufferReader(store.get(part["key"])))
        names = pa.array([f"g{name[1:]}" for name in rows["asset_id"].to_pylist()])
        data = write_parquet(rows.set_column(0, rows.schema.field(0), names))
        store.put(part["key"], data)
        part |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    store.put("catalog.json", json.dumps(document).encode())


@pytest.fixture
def other(tmp_path):
    return make(tmp_path / "other", layout="packs")


def test_all_readers_see_the_faces_of_both(catalog, other, tmp_path):
    done = extend(catalog.store, other)
    assert (done.version, done.added, done.count) == (2, 16, 40)
    shutil.rmtree(tmp_path / "other")
    newest = open_catalog(catalog.store)
    assert newest.count() == newest.faces.count() == 40
    assert newest.faces.where("asset_id LIKE 'g%'").count() == 16
    assert sum(1 for _ in newest.faces.images(["asset_id"])) == 40
    pull(newest, tmp_path / "pulled")
    assert len(list((tmp_path / "pulled" / "images").rglob("*.jpg"))) == 40
    assert export(newest, tmp_path / "shards", "webdataset").faces == 40
    assert Catalog.open(f"{catalog.store.uri}@1").count() == 24
    assert [(one["faces"], one["added"]) for one in history(newest)] == [(24, 0), (40, 16)]


def test_cells_of_the_same_bins_are_one(catalog, other):
    extend(catalog.store, other)
    newest = open_catalog(catalog.store)
    cells = {cell["label"]: cell for cell in newest.document["cells"]}
    assert len(cells) == len(newest.document["cells"]) == 8
    shared = cells["age=45-59, gender_presentation=feminine"]
    assert (shared["asked"], shared["delivered"]) == (8, 8)
    assert [cell["cell"] for cell in newest.document["cells"]] == list(range(8))
    for row in newest.faces.to_arrow(["cell", "cell_label"]).to_pylist():
        assert newest.document["cells"][row["cell"]]["label"] == row["cell_label"]
    assert newest.document["bytes"] == catalog.document["bytes"] + other.document["bytes"]


def test_the_other_stays_a_catalog_of_its_own_below(catalog, other):
    before = snapshot(other.store)
    done = extend(catalog.store, other)
    below = Beneath(catalog.store, done.place)
    assert snapshot(below) == before
    assert open_catalog(below).count() == 16


def test_the_same_again_does_nothing_and_a_killed_one_goes_on(catalog, other):
    for dies in (0, 5, 5):
        with pytest.raises(KeyboardInterrupt):
            extend(Watched(catalog.store, dies_at_write=dies), other, threads=1)
        assert open_catalog(catalog.store).version == 1
    assert extend(catalog.store, other).added == 16
    before = snapshot(catalog.store)
    done = extend(catalog.store, other)
    assert (done.version, done.added, done.count) == (2, 0, 40)
    assert snapshot(catalog.store) == before


def test_faces_of_either_are_revoked_alike(catalog, other):
    extend(catalog.store, other)
    done = revoke(catalog.store, ["f0000001", "g0000001"], "Questioned.")
    assert (done.version, done.count) == (3, 38)
    newest = open_catalog(catalog.store)
    assert newest.faces.where("slot = 1").count() == 0
    assert sum(cell["delivered"] for cell in newest.document["cells"]) == 38


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"changes": {"scorer": {"name": "mine", "digest": "9" * 64}}}, "other: its scorer is"),
        ({"digest": "5" * 64}, "other: its job is one whose faces are here already"),
        ({"axes": (("age", ("18-29", "30-44")),)}, "other: its manifest has other columns (gender"),
        ({"axes": MORE_AXES[::-1]}, "other: its manifest has other columns (in another order)"),
    ],
)
def test_what_does_not_fit_is_one_sentence_and_changes_nothing(catalog, tmp_path, fields, sentence):
    before = snapshot(catalog.store)
    with pytest.raises(SpecError) as error:
        extend(catalog.store, make(tmp_path / "strange", **fields))
    assert str(error.value).startswith(sentence)
    assert snapshot(catalog.store) == before


def test_the_command_says_what_it_did(catalog, other):
    run = CliRunner().invoke
    done = run(main, ["extend", catalog.store.uri, other.store.uri])
    assert done.exit_code == 0, done.stderr
    assert "Added 16 faces" in done.stdout
    assert "Nothing to do" in run(main, ["extend", catalog.store.uri, other.store.uri]).stdout
    assert "16 added, of" in run(main, ["versions", catalog.store.uri]).stdout
    itself = run(main, ["extend", catalog.store.uri, catalog.store.uri])
    assert itself.exit_code == 2
    assert "faces are here already" in itself.stderr
