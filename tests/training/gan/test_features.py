"""What the frozen scorer sees of pictures, in a loss."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.training.gan.features import Features, Taught
from pipeline.training.gan.shards import Pictures, records, write_shard

from .tiny import spec


def test_pictures_are_as_far_from_rows_as_their_features_are(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for i, count in enumerate((5, 3)):
        made = rng.integers(0, 255, (count, 16, 16, 3), np.uint8)
        content = records(made, *np.zeros((2, count, 16, 16)), np.zeros((count, 2)))
        write_shard(tmp_path / f"{i}.npy", content)
    pictures = Pictures([tmp_path / "0.npy", tmp_path / "1.npy"])
    features = Features(torch.device("cpu"))
    taught = Taught(pictures, features, spec(tmp_path / "run"))
    rows = np.array([6, 0, 4])
    own = pictures.take(rows).images
    assert taught.distance(own, rows).item() == pytest.approx(0, abs=1e-3)
    other = (-own).requires_grad_()
    apart = taught.distance(other, rows)
    wanted = (features.of(-own) - features.of(own)).abs().mean()
    assert apart.item() == pytest.approx(wanted.item(), rel=1e-3)
    torch.autograd.backward(apart)
    assert other.grad is not None
    assert other.grad.abs().amax([1, 2, 3]).min() > 0
