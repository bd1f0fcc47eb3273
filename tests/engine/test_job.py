"""A job's document is passed on with its catalog."""

import json

from pipeline.engine.job import Job, identity_of
from pipeline.spec import parse_spec


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
