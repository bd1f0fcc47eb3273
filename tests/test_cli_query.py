"""`populace ls`, `show` and `query` print what a catalog holds, for people and for machines."""

import csv
import hashlib
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.catalog import Catalog
from pipeline.catalog.seal import seal
from pipeline.storage import open_store
from tests.catalog.fake_job import FakeJob
from tests.test_cli import invoke


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A sealed catalog of 24 faces in packs."""
    store = open_store(str(tmp_path_factory.mktemp("catalog")))
    seal(store, FakeJob(layout="packs").run(store))
    return store.uri


@pytest.fixture
def rows(catalog: str) -> list[dict]:
    return pa.concat_tables(Catalog.open(catalog).tables()).to_pylist()


def test_ls_prints_a_table_of_80_columns(catalog: str, rows: list[dict]) -> None:
    code, out, err = invoke("ls", catalog, "--sort", "-age", "--limit", "5")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].split() == [
        "asset_id", "age", "gender_presentation", "skin_tone", "expression", "yaw"
    ]  # fmt: skip
    oldest = sorted(rows, key=lambda row: -row["age"])[:5]
    assert [line.split()[0] for line in lines[1:]] == [row["asset_id"] for row in oldest]
    assert all(len(line) <= 80 for line in lines)
    assert err == "5 of 24 faces\n"


def test_ls_speaks_json_and_csv(catalog: str, rows: list[dict]) -> None:
    options = ["--where", "age > 50", "--columns", "slot, age,glasses_p", "--limit", "100"]
    old = [row for row in rows if row["age"] > 50]
    wanted = [{name: row[name] for name in ("slot", "age", "glasses_p")} for row in old]
    assert json.loads(invoke("ls", catalog, *options, "--json")[1]) == wanted
    lines = list(csv.DictReader(io.StringIO(invoke("ls", catalog, *options, "--csv")[1])))
    assert [{name: json.loads(cell) for name, cell in line.items()} for line in lines] == wanted
    assert invoke("ls", catalog, "--where", "age > 1000", "--json")[:2] == (0, "[]\n")
    assert invoke("ls", catalog, "--where", "age > 1000")[2] == "0 of 0 faces\n"


def test_show_tells_all_of_an_asset_at_80_columns(catalog: str, rows: list[dict]) -> None:
    row = rows[7]
    code, out, _ = invoke("show", catalog, row["asset_id"])
    assert code == 0
    assert all(len(line) <= 80 for line in out.splitlines())
    whole = out.replace("\n", "").replace(" ", "")
    for word in (
        f"{catalog}/{row['uri']}",
        f"{row['length']:,}frombyte{row['offset']:,}",
        row["sha256"],
        row["pixels_sha256"],
        row["generator_digest"],
        row["scorer_digest"],
        row["person_id"],
        f"{row['age']:.4g}years",
        f"{max(row['hair_color_p']):.1%}",
        f"realism{row['realism']:.3f}",
        f"cell{row['cell']}:",
        f"seed{row['seed']}",
    ):
        assert word in whole


def test_show_speaks_json_and_saves_the_picture(
    catalog: str, rows: list[dict], tmp_path: Path
) -> None:
    row, path = rows[3], tmp_path / "deep" / "face.jpg"
    code, out, _ = invoke("show", catalog, row["asset_id"], "--json", "--image", str(path))
    assert code == 0
    assert json.loads(out) == {"place": f"{catalog}/{row['uri']}", **row}
    assert hashlib.sha256(path.read_bytes()).hexdigest() == row["sha256"]
    code, _, err = invoke("show", catalog, row["asset_id"], "--image", str(tmp_path / "face.png"))
    assert (code, len(err.splitlines())) == (2, 1)
    assert "face.png does not end in .jpeg or .jpg" in err
    assert not (tmp_path / "face.png").exists()


def test_query_answers_in_every_form(catalog: str, rows: list[dict], tmp_path: Path) -> None:
    sql = [
        "--sql",
        "SELECT glasses, count(*) AS n, sum(slot) AS s FROM faces GROUP BY 1 ORDER BY 1",
    ]
    wanted = []
    for word in ("glasses", "none"):
        slots = [row["slot"] for row in rows if row["glasses"] == word]
        wanted.append({"glasses": word, "n": len(slots), "s": sum(slots)})
    code, out, err = invoke("query", catalog, *sql)
    assert (code, err) == (0, "2 rows\n")
    assert [line.split() for line in out.splitlines()] == [
        ["glasses", "n", "s"],
        *([str(value) for value in row.values()] for row in wanted),
    ]
    assert json.loads(invoke("query", catalog, *sql, "--json")[1]) == wanted
    lines = list(csv.DictReader(io.StringIO(invoke("query", catalog, *sql, "--csv")[1])))
    assert lines == [{name: str(value) for name, value in row.items()} for row in wanted]
    path = tmp_path / "answer.parquet"
    assert invoke("query", catalog, *sql, "--to", str(path))[1] == f"Wrote 2 rows to {path}\n"
    assert pq.read_table(path).to_pylist() == wanted


def test_query_shows_the_first_rows_of_many_and_says_so(catalog: str) -> None:
    sql = "SELECT i FROM range(3000) t(i)"
    code, out, err = invoke("query", catalog, "--sql", sql)
    assert (code, len(out.splitlines())) == (0, 1001)
    assert err == "the first 1,000 rows; --csv, --json or --to have all of them\n"
    assert len(json.loads(invoke("query", catalog, "--sql", sql, "--json")[1])) == 3000


def test_no_row_speaks_to_the_terminal(catalog: str) -> None:
    out = invoke("query", catalog, "--sql", "SELECT chr(27) || '[2Jx' AS word")[1]
    assert out.split() == ["word", r"\x1b[2Jx"]


def test_what_is_no_number_is_null_in_json(catalog: str) -> None:
    sql = "SELECT 'nan'::DOUBLE a, [1.5, 'inf'::DOUBLE] b, DATE '2020-02-03' c, 2.50 d, NULL e"
    assert json.loads(invoke("query", catalog, "--sql", sql, "--json")[1]) == [
        {"a": None, "b": [1.5, None], "c": "2020-02-03", "d": 2.5, "e": None}
    ]


@pytest.mark.parametrize(
    ("arguments", "mend"),
    [
        (["ls", "--where", "agee > 3"], "where: 'agee > 3' cannot be applied to the manifest"),
        (["ls", "--where", "true; DROP VIEW faces"], "where: 'true; DROP VIEW faces' cannot be"),
        (["ls", "--where", "age > (SELECT 1)"], "where: 'age > (SELECT 1)' holds a SELECT"),
        (["ls", "--sort", "agee"], "sort: 'agee' is no column of this catalog; did you mean 'age'"),
        (["ls", "--columns", "agee"], "columns: 'agee' is no column of this catalog; did you mean"),
        (["ls", "--columns", ","], "columns: none is named"),
        (["ls", "--json", "--csv"], "--json, --csv and --to: several are given; choose one"),
        (["show", "nobody"], "asset: 'nobody' is the asset_id of none of the 24 faces"),
        (["show", "' OR true --"], 'asset: "\' OR true --" is the asset_id of none'),
        (
            ["query", "--sql", "COPY faces TO 'stolen.csv'"],
            "sql: \"COPY faces TO 'stolen.csv'\" is",
        ),
        (
            ["query", "--sql", "ATTACH 'x'"],
            "sql: \"ATTACH 'x'\" is no SELECT but ATTACH; write one",
        ),
        (["query", "--sql", "PRAGMA version"], "sql: 'PRAGMA version' is no SELECT but PRAGMA"),
        (["query", "--sql", "FROM read_csv('x')"], "sql: \"FROM read_csv('x')\" calls read_csv"),
        (["query", "--sql", "SELECT 1; SELECT 2"], "sql: 'SELECT 1; SELECT 2' holds 2 statements"),
        (["query", "--sql", "SELECT 1", "--to", "a.csv"], "to: a.csv does not end in .parquet"),
        (["query", "--sql", "SELECT 1", "--to", "a.parquet", "--json"], "--json, --csv and --to"),
    ],
)
def test_what_cannot_be_meant_exits_with_2_and_one_line(
    arguments: list[str],
    mend: str,
    catalog: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = invoke(arguments[0], catalog, *arguments[1:])
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert err.startswith(f"populace: {mend}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["ls"], ["show", "nobody"], ["query", "--sql", "SELECT 1"]])
def test_a_folder_without_a_catalog_exits_with_2(arguments: list[str], tmp_path: Path) -> None:
    code, _, err = invoke(arguments[0], str(tmp_path), *arguments[1:])
    assert (code, len(err.splitlines())) == (2, 1)
    assert "holds no catalog" in err
