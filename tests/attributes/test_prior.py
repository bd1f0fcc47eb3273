"""Natural scores kept in a file."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.attributes.prior import read_prior, write_prior
from pipeline.attributes.taxonomy import ATTRIBUTES


def test_scores_come_back_with_their_digests(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    values = {
        attribute.name: rng.integers(0, len(attribute.classes), 500)
        if attribute.kind == "class"
        else rng.uniform(attribute.low, attribute.high, 500).astype(np.float32)
        for attribute in ATTRIBUTES
    }
    path = tmp_path / "prior.parquet"
    write_prior(path, values, "generator", "scorer")
    prior = read_prior(path)
    assert (prior.generator_digest, prior.scorer_digest) == ("generator", "scorer")
    for name, expected in values.items():
        assert prior.values[name].dtype == expected.dtype
        assert np.array_equal(prior.values[name], expected)
    schema = pq.read_schema(path)
    assert schema.field("glasses").type == pa.int8()
    assert schema.field("age").type == pa.float32()


def test_what_the_scorer_did_not_measure_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "prior.parquet"
    ages = np.array([20, 30], np.float32)
    write_prior(path, {"age": ages}, "generator", "scorer")
    assert list(read_prior(path).values) == ["age"]
