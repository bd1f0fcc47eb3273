"""The ledger counts and sorts more rows than its memory holds."""

import pytest
from fake_job import FakeJob

from pipeline.catalog.ledger import Ledger
from pipeline.catalog.receipts import fetch_shards, read_receipts


@pytest.fixture
def ledger(store, tmp_path):
    job = FakeJob(layout="packs")
    job.run(store)
    folder = tmp_path / "ledger"
    folder.mkdir()
    schema = fetch_shards(store, read_receipts(store, job.shards, 2), folder, 2)
    ledger = Ledger(folder, schema, "256MB", 2)
    yield ledger
    ledger.close()


@pytest.mark.parametrize("rows", [1, 7, 24, 1000])
def test_tables_have_exactly_the_rows_asked_for(ledger, rows):
    sizes = [table.num_rows for table in ledger.sorted_tables(rows)]
    assert sum(sizes) == 24
    assert set(sizes[:-1]) <= {rows}


def test_the_first_faces_of_cells_are_those_of_the_lowest_slots(ledger):
    rows = ledger.first_of_cells([4, 1], 2)
    assert [(row["cell"], row["slot"]) for row in rows] == [(1, 1), (1, 7), (4, 4), (4, 10)]
    assert "w" not in rows[0]


def test_figures_of_cells_and_attributes(ledger):
    cells = ledger.cells()
    # Slots 0, 6, 12 and 18 of cell 0 took 0, 2, 4 and 1 refused candidates.
    assert cells[0].delivered == 4
    assert cells[0].tried == pytest.approx(1 + 7 / 4)
    assert sum(ledger.classes()["glasses"].values()) == 24
    assert ledger.numbers()["age"]["p05"] <= ledger.numbers()["age"]["p95"]
    assert ledger.pictures() == [(32, 32, "jpeg")]
