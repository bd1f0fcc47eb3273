"""Distances of features."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.generators.stylegan2.reference import Network
from pipeline.training.gan import metrics
from pipeline.training.gan.metrics import Judge, frechet, kid
from pipeline.training.gan.shards import Pictures, records, write_shard

from .tiny import CONFIG


def test_the_frechet_distance_is_that_of_the_normals() -> None:
    rng = np.random.default_rng(0)
    one = rng.standard_normal((20_000, 4))
    other = 2 * rng.standard_normal((20_000, 4)) + [3, 0, 0, 0]
    # Means 3 apart, and deviations 1 and 2 along each of four axes.
    assert frechet(one, other) == pytest.approx(9 + 4 * (2 - 1) ** 2, rel=0.05)
    assert frechet(one, one) == pytest.approx(0, abs=1e-9)


def test_the_kernel_distance_is_nothing_among_equals() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal((2, 500, 8))
    mean, deviation = kid(one, other, seed=0)
    assert abs(mean) < 0.05 < kid(one, other + 1, seed=0)[0]
    assert deviation >= 0
    assert kid(one, other, seed=0) == (mean, deviation)


def test_groups_are_judged_where_they_are_large_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "LEAST", 4)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (40, 16, 16, 3), np.uint8)
    write_shard(
        tmp_path / "0.npy", records(images, images[..., 0], images[..., 0], np.empty((40, 0)))
    )
    judge = Judge(Pictures([tmp_path / "0.npy"]), 24, 0, torch.device("cpu"))
    torch.manual_seed(0)
    network = Network(CONFIG)
    found = judge.figures(network)
    assert found["real"] == found["drawn"] == 24
    assert found["frechet"] == pytest.approx(judge.frechet(network), abs=1e-3)
    for attribute in ("skin_tone", "age", "gender_presentation"):
        rows = [row for row in found["groups"] if row["group"].startswith(attribute)]
        assert sum(row["drawn"] for row in rows) == 24
        assert all(("kid" in row) == (min(row["real"], row["drawn"]) >= 4) for row in rows)
