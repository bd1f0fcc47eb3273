"""A calibration comes back from its files, and belongs to one pair of models."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.attributes.calibration import Calibration, bundled_calibration
from pipeline.attributes.surrogate import Surrogate
from pipeline.attributes.taxonomy import ATTRIBUTES


def calibration(*names: str) -> Calibration:
    rng = np.random.default_rng(0)
    natural = {
        one.name: rng.integers(0, len(one.classes), 500)
        if one.kind == "class"
        else rng.uniform(one.low, one.high, 500).astype(np.float32)
        for one in ATTRIBUTES
        if one.name in names or not names
    }
    layers = [(np.ones((3, 2), np.float32), np.zeros(2, np.float32))]
    one = np.ones(3, np.float32)
    surrogate = Surrogate(0 * one, one, layers, [], {"age": (40.0, 10.0)}, "generator", "scorer")
    return Calibration(surrogate, natural, {"age": {"error": 2.5, "spread": 2.0}})


def test_it_comes_back_from_its_files() -> None:
    own = calibration()
    files = own.to_files()
    back = Calibration.from_files(lambda name: files[name])
    assert back.surrogate.digest == own.surrogate.digest
    assert back.figures == own.figures
    for name, expected in own.natural.items():
        assert back.natural[name].dtype == expected.dtype
        assert np.array_equal(back.natural[name], expected)
    schema = pq.read_schema(io.BytesIO(files["natural.parquet"]))
    assert schema.field("glasses").type == pa.int8()
    assert schema.field("age").type == pa.float32()


def test_what_the_scorer_did_not_measure_is_left_out() -> None:
    files = calibration("age").to_files()
    assert list(Calibration.from_files(lambda name: files[name]).natural) == ["age"]


def test_other_models_have_none_that_is_bundled() -> None:
    assert bundled_calibration("of another generator", "and another scorer") is None
