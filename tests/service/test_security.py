"""Nothing gets out but what the catalog holds and the key allows, whatever is sent."""

import json
import shutil
import socket
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.service.app import create_app
from pipeline.service.library import Library

WHERE_PATHS = ("/v1/catalogs/packs/assets", "/v1/catalogs/packs/facets")
SECRET = "nobody's business"


def error(answer) -> tuple[int, str, str]:
    found = answer.json()["error"]
    return answer.status_code, found["field"], found["message"]


ATTACKS = [
    "read_csv('{secret}') IS NOT NULL",
    "(SELECT count(*) FROM read_csv('{secret}')) > 0",
    "(SELECT content FROM read_text('{secret}')) LIKE '%'",
    "age IN (SELECT 1 FROM '{secret}')",
    "EXISTS (FROM read_blob('{secret}'))",
    "age > (WITH x AS (SELECT 1 AS y) SELECT y FROM x)",
    "age = ANY (SELECT (SELECT (SELECT 1)))",
    "1 = 1; COPY faces TO '{folder}/out.csv'",
    "COPY faces TO '{folder}/out.csv'",
    "1 = 1); COPY (SELECT 1) TO '{folder}/out.csv'; SELECT (1 = 1",
    "ATTACH '{folder}/out.db'",
    "1 = 1; ATTACH '{folder}/out.db' AS other",
    "PRAGMA database_list",
    "1 = 1; PRAGMA enable_external_access = true",
    "1 = 1; SET enable_external_access = true",
    "1 = 1; INSTALL httpfs; LOAD httpfs",
    "1 = 1; DROP TABLE faces",
    "CALL pragma_version()",
    "getenv('HOME') = 'x'",
    "getenv('HOME') IS NULL OR true",
    "getvariable('x') IS NULL",
    "current_setting('temp_directory') LIKE '%'",
    "glob('/*') IS NOT NULL",
    "query('SELECT 1') = 1",
    "1 = 1 UNION SELECT 1",
    "1 = 1 LIMIT 1",
    "1 = 1 LIMIT (SELECT 1)",
    "1 = 1 ORDER BY (SELECT 1)",
    "1 = 1) OR (1 = 1",
    "1 = 1 /* and no end",
    "$1 = 1",
    "? = 1",
    "COLUMNS(*) IS NOT NULL",
    "list_transform(w, x -> read_text('{secret}'))[1] > 0",
    "row_number() OVER () > 1",
    "nextval('x') = 1",
    "pg_catalog.pg_get_viewdef(1) = 'x'",
    "sleep_ms(1000) = 1",
    "repeat('x', 10000000000) = 'x'",
    "len(range(10000000000)) > 1",
    "lpad('x', 2000000000, 'y') = 'x'",
    "md5(lower(repeat(glasses, 99999))) = 'x'",
    "levenshtein(glasses, glasses) > 0",
    "len(" + "w + " * 300 + "w) > 0",
    "length(" + "glasses || " * 300 + "glasses) > 0",
]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("path", WHERE_PATHS)
def test_sql_that_reaches_beyond_a_condition_is_refused(
    client: TestClient, sealed: Path, tmp_path: Path, attack: str, path: str
) -> None:
    where = attack.format(secret=sealed / "secret.txt", folder=tmp_path)
    answer = client.get(path, params={"by": "age", "where": where})
    assert error(answer)[:2] == (422, "where"), answer.text
    assert SECRET not in answer.text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_draw_refuses_the_same(
    client: TestClient, sealed: Path, tmp_path: Path, attack: str
) -> None:
    where = attack.format(secret=sealed / "secret.txt", folder=tmp_path)
    answer = client.post("/v1/catalogs/packs/draws", json={"count": 1, "where": where})
    assert error(answer)[:2] == (422, "where"), answer.text
    assert SECRET not in answer.text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "where",
    [
        "age BETWEEN 20 AND 29 AND skin_tone >= 7",
        "glasses IN ('none', 'round') OR NOT (hair_length LIKE '%o%')",
        "w[1] > 0 AND list_max(glasses_p) > 0.5",
        "CASE WHEN age > 30 THEN yaw ELSE pitch END > 0",
        "round(age / 10) = 3 AND abs(yaw) < 20 AND age::INT % 2 = 0",
        "regexp_matches(asset_id, '^f0+1') AND lower(glasses) <> 'x' -- the first",
        "coalesce(age, 0) > greatest(1, 2) AND isfinite(yaw)",
    ],
)
def test_plain_conditions_are_answered(client: TestClient, where: str) -> None:
    for path in WHERE_PATHS:
        assert client.get(path, params={"by": "age", "where": where}).status_code == 200


@pytest.mark.parametrize(
    "where",
    ["(" * 1500 + "true" + ")" * 1500, "NOT " * 900 + "true", "1+" * 1900 + "1 > 0"],
)
def test_conditions_that_are_nested_deeply_are_no_failure(client: TestClient, where: str) -> None:
    answer = client.get(WHERE_PATHS[0], params={"where": where})
    assert answer.status_code in (200, 422), answer.text


def test_a_long_condition_is_refused(client: TestClient) -> None:
    answer = client.get(WHERE_PATHS[0], params={"where": "age > 1 AND " * 400 + "true"})
    assert error(answer)[:2] == (422, "where")


@pytest.mark.parametrize("field", ["columns", "order", "by"])
@pytest.mark.parametrize(
    "value",
    ['age", (SELECT 1) AS "x', "age; DROP TABLE faces", "*", "1", "age=[1-2'; DROP TABLE faces]"],
)
def test_no_other_field_is_a_way_into_sql(client: TestClient, field: str, value: str) -> None:
    path = WHERE_PATHS[1] if field == "by" else WHERE_PATHS[0]
    answer = client.get(path, params={field: value})
    assert error(answer)[0] == 422, answer.text


@pytest.mark.parametrize(
    "balance", [["table=/etc/passwd"], {"table": "/etc/passwd"}, ["age,table=/etc/passwd"]]
)
def test_a_balance_names_no_file(client: TestClient, balance) -> None:
    answer = client.post("/v1/catalogs/packs/draws", json={"count": 1, "balance": balance})
    assert error(answer)[0] == 422
    assert "root" not in answer.text


def test_facets_name_no_file(client: TestClient) -> None:
    answer = client.get(WHERE_PATHS[1], params={"by": "table=/etc/passwd"})
    assert error(answer)[:2] == (422, "facets")


PATHS = [
    "../secret.txt",
    "../../secret.txt",
    "..%2fsecret.txt",
    "%2e%2e/secret.txt",
    "%2e%2e%2fsecret.txt",
    "..%5csecret.txt",
    "%252e%252e%252fsecret.txt",
    "..%c0%afsecret.txt",
    "%00",
    "f0000001%00.jpg",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "catalog.json",
    "images%2f000000%2ff0000000.jpg",
    "..;/secret.txt",
    "%ff%fe",
    quote("ｆ００００００１"),
    "f" * 5000,
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "around",
    [
        "/v1/catalogs/{}",
        "/v1/catalogs/files/assets/{}",
        "/v1/catalogs/files/assets/{}/image",
        "/v1/catalogs/files/assets/f0000001/{}",
        "/v1/catalogs/{}/assets/f0000001/image",
        "/{}",
        "/static/{}",
    ],
)
def test_no_path_leads_out_of_the_catalog(served: str, around: str, path: str) -> None:
    """Over a real socket: a client's library would mend the path before it is sent."""
    status, body = raw_get(served, around.format(path))
    assert status in (400, 404, 422), body
    assert SECRET.encode() not in body
    assert b"root:" not in body


def test_a_manifest_that_names_a_file_outside_is_not_believed(sealed: Path, tmp_path: Path) -> None:
    shutil.copytree(sealed / "files", tmp_path / "evil")
    (part,) = (tmp_path / "evil" / "manifest").iterdir()
    table = pq.read_table(part)
    uris = pa.array(["../secret.txt"] * table.num_rows)
    table = table.set_column(table.schema.get_field_index("uri"), table.schema.field("uri"), uris)
    pq.write_table(table, part)
    document = json.loads((tmp_path / "evil" / "catalog.json").read_text())
    document["manifest"]["parts"][0]["bytes"] = part.stat().st_size
    (tmp_path / "evil" / "catalog.json").write_text(json.dumps(document))
    (tmp_path / "secret.txt").write_text(SECRET)
    client = TestClient(create_app(Library.open([str(tmp_path / "evil")])))
    answer = client.get("/v1/catalogs/evil/assets/f0000001/image")
    assert answer.status_code == 503
    assert SECRET not in answer.text


def test_a_body_that_is_too_large_is_refused_unread(library: Library) -> None:
    client = TestClient(create_app(library, body_bytes=1000))
    path = "/v1/catalogs/packs/draws"
    headers = {"Content-Type": "application/json"}
    assert client.post(path, content=b'{"count": 1}', headers=headers).status_code == 200
    assert error(client.post(path, content=b" " * 1001, headers=headers))[:2] == (413, "body")
    chunks = (b" " * 100 for _ in range(20))  # of a length that is not told
    assert error(client.post(path, content=chunks, headers=headers))[:2] == (413, "body")
    for told in ("-1", "x", "9" * 30, "1e3"):
        answer = client.post(path, content=b"{}", headers=headers | {"Content-Length": told})
        assert error(answer)[0] == 413


def test_a_query_ends_when_its_time_is_up(library: Library) -> None:
    client = TestClient(create_app(library, query_seconds=0.0))
    for path in WHERE_PATHS:
        answer = client.get(path, params={"by": "age", "where": "age > 3"})
        assert error(answer) == (422, "request", "takes longer than 0 s; narrow it")


def test_answers_carry_headers_that_narrow_what_a_browser_does(client: TestClient) -> None:
    for path in ("/v1/catalogs", "/v1/nothing", "/v1/catalogs/packs/assets?limit=0"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert "server" not in headers


def test_pages_from_elsewhere_may_not_ask_unless_they_are_allowed(library: Library) -> None:
    asks = {"Origin": "https://studio.example", "Access-Control-Request-Method": "GET"}
    closed = TestClient(create_app(library))
    assert "access-control-allow-origin" not in closed.get("/v1/catalogs", headers=asks).headers
    assert closed.options("/v1/catalogs", headers=asks).status_code == 405
    opened = TestClient(create_app(library, origins=["https://studio.example"]))
    answer = opened.options("/v1/catalogs", headers=asks)
    assert answer.headers["access-control-allow-origin"] == "https://studio.example"
    assert "access-control-allow-credentials" not in answer.headers
    other = opened.get("/v1/catalogs", headers={"Origin": "https://other.example"})
    assert "access-control-allow-origin" not in other.headers


def test_a_name_that_was_made_to_point_here_is_refused(library: Library) -> None:
    app = create_app(library, hosts=["127.0.0.1", "[::1]"])
    for host in ("127.0.0.1:8000", "127.0.0.1", "[::1]:8000"):
        assert TestClient(app, f"http://{host}").get("/v1/catalogs").status_code == 200
    for host in ("evil.example", "127.0.0.1.evil.example", "[::2]:8000", ""):
        answer = TestClient(app).get("/v1/catalogs", headers={"Host": host})
        assert error(answer)[:2] == (421, "host")


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(max_size=60))
def test_any_condition_is_answered_or_refused(client: TestClient, text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    assert client.get(WHERE_PATHS[0], params={"where": text}).status_code in (200, 422)


def test_a_slow_client_does_not_keep_others_waiting(served: str) -> None:
    """Twenty that never end their request, and one that asks."""
    host, port = served.removeprefix("http://").split(":")
    slow = [socket.create_connection((host, int(port))) for _ in range(20)]
    try:
        for one in slow:
            one.sendall(b"POST /v1/catalogs/packs/draws HTTP/1.1\r\nHost: x\r\nContent-Le")
        assert raw_get(served, "/v1/catalogs")[0] == 200
    finally:
        for one in slow:
            one.close()


def raw_get(served: str, path: str) -> tuple[int, bytes]:
    """The status and body of a GET whose path is sent as it is."""
    host, port = served.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        )
        data = b""
        while chunk := connection.recv(65536):
            data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split()[1]), body
