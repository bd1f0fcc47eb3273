"""Readings and truths of held-out images, kept in a file."""

from pathlib import Path

import numpy as np

from pipeline.attributes.held_out import HeldOut, read_held_out, write_held_out


def test_both_come_back_with_their_digests(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    read = {
        "age": rng.uniform(3, 90, 50).astype(np.float32),
        "glasses": rng.integers(0, 2, 50),
        "ita": rng.normal(0, 30, 50).astype(np.float32),
    }
    truth = {"age": read["age"] + 1, "glasses": 1 - read["glasses"]}
    path = tmp_path / "held_out.parquet"
    write_held_out(path, HeldOut(read, truth, "generator", "scorer"))
    found = read_held_out(path)
    assert (found.generator_digest, found.scorer_digest) == ("generator", "scorer")
    assert found.read.keys() == found.truth.keys() == {"age", "glasses"}
    for name in truth:
        assert np.array_equal(found.read[name], read[name])
        assert np.array_equal(found.truth[name], truth[name])
        assert found.truth[name].dtype == truth[name].dtype
