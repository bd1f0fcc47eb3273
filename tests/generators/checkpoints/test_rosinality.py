"""Checkpoints of rosinality's StyleGAN2, and decoders within encoders, are NVIDIA's renamed."""

import argparse
from pathlib import Path
from typing import Any

import pytest
import torch

from pipeline.generators.checkpoints import read_checkpoint
from pipeline.generators.checkpoints.check import config_of

from .test_nvidia import assert_equal
from .writer import SMALL2, random_state, rosinality, saved


@pytest.mark.parametrize("stream", [False, True], ids=["archive", "stream"])
@pytest.mark.parametrize("layout", ["published", "encoder"])
def test_every_tensor_comes_back(tmp_path: Path, layout: str, stream: bool) -> None:
    state = random_state(SMALL2)
    own, average = rosinality(state), state["mapping.w_avg"]
    files: dict[str, dict[str, Any]] = {
        "published": {"g_ema": own, "latent_avg": average},
        "encoder": {
            "state_dict": {
                "encoder.body.0.weight": torch.zeros(3),
                **{f"decoder.{name}": tensor for name, tensor in own.items()},
            },
            "latent_avg": average.repeat(6, 1),
            "opts": {"output_size": 16},
        },
    }
    path = tmp_path / "a.pt"
    path.write_bytes(saved(files[layout], stream=stream))
    found = read_checkpoint(path)
    assert_equal(dict(found.state), state)
    assert config_of(found.kind, found.config) == SMALL2


def test_a_training_snapshot_gets_its_mean_w_from_its_mapping(tmp_path: Path) -> None:
    state = random_state(SMALL2)
    own = rosinality(state)
    snapshot = {
        "g": own, "g_ema": own, "g_optim": {"state": {}, "param_groups": [{"lr": 0.002}]},
        "args": argparse.Namespace(size=16), "ada_aug_p": 0.5,
    }  # fmt: skip
    path = tmp_path / "a.pt"
    path.write_bytes(saved(snapshot))
    found = read_checkpoint(path)
    assert found.ignored == ("ada_aug_p", "args", "g", "g_optim")
    assert "no latent_avg" in found.notes[0]
    from pipeline.generators.stylegan2 import load

    network = load(SMALL2, state)
    with torch.no_grad():
        w = network.mapping(torch.randn(4096, 8, generator=torch.Generator().manual_seed(1)))[:, 0]
    spread = w.std(0) / 64
    assert ((found.state["mapping.w_avg"] - w.mean(0)).abs() < 8 * spread).all()


def test_the_oldest_checkpoints_have_no_noise(tmp_path: Path) -> None:
    own = rosinality(random_state(SMALL2))
    old = {name: tensor for name, tensor in own.items() if not name.startswith("noises.")}
    path = tmp_path / "a.pt"
    path.write_bytes(saved({"g_ema": old, "latent_avg": torch.zeros(8)}))
    found = read_checkpoint(path)
    assert not found.state["synthesis.b16.conv0.noise_const"].any()
    assert found.notes == (
        "no noise maps for b4.conv1, b8.conv0, b8.conv1, b16.conv0, b16.conv1: none is added there",
    )
