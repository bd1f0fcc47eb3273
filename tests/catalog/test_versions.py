"""A revoked face is gone for everybody who reads, and what was there before stays as it was."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from fake_job import Watched, snapshot

from pipeline.catalog.draw import draw
from pipeline.catalog.exports.export import export
from pipeline.catalog.pull import pull
from pipeline.catalog.read import Catalog, open_catalog
from pipeline.catalog.scan import find_row
from pipeline.catalog.sql import query
from pipeline.catalog.versions import history, revocations, revoke
from pipeline.cli import main
from pipeline.errors import CatalogError, SpecError

WHY = "The likeness was questioned."
GONE = ("f0000003", "f0000010")


def names(catalog):
    return [
        name for table in catalog.tables(["asset_id"]) for name in table["asset_id"].to_pylist()
    ]


def test_revoked_faces_vanish_from_all_that_reads(catalog, tmp_path):
    store = catalog.store
    before = names(catalog)
    done = revoke(store, GONE, WHY)
    assert (done.version, done.revoked, done.already, done.count) == (2, 2, 0, 22)
    newest = open_catalog(store)
    left = [name for name in before if name not in GONE]
    assert (newest.version, newest.count(), names(newest)) == (2, 22, left)
    assert newest.faces.count() == 22
    assert newest.faces.to_arrow(["asset_id"])["asset_id"].to_pylist() == left
    assert sum(newest.faces.facets(["glasses"])["glasses"].values()) == 22
    assert find_row(newest, GONE[0]) is None
    with query(newest, "SELECT count(*) AS n FROM faces") as answer:
        assert answer.read_all()["n"].to_pylist() == [22]
    with draw(newest, {}, 22) as drawn:
        assert sorted(drawn.names()) == sorted(left)
    pull(newest, tmp_path / "pulled")
    pulled = pq.read_table(tmp_path / "pulled" / "manifest.parquet")
    assert pulled["asset_id"].to_pylist() == left
    export(newest, tmp_path / "exported", "folder")
    index = json.loads((tmp_path / "exported" / "index.json").read_text())
    assert (index["version"], index["count"]) == (2, 22)


def test_nothing_that_was_written_is_changed_and_a_pin_reads_it(catalog):
    store = catalog.store
    before = snapshot(store)
    rows = pa.concat_tables(catalog.tables())
    revoke(store, GONE, WHY)
    revoke(store, ["f0000000"], "Another one.")
    after = snapshot(store)
    assert {key: after[key] for key in before} == before
    assert sorted(key for key in after if key.startswith("versions/")) == [
        "versions/000002.json",
        "versions/000003.json",
    ]
    assert pa.concat_tables(Catalog.open(f"{store.uri}@1").tables()).equals(rows)
    assert Catalog.open(f"{store.uri}@2").count() == 22
    assert Catalog.open(store.uri).count() == Catalog.open(f"{store.uri}@3").count() == 21
    for number in (0, 4):
        with pytest.raises(CatalogError, match=f"has versions 1 to 3, not {number}"):
            Catalog.open(f"{store.uri}@{number}")


def test_a_version_names_its_parent_and_counts_what_is_left(catalog):
    import hashlib

    store = catalog.store
    sizes = {
        row["asset_id"]: row["length"] for row in pa.concat_tables(catalog.tables()).to_pylist()
    }
    revoke(store, GONE, WHY)
    revoke(store, ["f0000000"], "Another one.")
    for number, above in ((2, "catalog.json"), (3, "versions/000002.json")):
        document = json.loads(store.get(f"versions/{number:06d}.json"))
        digest = hashlib.sha256(store.get(above)).hexdigest()
        assert document["parent"] == {"version": number - 1, "key": above, "sha256": digest}
    newest = open_catalog(store)
    gone = [*GONE, "f0000000"]
    assert newest.document["bytes"] == catalog.document["bytes"] - sum(sizes[n] for n in gone)
    assert sum(cell["delivered"] for cell in newest.document["cells"]) == 21
    assert [one.why for one in revocations(newest)] == [WHY, "Another one."]
    assert [asset["asset_id"] for one in revocations(newest) for asset in one.assets] == gone
    assert [(one["version"], one["faces"], one["revoked"]) for one in history(newest)] == [
        (1, 24, 0),
        (2, 22, 2),
        (3, 21, 1),
    ]


def test_revoking_again_does_nothing(catalog):
    revoke(catalog.store, GONE, WHY)
    before = snapshot(catalog.store)
    done = revoke(catalog.store, GONE, WHY)
    assert (done.version, done.revoked, done.already) == (2, 0, 2)
    assert snapshot(catalog.store) == before
    more = revoke(catalog.store, [GONE[0], "f0000001", "f0000001"], WHY)
    assert (more.version, more.revoked, more.already, more.count) == (3, 1, 1, 21)


def test_even_all_faces_can_be_revoked(catalog):
    revoke(catalog.store, names(catalog), WHY)
    newest = open_catalog(catalog.store)
    assert newest.count() == newest.faces.count() == 0
    assert newest.faces.where("age > 3").to_arrow(["age"]).num_rows == 0
    with pytest.raises(SpecError, match="matches none of the 0 faces"):
        draw(newest, {}, 1)


@pytest.mark.parametrize(
    ("assets", "why", "sentence"),
    [
        (["nobody"], WHY, "asset: 'nobody': no such asset_id among the 24 faces"),
        (["f0000001", "x", "y"], WHY, "asset: 'x', 'y': no such asset_id"),
        ([], WHY, "asset: none is named"),
        (["f0000001"], "  ", "why: '' is no reason"),
        (["f0000001"], "x" * 501, "why: 'xxx"),
    ],
)
def test_what_cannot_be_meant_is_one_sentence_and_changes_nothing(catalog, assets, why, sentence):
    before = snapshot(catalog.store)
    with pytest.raises(SpecError) as error:
        revoke(catalog.store, assets, why)
    assert str(error.value).startswith(sentence)
    assert snapshot(catalog.store) == before


@dataclass
class Overtaken(Watched):
    """A store in which somebody else revokes a face just before the first version is made."""

    others: list[str] = field(default_factory=list)

    def create(self, key, data, content_type=None):
        if self.others:
            revoke(self.store, [self.others.pop()], "Overtaking.")
        return super().create(key, data, content_type)


def test_of_two_who_revoke_at_once_both_get_their_wish_and_one_goes_second(catalog):
    done = revoke(Overtaken(catalog.store, others=["f0000004"]), GONE, WHY)
    assert (done.version, done.revoked, done.count) == (3, 2, 21)
    newest = open_catalog(catalog.store)
    assert not {*GONE, "f0000004"} & set(names(newest))
    assert [one.why for one in revocations(newest)] == ["Overtaking.", WHY]


def test_many_who_revoke_at_once_lose_nothing(catalog):
    wanted = [f"f{slot:07d}" for slot in range(6)]
    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda name: revoke(catalog.store, [name], WHY), wanted))
    assert sorted(one.version for one in done) == [2, 3, 4, 5, 6, 7]
    newest = open_catalog(catalog.store)
    assert newest.count() == 18
    assert not set(wanted) & set(names(newest))


def test_a_killed_revocation_leaves_the_catalog_as_it_was(catalog):
    with pytest.raises(KeyboardInterrupt):
        revoke(Watched(catalog.store, dies_at_write=1), GONE, WHY)
    assert open_catalog(catalog.store).count() == 24
    assert revoke(catalog.store, GONE, WHY).version == 2


def test_pulls_with_sync_remove_what_was_revoked_and_others_say_so(catalog, tmp_path):
    to = tmp_path / "pulled"
    pull(catalog, to)
    revoke(catalog.store, GONE, WHY)
    newest = open_catalog(catalog.store)
    assert pull(newest, to).revoked == 2
    summary = pull(newest, to, sync=True)
    assert (summary.fetched, summary.removed, summary.revoked) == (0, 2, 0)
    assert not any(path.stem in GONE for path in to.rglob("*.jpg"))
    export(catalog, tmp_path / "exported", "folder")
    assert export(newest, tmp_path / "exported", "folder").removed == 2


def test_a_damaged_version_is_named(catalog):
    revoke(catalog.store, GONE, WHY)
    document = json.loads(catalog.store.get("versions/000002.json"))
    catalog.store.put("versions/000002.json", b"{")
    with pytest.raises(CatalogError, match=r"versions/000002.json is damaged .* restore it from a"):
        open_catalog(catalog.store)
    other = json.dumps({**document, "version": 5}).encode()
    catalog.store.put("versions/000002.json", other)
    with pytest.raises(CatalogError, match="it says version 5"):
        open_catalog(catalog.store)
    assert open_catalog(catalog.store, 1).count() == 24


def test_a_folder_whose_name_looks_like_a_pin_is_given_with_a_slash(catalog, tmp_path):
    (tmp_path / "output").rename(tmp_path / "output@2")
    with pytest.raises(CatalogError, match="not 2"):
        Catalog.open(str(tmp_path / "output@2"))
    assert Catalog.open(f"{tmp_path / 'output@2'}/").count() == 24


def test_the_commands_say_what_they_did(catalog, tmp_path):
    uri, run = catalog.store.uri, CliRunner().invoke
    done = run(main, ["revoke", uri, *GONE, "--why", WHY])
    assert done.exit_code == 0
    assert "Revoked 2 faces" in done.stdout
    assert "version 2 now, of 22 faces" in done.stdout
    assert "previews/contact-sheet.jpg and report.html show the catalog as it was" in done.stderr
    assert "Nothing to do" in run(main, ["revoke", uri, *GONE, "--why", WHY]).stdout
    told = run(main, ["versions", uri]).stdout.splitlines()
    assert "24 faces  sealed" in told[0]
    assert f"22 faces  2 revoked: {WHY}" in told[1]
    assert json.loads(run(main, ["versions", uri, "--json"]).stdout)[1]["why"] == WHY
    pinned = run(main, ["pull", f"{uri}@1", "--to", str(tmp_path / "to")])
    assert pinned.exit_code == 0
    assert f"caution: version 2 revoked 2 of these faces: {WHY}" in pinned.stderr
    newest = run(main, ["pull", uri, "--to", str(tmp_path / "to")])
    assert "2 files here are of faces revoked since: --sync removes them" in newest.stdout
    wrong = run(main, ["revoke", f"{uri}@1", *GONE, "--why", WHY])
    assert wrong.exit_code == 2
    assert "pins a version" in wrong.stderr
