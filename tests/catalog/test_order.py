"""A job.json is read or refused."""

import pytest
from fake_job import FakeJob

from pipeline.catalog.order import read_order
from pipeline.errors import CatalogError


def test_axes_are_the_balanced_attributes_in_order():
    order = read_order(FakeJob().document())
    assert order.axes() == [
        ("age", ["18-29", "30-44", "45-59"]),
        ("gender_presentation", ["feminine", "masculine"]),
    ]
    assert sum(cell.count for cell in order.cells) == order.count == 24


def test_a_job_that_lacks_something_is_refused():
    job = FakeJob().document()
    del job["scorer"]["digest"]
    with pytest.raises(CatalogError, match=r"job\.json is damaged .*digest"):
        read_order(job)


def test_cells_that_do_not_add_up_are_refused():
    job = FakeJob().document() | {"count": 25}
    with pytest.raises(CatalogError, match="orders 25 faces, but its cells add up to 24"):
        read_order(job)
