"""Every person of a job is pictured in all its variations, each confirmed, whoever makes them."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.assets.encode import decode
from pipeline.attributes.changes import slack
from pipeline.attributes.taxonomy import BY_NAME
from pipeline.catalog.layout import receipt_key, shard_key
from pipeline.catalog.read import Catalog, open_catalog
from pipeline.catalog.seal import seal
from pipeline.engine.driver import Missing, claim, job_status
from pipeline.engine.face import Face
from pipeline.engine.faces import Faces
from pipeline.engine.job import Job
from pipeline.engine.shard import run_shard
from pipeline.engine.variations import MOST_PEOPLE
from pipeline.errors import CatalogError, JobError
from pipeline.generators.heads_edit import varied
from pipeline.storage import open_store
from tests.engine.sketch import MODELS, Reader, Sketcher, sketched


def found(job: Job, reader: Reader | None = None) -> list[Face]:
    return [
        face
        for shard in range(job.spec.shards)
        for face in Faces(job, shard, Sketcher(), reader or Reader())
    ]


def made(job: Job, shards: list[int] | None = None) -> Catalog:
    """Make shards of a job, in any order, and seal them."""
    store = open_store(job.spec.location.uri)
    claim(store, job)
    for shard in shards or range(job.spec.shards):
        run_shard(job, shard, MODELS, store)
    seal(store, job.document())
    return open_catalog(store)


def test_people_are_those_of_the_job_without_variations_where_all_can_be_had() -> None:
    people = {face.slot: face for face in found(sketched(variations={}))}
    faces = found(sketched())
    assert len(faces) == 20 * 6
    for first in range(0, len(faces), 6):
        person = people[faces[first].slot]
        if person.attempt != faces[first].attempt:
            continue  # somebody who cannot be twenty years older
        for k, face in enumerate(faces[first : first + 6]):
            assert (face.slot, face.attempt, face.cell, face.variation) == (
                person.slot, person.attempt, person.cell, k,
            )  # fmt: skip
            assert np.array_equal(face.w, varied(person.w, sketched().spec.varied[k])[0])


@pytest.mark.parametrize(
    "change", [{"batch_size": 1}, {"batch_size": 64}, {"shard_size": 20}, {"shard_size": 1}]
)
def test_a_slot_has_the_same_pictures_in_any_batch_and_shard(change: dict[str, Any]) -> None:
    def plain(job: Job) -> list[tuple[object, ...]]:
        faces = sorted(found(job), key=lambda face: (face.slot, face.variation))
        return [(f.slot, f.variation, f.attempt, f.pixels.tobytes(), f.edits) for f in faces]

    assert plain(sketched(**change)) == plain(sketched())


def test_every_picture_is_read_as_asked_and_in_its_cell_in_all_that_stays() -> None:
    job = sketched()
    for face in found(job):
        assert face.variation is not None
        for name, asked in face.edits.items():
            read = float(face.scores.values[name][face.index])
            assert abs(read - asked) <= slack(name)
        presentation = int(face.scores.values["gender_presentation"][face.index])
        wanted = {b.attribute: b.label for b in job.spec.target.bins_of(face.cell)}
        assert BY_NAME["gender_presentation"].classes[presentation] == wanted["gender_presentation"]


def test_what_the_scorer_never_confirms_stops_the_job_and_is_named() -> None:
    with pytest.raises(JobError) as caught:
        found(
            sketched(count=1, variations={"expression": ["smile", "anger"]}), Reader(expression=1)
        )
    line = str(caught.value)
    assert line.startswith(f"variations: {MOST_PEOPLE} people of the cell ")
    assert "refused in its shard by variation:expression" in line


def test_limits_hold_for_every_picture() -> None:
    # Nobody has glasses, so that a limit to them is met by nobody's pictures, nor by the person.
    job = sketched(where={"glasses": "none"}, variations={"age": ["+0", "+30"]})
    for face in found(job):
        assert int(face.scores.values["glasses"][face.index]) == 0


def test_variations_that_make_no_difference_are_refused() -> None:
    with pytest.raises(JobError, match="variation:no difference"):
        found(sketched(count=1, shard_size=1, variations={"yaw": [10, 10.0001]}))


def test_a_catalog_holds_each_person_in_all_variations_side_by_side(tmp_path: Path) -> None:
    job = sketched(tmp_path)
    catalog = made(job)
    rows = [row for table in catalog.tables() for row in table.to_pylist()]
    assert catalog.count() == len(rows) == 120
    people = Counter(row["person_id"] for row in rows)
    assert set(people.values()) == {6}
    assert len(people) == 20
    assert len({row["asset_id"] for row in rows}) == 120
    for first in range(0, 120, 6):
        person = rows[first : first + 6]
        assert len({row["person_id"] for row in person}) == 1
        assert [row["variation"] for row in person] == list(job.spec.labels)
        ages = [json.loads(row["edits"])["age"] for row in person]
        assert ages[3] - ages[0] == pytest.approx(20, abs=0.002)
        assert [json.loads(row["edits"])["expression"] for row in person[:3]] == [
            "smile", "neutral", "surprise",
        ]  # fmt: skip
    document = catalog.document
    assert (document["count"], document["people"]) == (120, 20)
    assert document["variations"] == list(job.spec.labels)
    assert [cell["delivered"] for cell in document["cells"]] == [30, 30, 30, 30]
    report = json.loads(catalog.store.get("report.json"))
    assert (report["count"], report["people"]) == (120, 20)
    page = catalog.store.get("report.html").decode()
    assert "120 pictures of 20 people who do not exist" in page
    assert "<h3>Expression</h3>" not in page  # it was ordered, and did not just come
    assert "<h3>Glasses</h3>" in page


def test_neither_row_groups_nor_parts_divide_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.catalog.seal.ROW_GROUP_ROWS", 16)
    monkeypatch.setattr("pipeline.catalog.seal.PART_ROWS", 30)
    catalog = made(sketched(tmp_path))
    assert [part.rows for part in catalog.parts] == [36, 36, 36, 12]
    for part in catalog.parts:
        assert all(rows % 6 == 0 for _, rows in catalog.row_groups(part))


@pytest.mark.parametrize(
    ("variations", "people", "columns"),
    [
        ({"age": [30]}, 2, 1),
        ({"expression": ["smile", "anger"], "yaw": [-10, 0, 10]}, 2, 6),
        ({"age": ["+0", "+9"], "expression": ["smile", "anger"], "light": ["left", "right"]}, 2, 8),
        ({"yaw": list(range(-11, 12))}, 5, 20),
    ],
)
def test_the_contact_sheet_has_a_row_a_person(
    tmp_path: Path, variations: dict[str, Any], people: int, columns: int
) -> None:
    catalog = made(sketched(tmp_path, count=people, variations=variations, balance={}))
    sheet = decode(catalog.store.get("previews/contact-sheet.jpg"))
    assert sheet.shape[1] > columns * 128 + 80
    assert sheet.shape[1] < (columns + 1) * 148 + 420
    assert people * 128 < sheet.shape[0] < people * 148 + 300


@pytest.mark.parametrize("layout", ["files", "packs"])
def test_shards_made_in_any_order_and_again_give_the_same_catalog(
    tmp_path: Path, layout: str
) -> None:
    one = made(sketched(tmp_path / "one", layout=layout))
    store = open_store(str(tmp_path / "two"))
    job = sketched(tmp_path / "two", layout=layout)
    # A worker that died after its images, and one whose receipt is all that is missing.
    run_shard(job, 2, MODELS, store)
    (tmp_path / "two" / receipt_key(2)).unlink()
    run_shard(job, 0, MODELS, store)
    assert Missing(store, 20, 5).count == 3
    two = made(job, [3, 0, 2, 1])
    digests = [c.document["manifest"]["content_digest"] for c in (one, two)]
    assert digests[0] == digests[1]


def test_progress_counts_pictures(tmp_path: Path) -> None:
    job = sketched(tmp_path)
    store = open_store(str(tmp_path))
    claim(store, job)
    receipt = run_shard(job, 3, MODELS, store)
    assert receipt["rows"] == 30
    status = job_status(store)
    assert (status["faces"], status["faces_committed"], status["shards"]) == (120, 30, 4)


def test_a_shard_that_lacks_a_picture_is_not_sealed(tmp_path: Path) -> None:
    job = sketched(tmp_path)
    store = open_store(str(tmp_path))
    claim(store, job)
    for shard in range(job.spec.shards):
        run_shard(job, shard, MODELS, store)
    replace_rows(tmp_path, lambda rows: rows[5].update(variation=rows[4]["variation"]))
    with pytest.raises(CatalogError, match=r"slot, variation \d+, '.*' is delivered twice"):
        seal(store, job.document())
    replace_rows(tmp_path, lambda rows: rows[5].update(variation="age=+50"))
    with pytest.raises(CatalogError, match="variation 'age=\\+50' was never ordered"):
        seal(store, job.document())


def replace_rows(folder: Path, change: Any) -> None:
    """Change the first shard's rows, and what its receipt says of them."""
    from pipeline.assets.encode import sha256
    from pipeline.catalog.manifest import write_parquet

    table = pq.read_table(folder / shard_key(0))
    rows = table.to_pylist()
    change(rows)
    data = write_parquet(pa.Table.from_pylist(rows, schema=table.schema))
    (folder / shard_key(0)).write_bytes(data)
    receipt = json.loads((folder / receipt_key(0)).read_text())
    receipt["manifest"]["sha256"] = sha256(data)
    (folder / receipt_key(0)).write_text(json.dumps(receipt))
