"""One SELECT over `faces` is answered; whatever else is asked is refused in one sentence."""

import dataclasses

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fake_job import Watched
from fake_manifest import fake_catalog, name_of

from pipeline.catalog.sql import check_answer_file, query, write_answer
from pipeline.errors import SpecError, StoreError

HOSTILE = {
    "COPY faces TO '{tmp}/stolen.csv'": "is no SELECT but COPY",
    "COPY (SELECT 1) TO '{tmp}/stolen.csv'": "is no SELECT but COPY",
    "COPY faces FROM '/etc/passwd'": "is no SELECT but COPY",
    "ATTACH '{tmp}/other.duckdb' AS other": "is no SELECT but ATTACH",
    "DETACH memory": "is no SELECT but DETACH",
    "USE memory": "is no SELECT but",
    "PRAGMA database_list": "is no SELECT but",
    "SET threads = 1": "is no SELECT but",
    "RESET threads": "is no SELECT but",
    "INSTALL httpfs": "is no SELECT but LOAD",
    "LOAD httpfs": "is no SELECT but LOAD",
    "EXPORT DATABASE '{tmp}/all'": "is no SELECT but EXPORT",
    "CREATE TABLE t AS SELECT 1": "is no SELECT but CREATE",
    "CREATE MACRO m() AS 1": "is no SELECT but CREATE",
    "CREATE SECRET s (TYPE s3)": "is no SELECT but",
    "INSERT INTO faces VALUES (1)": "is no SELECT but INSERT",
    "UPDATE faces SET age = 1": "is no SELECT but UPDATE",
    "DELETE FROM faces": "is no SELECT but DELETE",
    "DROP VIEW faces": "is no SELECT but DROP",
    "CALL pragma_version()": "is no SELECT but CALL",
    "EXPLAIN SELECT 1": "is no SELECT but EXPLAIN",
    "VACUUM": "is no SELECT but",
    "BEGIN": "is no SELECT but TRANSACTION",
    "PREPARE p AS SELECT 1": "is no SELECT but PREPARE",
    "PIVOT faces ON glasses USING count(*)": "is no SELECT but PIVOT",
    "DESCRIBE faces": "asks for SHOW",
    "SUMMARIZE faces": "asks for SHOW",
    "SHOW TABLES": "asks for SHOW",
    "SELECT 1; SELECT 2": "holds 2 statements",
    "SELECT 1; DROP VIEW faces": "holds 2 statements",
    "FROM faces; COPY faces TO '{tmp}/stolen.csv'": "holds 2 statements",
    "": "holds no statement",
    ";": "holds no statement",
    "-- nothing": "holds no statement",
    "SELECT * FROM read_csv('/etc/passwd')": "calls read_csv",
    "SELECT * FROM READ_TEXT('/etc/passwd')": "calls read_text",
    "SELECT * FROM read_blob('/etc/*')": "calls read_blob",
    "SELECT * FROM read_parquet('s3://bucket/key')": "calls read_parquet",
    "SELECT * FROM glob('/etc/*')": "calls glob",
    "SELECT * FROM query('SELECT 1')": "calls query",
    "SELECT * FROM query_table('faces')": "calls query_table",
    "SELECT * FROM duckdb_settings()": "calls duckdb_settings",
    "SELECT * FROM pragma_table_info('faces')": "calls pragma_table_info",
    "FROM '/etc/passwd'": "names the table '/etc/passwd'",
    "SELECT * FROM 'https://example.com/a.parquet'": "names the table 'https:",
    "SELECT * FROM information_schema.tables": "names the table 'information_schema.tables'",
    "SELECT * FROM sqlite_master": "names the table 'sqlite_master'",
    "SELECT * FROM duckdb_tables": "names the table 'duckdb_tables'",
    "SELECT * FROM in_python": "names the table 'in_python'",
    "SELECT * FROM other.main.faces": "names the table 'other.main.faces'",
    "SELECT (SELECT max(size) FROM read_blob('/etc/passwd'))": "calls read_blob",
    "SELECT age FROM faces WHERE age > (SELECT count(*) FROM glob('*'))": "calls glob",
    "WITH a AS (FROM read_csv('/etc/passwd')) FROM a": "calls read_csv",
    "WITH a AS (INSERT INTO faces VALUES (1) RETURNING 1) FROM a": "holds INSERT",
    "SELECT 1 UNION SELECT content FROM read_text('/etc/passwd')": "calls read_text",
    "SELECT list(x) FROM (FROM faces JOIN read_csv('/etc/passwd') x ON true)": "calls read_csv",
    "SELECT getenv('HOME')": "cannot be answered",
    "SELECT agee FROM faces": 'Referenced column "agee" not found',
    "SELEC 1": "syntax error",
    "SELECT ?": "cannot be answered",
    "SELECT cell_label::INT FROM faces": "cannot be answered",
    "SELECT age, age FROM faces": "two columns of the answer are named 'age'",
}


def answer_of(catalog, sql):
    with query(catalog, sql) as answer:
        return answer.read_all()


@pytest.mark.parametrize("sql", HOSTILE)
def test_anything_but_one_select_over_faces_is_refused(catalog, sql, tmp_path):
    in_python = pa.table({"a": [1]})  # a variable that DuckDB would find if it were let
    assert in_python.num_rows == 1
    sql = sql.replace("{tmp}", str(tmp_path))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(SpecError) as refusal:
        answer_of(catalog, sql)
    sentence = str(refusal.value)
    assert sentence.startswith("sql: ")
    assert HOSTILE[sql.replace(str(tmp_path), "{tmp}")] in sentence
    assert "\n" not in sentence
    assert sorted(tmp_path.iterdir()) == before


@pytest.fixture
def rows(catalog):
    return pa.concat_tables(catalog.tables()).to_pylist()


def test_a_select_is_answered(catalog, rows):
    found = answer_of(
        catalog,
        "SELECT glasses, count(*) AS n, max(age) AS oldest FROM faces GROUP BY 1 ORDER BY 1;",
    ).to_pylist()
    for row in found:
        some = [r for r in rows if r["glasses"] == row["glasses"]]
        assert (row["n"], row["oldest"]) == (len(some), max(r["age"] for r in some))
    assert sum(row["n"] for row in found) == len(rows)


@pytest.mark.parametrize(
    "sql",
    [
        "FROM Faces",
        "SELECT * FROM faces AS f WHERE f.age >= 0",
        "SELECT a.* FROM faces a JOIN faces b USING (asset_id)",
        "WITH old AS (SELECT * FROM faces WHERE age > 50) "
        "SELECT * FROM old UNION ALL SELECT * FROM faces WHERE age <= 50",
        "SELECT * FROM faces WHERE slot IN (SELECT slot FROM faces)",
        "SELECT f.* FROM faces f, range(1)",
        "SELECT f.* FROM faces f, unnest([1])",
        "SELECT * FROM faces QUALIFY row_number() OVER (PARTITION BY slot ORDER BY age) = 1",
    ],
)
def test_the_table_can_be_named_often_and_by_other_names(catalog, rows, sql):
    found = answer_of(catalog, sql)
    assert found.column_names == list(rows[0])
    assert sorted(found["slot"].to_pylist()) == sorted(row["slot"] for row in rows)


def test_an_answer_is_written_whole_or_not_at_all(catalog, rows, tmp_path):
    path = tmp_path / "deep" / "ages.parquet"
    with query(catalog, "SELECT asset_id, age, age_p FROM faces ORDER BY slot") as answer:
        assert write_answer(answer, path) == len(rows)
    by_slot = sorted(rows, key=lambda row: row["slot"])
    wanted = [{name: r[name] for name in ("asset_id", "age", "age_p")} for r in by_slot]
    assert pq.read_table(path).to_pylist() == wanted
    with (
        pytest.raises(SpecError, match="cannot be answered"),
        query(catalog, "SELECT cell_label::INT FROM faces") as answer,
    ):
        write_answer(answer, tmp_path / "deep" / "other.parquet")
    assert list(path.parent.iterdir()) == [path]
    with pytest.raises(SpecError, match=r"ages\.csv does not end in \.parquet"):
        check_answer_file(tmp_path / "ages.csv")


def test_only_the_columns_and_row_groups_of_the_query_are_read(store):
    rows = [{"asset_id": name_of(i), "skin_tone": 1 + i // 2000} for i in range(20_000)]
    catalog = fake_catalog(store, rows, group_rows=2000)
    catalog.schema()

    def cost(sql):
        watched = Watched(store)
        table = answer_of(dataclasses.replace(catalog, store=watched), sql)
        return table.to_pylist(), watched.bytes_read

    found, few = cost("SELECT count(DISTINCT asset_id) AS n FROM faces WHERE skin_tone >= 9")
    assert found == [{"n": 4000}]
    found, more = cost("SELECT count(DISTINCT asset_id) AS n FROM faces WHERE skin_tone % 100 >= 9")
    assert found == [{"n": 4000}]
    assert few < more - 100_000
    assert more < catalog.parts[0].bytes


def test_a_store_that_fails_meanwhile_says_so_itself(catalog):
    class Failing(Watched):
        def get(self, key, start=None, length=None):
            if self.reads >= 1:
                raise StoreError("the line is cut")
            return super().get(key, start, length)

    broken = dataclasses.replace(catalog, store=Failing(catalog.store), _footers={})
    with pytest.raises(StoreError, match="the line is cut"):
        answer_of(broken, "FROM faces")
