"""A request gets in by a key that is sound, for what it names; and what it fetched is on record."""

import base64
import json
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from pipeline.service.app import create_app
from pipeline.service.audit_log import AuditLog
from pipeline.service.keys import KeyRing, add_key, revoke_key
from pipeline.service.library import Library

PACKS = "/v1/catalogs/packs"
IMAGE = f"{PACKS}/assets/f0000001/image"
READS = [PACKS, f"{PACKS}/assets", f"{PACKS}/facets?by=age", f"{PACKS}/assets/f0000001"]


def refusal(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["field"]


def lines(audit: Path) -> list[dict]:
    return [json.loads(line) for line in audit.read_text().splitlines()]


def test_a_key_reads_its_catalog_and_no_other(secured: TestClient, key) -> None:
    header = key("read")
    for path in READS:
        assert secured.get(path, headers=header).status_code == 200
        other = secured.get(path.replace("packs", "files"), headers=header)
        assert refusal(other) == (403, "authorization")
    entries = secured.get("/v1/catalogs", headers=header).json()["catalogs"]
    assert [entry["name"] for entry in entries] == ["packs"]


def test_a_key_does_not_learn_which_other_catalogs_there_are(secured: TestClient, key) -> None:
    header = key("read")
    for path in READS:
        there = secured.get(path.replace("packs", "files"), headers=header)
        nowhere = secured.get(path.replace("packs", "ghost"), headers=header)
        assert there.status_code == nowhere.status_code == 403
        assert there.text.replace("files", "") == nowhere.text.replace("ghost", "")


def test_an_action_needs_to_be_named(secured: TestClient, key) -> None:
    reader, puller = key("read", name="reader"), key("pull", name="puller")
    assert refusal(secured.get(IMAGE, headers=reader)) == (403, "authorization")
    assert secured.get(IMAGE, headers=puller).status_code == 200
    for path in [*READS, "/v1/catalogs"]:
        assert refusal(secured.get(path, headers=puller)) == (403, "authorization")
    draw = secured.post(f"{PACKS}/draws", json={"count": 1}, headers=puller)
    assert refusal(draw) == (403, "authorization")


def test_a_key_for_all_catalogs(secured: TestClient, key) -> None:
    header = key("read", catalogs="*")
    assert secured.get("/v1/catalogs/files", headers=header).status_code == 200
    assert secured.get("/v1/catalogs/ghost", headers=header).status_code == 404


@pytest.mark.parametrize("path", ["/v1/catalogs", *READS, IMAGE])
def test_nothing_is_answered_without_a_sound_key(secured: TestClient, key, path: str) -> None:
    text = key("read", "pull")["Authorization"].removeprefix("Bearer ")
    wrong = [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": text},
        {"Authorization": f"Bearer {text[:-1]}"},
        {"Authorization": f"Bearer {text}x"},
        {"Authorization": f"Bearer pop_{'0' * 12}_{'x' * 43}"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic " + base64.b64encode(b"\xff:\xff").decode()},
        {"X-API-Key": text},
        {"Cookie": f"key={text}"},
    ]
    for headers in wrong:
        answer = secured.get(path, headers=headers)
        assert refusal(answer) == (401, "authorization")
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert secured.get(path, params={"key": text, "by": "age"}).status_code == 401
    assert secured.get("/v1/health").status_code == 200


def test_expired_and_revoked_keys_are_refused_at_once(secured: TestClient, key, keys: Path) -> None:
    header = key("read")
    assert secured.get(PACKS, headers=header).status_code == 200
    document = json.loads(keys.read_text())
    document["keys"][-1]["expires"] = "2020-01-01T00:00:00+00:00"
    keys.write_text(json.dumps(document))
    answer = secured.get(PACKS, headers=header)
    assert refusal(answer) == (401, "authorization")
    assert "expired" in answer.text
    other = key("read", name="other")
    assert secured.get(PACKS, headers=other).status_code == 200
    revoke_key(keys, "other")
    assert "revoked" in secured.get(PACKS, headers=other).text


def test_without_its_file_no_key_is_believed(secured: TestClient, key, keys: Path) -> None:
    header = key("read")
    keys.write_text("{")
    answer = secured.get(PACKS, headers=header)
    assert refusal(answer) == (503, "authorization")
    assert str(keys) not in answer.text


def test_a_browser_sends_its_key_as_a_password(secured: TestClient, key) -> None:
    text = key("read")["Authorization"].removeprefix("Bearer ")
    assert secured.get(PACKS, auth=("anyone", text)).status_code == 200
    assert secured.get(PACKS, auth=(text, "anyone")).status_code == 401


def test_a_key_may_ask_so_often_and_no_more(secured: TestClient, key) -> None:
    slow, other = key("read", rate="3/h"), key("read", name="other")
    answers = [secured.get(PACKS, headers=slow) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert refusal(answers[-1]) == (429, "rate")
    assert 0 < int(answers[-1].headers["retry-after"]) <= 1200
    assert secured.get(PACKS, headers=other).status_code == 200


def test_what_is_drawn_and_fetched_is_written_down(secured: TestClient, key, audit: Path) -> None:
    header = key("read", "pull")
    secured.get(f"{PACKS}/assets", headers=header)
    secured.post(f"{PACKS}/draws", json={"count": 3, "seed": 5}, headers=header)
    secured.get(IMAGE, headers=header)
    secured.get(IMAGE.replace("f0000001", "ghost"), headers=header)
    secured.get(IMAGE.replace("packs", "files"), headers=header)
    secured.get(IMAGE)
    draw, image, ghost, foreign, nobody = lines(audit)
    assert draw["time"] <= image["time"]
    common = {"catalog": "packs", "key": "studio", "client": "testclient"}
    assert draw | common | {"action": "draw", "count": 3, "seed": 5, "status": 200} == draw
    picture = {"action": "image", "asset": "f0000001", "file": "image", "status": 200}
    assert image | common | picture == image
    assert (ghost["status"], ghost["asset"]) == (404, "ghost")
    assert (foreign["status"], foreign["catalog"]) == (403, "files")
    assert (nobody["status"], nobody["key"], nobody["count"]) == (401, None, 1)


def test_strangers_cannot_fill_the_log(library: Library, keys: Path, key, audit: Path) -> None:
    app = create_app(library, KeyRing(keys), audit=AuditLog(audit))
    slow = key("pull", rate="1/h")
    with TestClient(app) as client:
        for i in range(40):
            assert client.get(IMAGE.replace("f0000001", f"{i}" * 4000)).status_code == 401
        statuses = [client.get(IMAGE, headers=slow).status_code for _ in range(5)]
        assert statuses == [200, 429, 429, 429, 429]
        assert [line["status"] for line in lines(audit)] == [401, 200, 429]
        assert audit.stat().st_size < 1000
    told = [(line["status"], line["key"], line["count"]) for line in lines(audit)[3:]]
    assert told == [(401, None, 39), (429, "studio", 3)]


def test_a_long_address_is_cut_in_the_log(secured: TestClient, key, audit: Path) -> None:
    answer = secured.get(IMAGE.replace("f0000001", "x" * 50_000), headers=key("pull"))
    assert refusal(answer) == (422, "asset")
    (line,) = lines(audit)
    assert line["asset"] == "x" * 4000


def test_a_name_cannot_forge_a_line(secured: TestClient, key, audit: Path) -> None:
    evil = 'x%0a{"key": "boss"}%0a'
    secured.get(f"/v1/catalogs/{evil}/assets/{evil}/image", headers=key("pull"))
    (line,) = lines(audit)
    assert line["catalog"] == 'x\n{"key": "boss"}\n'


def test_nothing_is_handed_out_that_cannot_be_written_down(
    library: Library, keys: Path, key, tmp_path: Path
) -> None:
    log = tmp_path / "logs" / "audit.jsonl"
    client = TestClient(create_app(library, KeyRing(keys), audit=AuditLog(log)))
    header = key("read", "pull")
    log.unlink()
    log.mkdir()
    answer = client.get(IMAGE, headers=header)
    assert refusal(answer) == (503, "service")
    assert str(log) not in answer.text
    assert client.get(PACKS, headers=header).status_code == 200
    log.rmdir()
    assert client.get(IMAGE, headers=header).status_code == 200
    assert len(lines(log)) == 1


@pytest.fixture
def paged(library: Library, keys: Path, audit: Path) -> TestClient:
    """A service with pages that list the catalogs that they see."""
    pages = APIRouter()

    @pages.get("/")
    def front() -> list[str]:
        return list(library)

    @pages.get("/c/{name}")
    def page(name: str) -> dict:
        return {"count": library.get(name).count()}

    @pages.get("/c/{name}/where")
    def where(name: str, where: str) -> dict:
        return {"count": library.get(name).where(where).count()}

    app: FastAPI = create_app(library, KeyRing(keys), audit=AuditLog(audit), pages=pages)
    return TestClient(app)


def test_pages_show_only_the_catalogs_that_the_key_opens(
    paged: TestClient, keys: Path, audit: Path
) -> None:
    answer = paged.get("/")
    assert refusal(answer) == (401, "authorization")
    assert answer.headers["www-authenticate"].startswith("Basic")
    user = ("", add_key(keys, "visitor", ["packs"], ["read", "pull"]))
    assert paged.get("/", auth=user).json() == ["packs"]
    assert paged.get("/c/packs", auth=user).json() == {"count": 24}
    assert refusal(paged.get("/c/files", auth=user)) == (404, "catalog")
    reader = ("", add_key(keys, "reader", ["packs"], ["read"]))
    assert paged.get("/", auth=reader).json() == []
    assert [line["status"] for line in lines(audit)] == [401, 200, 200, 404, 200]
    assert lines(audit)[1]["action"] == "page"


def test_conditions_of_pages_are_bounded_too(paged: TestClient, keys: Path) -> None:
    user = ("", add_key(keys, "visitor", ["packs"], ["read", "pull"]))
    found = paged.get("/c/packs/where", params={"where": "age > 0"}, auth=user)
    assert found.json() == {"count": 24}
    evil = {"where": "len(repeat('x', 1000000000)) > 0"}
    assert refusal(paged.get("/c/packs/where", params=evil, auth=user)) == (422, "where")
