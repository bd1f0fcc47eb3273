"""Weights that nobody trained."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.attributes.heads_weights import REALISM, Weights
from pipeline.attributes.network import CLASS_HEADS, HeadsNetwork
from pipeline.attributes.skin import FEATURES, LightCorrection


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("scorer") / "weights.safetensors"
    Weights(
        HeadsNetwork().folded().state_dict(),
        LightCorrection(rng.normal(0, 0.2, (len(FEATURES), 3)), np.array([40.0, 10, 10]), 3.0, 0.5),
        dict.fromkeys((*CLASS_HEADS, REALISM), 0.7),
    ).save(path)
    return path
