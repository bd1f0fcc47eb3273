"""A job's document is passed on with its catalog."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.engine.driver import check_claim, claim
from pipeline.engine.job import Job, identity_of
from pipeline.errors import CatalogError
from pipeline.generators import heads_edit
from pipeline.spec import parse_spec
from pipeline.storage import open_store
from tests.engine.sketch import SKETCHED, sketched


def test_the_document_names_a_checkpoint_without_what_grants_access_to_it() -> None:
    generator = {"checkpoint": "https://host/net.pkl?key=secret", "truncation": 0.7}
    spec = parse_spec({"name": "a", "count": 10, "output": "./x", "generator": generator})
    job = Job(spec, "1" * 64, "2" * 64)
    document = job.document()
    assert document["generator"]["name"] == "https://host/net.pkl"
    assert "secret" not in json.dumps(document)
    # What is written there is a spec of the same job.
    assert parse_spec(document["spec"] | {"output": "./y"}).digest == spec.digest
    assert identity_of(document) == job.identity


def test_the_code_that_varies_people_is_part_of_a_job_with_variations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, varied = sketched(variations={}), sketched()
    led = replace(
        varied, spec=parse_spec(SKETCHED | {"output": "x", "generator": {"checkpoint": "a.pkl"}})
    )
    before = [job.identity for job in (plain, varied, led)]
    # Of jobs without variations it says nothing, so that they are what they were.
    assert "editing" not in plain.document()
    assert (before[0]["editing"], identity_of(plain.document())["editing"]) == ("", "")
    assert len({one["editing"] for one in before}) == 3
    assert identity_of(varied.document()) == before[1]
    store = open_store(str(tmp_path / "out"))
    claim(store, varied)
    other = tmp_path / "heads_edit.py"
    other.write_bytes(Path(heads_edit.__file__).read_bytes() + b"# moves otherwise\n")
    monkeypatch.setattr(heads_edit, "__file__", str(other))
    assert [sketched(variations={}).identity, replace(led).identity] == [before[0], before[2]]
    with pytest.raises(CatalogError, match=r"a job of another editing .*be varied otherwise now"):
        claim(store, sketched())
    check_claim(store, sketched(), sketched().sealed_identity)  # what is sealed stays so
