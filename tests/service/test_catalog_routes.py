"""The API lists, queries, counts, draws and hands out what the catalog holds, and nothing else."""

import hashlib
import shutil
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from pipeline.catalog import Catalog
from pipeline.catalog.draw import draw
from pipeline.catalog.rows_view import plain
from pipeline.service.app import create_app
from pipeline.service.library import Library

ASSETS = "/v1/catalogs/packs/assets"


def ask(client: TestClient, path: str = ASSETS, **params) -> dict:
    answer = client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def fault(answer) -> tuple[int, str, str]:
    error = answer.json()["error"]
    return answer.status_code, error["field"], error["message"]


def test_catalogs_are_listed_and_described(client: TestClient, catalog: Catalog) -> None:
    entries = ask(client, "/v1/catalogs")["catalogs"]
    assert [entry["name"] for entry in entries] == ["files", "packs"]
    digest = catalog.document["manifest"]["content_digest"]
    assert entries[1] | {"title": "villagers", "count": 24, "content_digest": digest} == entries[1]
    document = ask(client, "/v1/catalogs/packs")
    assert document["cells"] == [dict(cell) for cell in catalog.document["cells"]]
    age = next(column for column in document["columns"] if column["name"] == "age")
    assert (age["type"], age["unit"]) == ("float", "years")


def test_a_catalog_does_not_tell_where_it_lies(client: TestClient, sealed) -> None:
    for path in ("/v1/catalogs", "/v1/catalogs/packs", ASSETS + "/f0000003"):
        assert str(sealed) not in client.get(path).text


def test_a_query_gives_the_rows_of_a_condition(client: TestClient, rows: list[dict]) -> None:
    columns = ["asset_id", "age", "glasses", "glasses_p"]
    page = ask(client, where="age >= 30", columns=",".join(columns), order="-age", limit=1000)
    wanted = sorted((r for r in rows if r["age"] >= 30), key=lambda r: (-r["age"], r["asset_id"]))
    assert page["rows"] == [{name: plain(row[name]) for name in columns} for row in wanted]
    assert (page["total"], page["next"]) == (len(wanted), None)


@pytest.mark.parametrize("order", [None, "age", "-glasses"])
@pytest.mark.parametrize("limit", [1, 5, 24])
def test_pages_hold_every_row_once(client, rows, order, limit) -> None:
    query = {"columns": "asset_id", "limit": limit} | ({"order": order} if order else {})
    found, cursor = [], {}
    while True:
        page = ask(client, **query, **cursor)
        assert page["total"] == 24
        found += [row["asset_id"] for row in page["rows"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert sorted(found) == sorted(row["asset_id"] for row in rows)
    if order is None:
        assert found == [row["asset_id"] for row in rows]


def test_a_cursor_belongs_to_its_query(client: TestClient) -> None:
    cursor = ask(client, where="age > 1", limit=2)["next"]
    for params in ({"where": "age > 2"}, {"where": "age > 1", "order": "age"}):
        answer = client.get(ASSETS, params=params | {"cursor": cursor})
        assert fault(answer)[:2] == (422, "cursor")
    other = client.get("/v1/catalogs/files/assets", params={"where": "age > 1", "cursor": cursor})
    # The same faces lie in other places there.
    assert fault(other)[:2] == (422, "cursor")
    for text in ("", "x", "W10", "WyJ4IiwtMSwxXQ", "é", "W1tbW1tb"):
        assert fault(client.get(ASSETS, params={"cursor": text}))[:2] == (422, "cursor")


def test_facets_count_every_bin(client: TestClient, catalog: Catalog) -> None:
    by = ["age=[18-39,40+]", "glasses", "skin_tone=monk"]
    found = ask(client, "/v1/catalogs/packs/facets", by=by, where="age > 25")
    faces = catalog.where("age > 25")
    asked = {"age": ["18-39", "40+"], "glasses": None, "skin_tone": "monk"}
    assert found == {"total": faces.count(), "facets": faces.facets(asked)}


def test_a_draw_is_that_of_the_command(client: TestClient, catalog: Catalog) -> None:
    order = {
        "count": 6,
        "balance": {"age": ["18-39", "40+"]},
        "seed": 7,
        "where": "age >= 18",
        "columns": ["age"],
    }
    answer = client.post("/v1/catalogs/packs/draws", json=order)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    with draw(catalog, order["balance"], 6, where="age >= 18", seed=7) as drawn:
        names = list(drawn.names())
        rows = {r["asset_id"]: r for table in drawn.rows() for r in table.to_pylist()}
        assert found["cells"] == plain(drawn.summary.document())["cells"]
    assert found["assets"] == names
    columns = ("age", "draw_cell", "draw_weight")
    assert found["rows"] == [{name: rows[asset][name] for name in columns} for asset in names]


def test_a_draw_of_names_takes_their_usual_bins(client: TestClient) -> None:
    order = {"count": 4, "balance": ["gender_presentation"], "allow_short": True}
    answer = client.post("/v1/catalogs/packs/draws", json=order).json()
    assert len(answer["assets"]) == 4
    assert answer["rows"] == []
    short = client.post("/v1/catalogs/packs/draws", json={"count": 24, "balance": ["expression"]})
    assert fault(short)[:2] == (422, "count")
    assert "(allow_short)" in fault(short)[2]


def test_an_asset_is_told_of_in_full(client: TestClient, rows: list[dict]) -> None:
    row = rows[5]
    found = ask(client, f"{ASSETS}/{row['asset_id']}")
    assert found == {name: plain(value) for name, value in row.items() if name != "w"}
    assert ask(client, f"{ASSETS}/{row['asset_id']}", columns="slot,w") == {
        "slot": row["slot"],
        "w": row["w"],
    }


@pytest.mark.parametrize("name", ["files", "packs"])
def test_an_image_is_the_file_that_the_manifest_names(client, library, name) -> None:
    rows = [row for table in library.get(name).tables() for row in table.to_pylist()]
    for row in rows:
        path = f"/v1/catalogs/{name}/assets/{row['asset_id']}/image"
        answer = client.get(path)
        assert hashlib.sha256(answer.content).hexdigest() == row["sha256"]
        assert answer.headers["content-type"] == "image/jpeg"
        assert "immutable" in answer.headers["cache-control"]
    again = client.get(path, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = client.head(path)
    assert (head.content, head.headers["etag"]) == (b"", answer.headers["etag"])
    assert int(head.headers["content-length"]) == len(answer.content)


def test_what_is_not_there_is_not_found(client: TestClient) -> None:
    for path, field in (
        ("/v1/catalogs/other", "catalog"),
        ("/v1/catalogs/other/assets", "catalog"),
        (f"{ASSETS}/nobody", "asset"),
        (f"{ASSETS}/nobody/image", "asset"),
        (f"{ASSETS}/f0000001/depth", "kind"),
        ("/v1/nothing", "path"),
    ):
        assert fault(client.get(path))[:2] == (404, field)


def test_a_file_that_was_tampered_with_is_not_handed_out(
    sealed: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.copytree(sealed / "files", tmp_path / "copy")
    library = Library.open([str(tmp_path / "copy")])
    row = next(library.get("copy").tables()).to_pylist()[0]
    path = tmp_path / "copy" / row["uri"]
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    client = TestClient(create_app(library))
    answer = client.get(f"/v1/catalogs/copy/assets/{row['asset_id']}/image")
    assert fault(answer)[:2] == (503, "service")
    assert str(tmp_path) not in answer.text
    assert "its sha256 differs" in caplog.text
    path.unlink()
    answer = client.get(f"/v1/catalogs/copy/assets/{row['asset_id']}/image")
    assert answer.status_code == 503
    assert str(tmp_path) not in answer.text


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"where": "agee > 3"}, "where"),
        ({"where": ""}, "where"),
        ({"where": "'a'::INT = age"}, "where"),
        ({"where": "age > '\x00'"}, "where"),
        ({"columns": "asset_id,agee"}, "columns"),
        ({"columns": " , "}, "columns"),
        ({"order": "-agee"}, "order"),
        ({"limit": "0"}, "limit"),
        ({"limit": "1001"}, "limit"),
        ({"limit": "many"}, "limit"),
    ],
)
def test_what_cannot_be_meant_names_its_field(client, params, field) -> None:
    status, found, message = fault(client.get(ASSETS, params=params))
    assert (status, found) == (422, field)
    assert message


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"{", "body"),
        (b"[1]", "body"),
        (b"{}", "count"),
        (b'{"count": 0}', "count"),
        (b'{"count": 1e999}', "count"),
        (b'{"count": 5, "colour": 1}', "colour"),
        (b'{"count": 5, "method": "luck"}', "method"),
        (b'{"count": 5, "seed": -1}', "seed"),
        (b'{"count": 5, "balance": ["agee"]}', "balance"),
        (b'{"count": 5, "balance": ["age", "age"]}', "balance.age"),
        (b'{"count": 5, "balance": {"age": {"18-29": NaN}}}', "balance"),
        (b'{"count": 5, "balance": {"age": "\\ud800"}}', "balance"),
        (b'{"count": 5, "where": "\\ud800"}', "where"),
        (b'{"count": 5, "columns": ["agee"]}', "columns"),
        (b'{"count": 1001, "columns": ["w"]}', "columns"),
        (b'{"count": 10001, "columns": ["age"]}', "columns"),
        (b'{"count": 5, "balance": {"age": ' + b"[" * 400 + b"]" * 400 + b"}}", "balance.age"),
        (b'{"count": 5, "balance": ' + b"[" * 500_000, "body"),
        (b'{"count": ' + b"9" * 5000 + b"}", "body"),
        (b"\xff\xfe", "body"),
    ],
)
def test_an_order_that_cannot_be_meant_names_its_field(client, body, field) -> None:
    answer = client.post(
        "/v1/catalogs/packs/draws", content=body, headers={"Content-Type": "application/json"}
    )
    status, found, message = fault(answer)
    assert (status, found) == (422, field), message
