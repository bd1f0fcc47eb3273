"""The service does what its OpenAPI document says, whatever is sent, and never fails."""

from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    response_schema_conformance,
    status_code_conformance,
)

from pipeline.service.app import create_app
from pipeline.service.jobs import Jobs
from pipeline.service.keys import KeyRing, add_key
from pipeline.service.library import Library

CHECKS = [not_a_server_error, status_code_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def tested(
    library: Library, tmp_path_factory: pytest.TempPathFactory
) -> tuple[FastAPI, dict[str, str]]:
    """A service with keys and jobs, none of which is run; the headers that let one in."""
    folder = tmp_path_factory.mktemp("service")
    text = add_key(folder / "keys.json", "tester", ["*"], ["read", "pull", "submit"], rate="9999/s")
    jobs = Jobs(folder / "jobs", library, at_once=0)
    app = create_app(library, KeyRing(folder / "keys.json"), jobs=jobs)
    return app, {"Authorization": f"Bearer {text}"}


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_any_request_has_an_answer_of_the_document(tested, mode: GenerationMode) -> None:
    app, headers = tested
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", app)
    asked = []
    for operation in schema.get_all_operations():

        @given(case=operation.ok().as_strategy(generation_mode=mode))
        @settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
        def ask(case: Any) -> None:
            if case.path_parameters and "catalog" in case.path_parameters:
                case.path_parameters["catalog"] = "packs"  # or nearly all would be not found
            case.call_and_validate(headers=headers, checks=CHECKS)

        with suppress(Unsatisfiable):  # nothing can be wrong with a request that brings nothing
            ask()
        asked.append(operation.ok().label)
    assert len(asked) == 12


def test_every_error_that_a_route_can_have_is_in_the_document(tested) -> None:
    app, headers = tested
    document = TestClient(app).get("/v1/openapi.json", headers=headers).json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if path == "/v1/health":
                continue
            assert operation["summary"], (path, method)
            assert {"401", "403", "422", "429", "503"} <= operation["responses"].keys()
            assert ("404" in operation["responses"]) == ("{" in path)
            form = operation["responses"]["422"]["content"]["application/json"]["schema"]
            assert form == {"$ref": "#/components/schemas/ErrorAnswer"}
            assert operation["security"] == [{"HTTPBearer": []}]
