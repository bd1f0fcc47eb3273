"""The file of a trained scorer."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from pipeline.attributes.heads_weights import REALISM, Weights
from pipeline.attributes.skin import FEATURES


def test_weights_survive_the_file(weights: Path) -> None:
    found = Weights.load(weights)
    assert (found.correction.spread, found.correction.trust) == (3.0, 0.5)
    assert found.temperatures["age"] == found.temperatures[REALISM] == 0.7
    assert found.correction.weight.shape == (len(FEATURES), 3)


def test_weights_for_other_classes_are_refused(weights: Path, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(weights.read_bytes().replace(b"stubble", b"bristle"))
    with pytest.raises(ValueError, match="other classes than the taxonomy"):
        Weights.load(path)


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match="does not hold weights"):
        Weights.load(path)
