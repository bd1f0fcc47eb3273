"""Row groups are left out only where no row of theirs can match."""

import tempfile

import numpy as np
import pyarrow as pa
import pytest
from fake_manifest import fake_catalog, name_of
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.catalog.dataset import database_of
from pipeline.catalog.faces import Faces
from pipeline.catalog.pruning import groups_that_may_match
from pipeline.catalog.sql import query
from pipeline.storage import open_store

ROWS = 60
GROUP = 6


@pytest.fixture(scope="module")
def catalog():
    """Ages and tones that rise, some unknown, some no number."""
    ages = [float(np.float32(i * 1.1)) for i in range(ROWS)]
    ages[5], ages[40] = None, float("nan")
    rows = [
        {
            "asset_id": name_of(i),
            "age": ages[i],
            "skin_tone": 1 + i * 10 // ROWS,
            "hair_color": ("black", "blond", "red")[i * 3 // ROWS],
        }
        for i in range(ROWS)
    ]
    with tempfile.TemporaryDirectory() as folder:
        yield fake_catalog(open_store(folder), rows, part_rows=30, group_rows=GROUP)


def left(catalog, where):
    """How many row groups are read for a condition."""
    ranges = Faces(catalog)._condition(where).ranges
    return sum(len(groups_that_may_match(catalog, part, ranges)) for part in catalog.parts)


@pytest.mark.parametrize(
    ("where", "groups"),
    [
        ("age BETWEEN 20 AND 25", 1),
        ("AGE >= 20 AND 25 >= age", 1),
        ("age < 6", 1),
        ("age = 22", 1),
        ("skin_tone >= 9", 2),
        ("skin_tone IN (2, 4)", 3),
        ("8 < skin_tone AND glasses = 'none'", 3),
        ("hair_color = 'red'", 4),
        ("hair_color > 'blond' AND skin_tone < 9", 6),
        ("slot > 50 AND (age < 3 OR age > 60)", 2),
        ("skin_tone > 100", 0),
        # Nothing can be told of these, nor of NaN, which is greater than all numbers.
        ("age > 60", 10),
        ("skin_tone = 3 OR slot = 50", 10),
        ("NOT skin_tone > 3", 10),
        ("skin_tone + 1 > 10", 10),
        ("hair_color LIKE 'r%'", 10),
        ("slot >= (100 - 50)", 10),
        ("age < 99999999999999999999999999", 10),
        ("age BETWEEN -1e300 AND 1e300", 10),
    ],
)
def test_row_groups_outside_of_a_range_are_not_read(catalog, where, groups):
    assert left(catalog, where) == groups
    table = pa.concat_tables(catalog.tables())
    with database_of(catalog, table) as database:
        expected = database.sql(f"SELECT asset_id FROM faces WHERE {where}").fetchall()
    assert catalog.where(where).to_arrow(["asset_id"])["asset_id"].to_pylist() == [
        name for (name,) in expected
    ]
    with query(catalog, f"SELECT asset_id FROM faces AS f WHERE {where}") as answer:
        assert answer.read_all().num_rows == len(expected)


numbers = st.sampled_from(["0", "3", "-1", "22", "22.0", "5.5", "1.1", "2.2e1", "65", "9", "10"])
comparisons = st.builds(
    lambda column, sign, number: f"{column} {sign} {number}",
    st.sampled_from(["age", "skin_tone", "slot"]),
    st.sampled_from(["<", "<=", "=", ">=", ">"]),
    numbers,
)
betweens = st.builds(
    lambda column, low, high: f"{column} BETWEEN {low} AND {high}",
    st.sampled_from(["age", "skin_tone", "slot"]),
    numbers,
    numbers,
)
conditions = st.lists(comparisons | betweens, min_size=1, max_size=3).map(" AND ".join)


@settings(max_examples=25, deadline=None)
@given(conditions)
def test_pruning_loses_no_row(catalog, where):
    found = catalog.where(where).to_arrow(["slot"])["slot"].to_pylist()
    # A condition that tells no range reads all row groups.
    every = catalog.where(f"CASE WHEN {where} THEN true ELSE false END")
    assert found == every.to_arrow(["slot"])["slot"].to_pylist()


def test_renamed_columns_are_not_mistaken(catalog):
    names = catalog.schema().names
    renamed = ["slot" if n == "attempt" else f"x{i}" for i, n in enumerate(names)]
    with query(catalog, f"SELECT count(*) FROM faces f({', '.join(renamed)}) WHERE slot < 2") as a:
        assert a.read_all().to_pylist() == [{"count_star()": ROWS}]
