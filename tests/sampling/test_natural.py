"""Natural draws say how often a cell comes by itself."""

import numpy as np
import pytest

from pipeline.attributes.bins import parse_bins
from pipeline.errors import SpecError
from pipeline.sampling.natural import natural_cells, natural_margins
from pipeline.sampling.targets import parse_balance

VALUES = {
    "age": np.array([20, 25, 40, 70, 20, 5], np.float32),
    "glasses": np.array([0, 1, 0, 0, 0, 0]),
}
TARGET = parse_balance({"age": ["18-29", "30-59", "60-80"], "glasses": "uniform"})


def test_draws_are_counted_by_cell_and_those_outside_all_bins_left_out() -> None:
    natural = natural_cells(VALUES, TARGET, {})
    assert natural.hits.tolist() == [2, 1, 1, 0, 1, 0]
    assert natural.attempts().tolist() == [3, 6, 6, 18, 6, 18]


def test_limits_make_cells_rarer() -> None:
    where = {"glasses": parse_bins("glasses", ["none"])}
    assert natural_cells(VALUES, TARGET, where).hits.tolist() == [2, 0, 1, 0, 1, 0]


def test_an_attribute_without_scores_is_named() -> None:
    with pytest.raises(SpecError, match="expression: this job's scorer does not read it"):
        natural_cells(VALUES, parse_balance({"expression": "uniform"}), {})


def test_natural_shares_come_with_intervals() -> None:
    target = parse_balance({"age": ["20-39", "40-59"], "glasses": "uniform"})
    values = {"age": np.array([25.0] * 30 + [45.0] * 60 + [70.0] * 10)}
    found = natural_margins(values, target)
    assert found["draws"] == 100
    assert list(found["axes"]) == ["age"]
    young, older = found["axes"]["age"]
    assert (young["bin"], young["share"], older["share"]) == ("20-39", 0.3, 0.6)
    assert young["low"] == pytest.approx(0.2189, abs=1e-4)
    assert young["high"] == pytest.approx(0.3958, abs=1e-4)
