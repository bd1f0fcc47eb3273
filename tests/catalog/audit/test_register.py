"""The register finds repeats, gaps and rows that were never committed."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.catalog.audit.register import Register

from .tampering import PART


@pytest.fixture
def rows(stripes: Path) -> pa.Table:
    return pq.read_table(stripes / PART)


@pytest.fixture
def register(rows: pa.Table, tmp_path: Path) -> Iterator[Register]:
    made = Register(tmp_path, rows.schema, "200MB", 1)
    yield made
    made.close()


def add(register: Register, rows: pa.Table) -> None:
    for batch in rows.combine_chunks().to_batches():
        register.add(batch)


def test_repeats_name_the_assets(register: Register, rows: pa.Table) -> None:
    add(register, rows)
    assert list(register.repeats("places")) == []
    add(register, rows.slice(3, 1))
    slot, asset = (rows.column(name)[3].as_py() for name in ("slot", "asset_id"))
    assert list(register.repeats("places")) == [(slot, [asset, asset])]
    ((digest, assets),) = register.repeats("files")
    assert (digest.hex(), assets) == (rows.column("sha256")[3].as_py(), [asset, asset])


@settings(
    deadline=None,
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.sets(st.integers(0, 59)))
def test_gaps_are_the_slots_that_no_row_fills(
    rows: pa.Table, tmp_path_factory: pytest.TempPathFactory, gone: set[int]
) -> None:
    register = Register(tmp_path_factory.mktemp("register"), rows.schema, "200MB", 1)
    kept = [i for i, slot in enumerate(rows.column("slot").to_pylist()) if slot not in gone]
    add(register, rows.take(pa.array(kept, pa.int64())))
    found = [slot for first, last in register.gaps(60) for slot in range(first, last + 1)]
    register.close()
    assert found == sorted(gone)


def test_rows_are_compared_in_every_column(register: Register, rows: pa.Table) -> None:
    first = rows.slice(0, 2)
    other = first.set_column(
        first.schema.get_field_index("w"),
        first.schema.field("w"),
        pa.array([[0.5]] * 2, first.schema.field("w").type),
    )
    add(register, first)
    register.add_committed(first)
    assert list(register.strangers()) == []
    register.add_committed(other)
    assert {slot for slot, _, _ in register.strangers()} == set(first.column("slot").to_pylist())
