"""The fit of the identity network."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from pipeline.training import fit_identity
from pipeline.training.checkpoint import Checkpoint
from pipeline.training.fit_identity import contrast, fit
from pipeline.training.pairs import Pairs

CPU = torch.device("cpu")


def nothing(done: int, total: int) -> None:
    """Tell nobody."""


def test_the_loss_wants_ones_own_other_picture_nearest() -> None:
    who = F.normalize(torch.randn(6, 16, generator=torch.manual_seed(0)), dim=1)
    right = contrast(torch.cat([who, who]))
    wrong = contrast(torch.cat([who, who.roll(1, 0)]))
    assert right < 0.05 < 1 < wrong


def test_a_fit_broken_off_goes_on_to_the_same_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (4, 2, 128, 128, 3), np.uint8)
    pairs = Pairs.of(pictures, tmp_path, batch=2, seed=1)
    whole = fit(pairs, 2, 1, 1, CPU, None, nothing).state_dict()
    monkeypatch.setattr(fit_identity, "SAVE_SECONDS", 0.0)
    checkpoint = Checkpoint(tmp_path / "identity.pt", "run")

    def stop(done: int, total: int) -> None:
        assert total == 4
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(pairs, 2, 1, 1, CPU, checkpoint, stop)
    started = []
    again = fit(pairs, 2, 1, 1, CPU, checkpoint, lambda done, total: started.append(done))
    assert started[0] == 2
    assert all(torch.equal(again.state_dict()[name], value) for name, value in whole.items())
