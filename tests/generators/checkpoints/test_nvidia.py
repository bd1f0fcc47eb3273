"""NVIDIA's pickles give back every tensor, and the description that their code base implies."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.errors import SpecError
from pipeline.generators.checkpoints import read_checkpoint
from pipeline.generators.checkpoints.check import config_of

from .writer import SMALL2, SMALL3, ada, arguments2, nvidia, random_state

FLAT = {"channel_base": SMALL2.channel_base, "channel_max": SMALL2.channel_max}


def assert_equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_every_tensor_of_an_ada_pickle_comes_back_in_every_protocol(
    tmp_path: Path, protocol: int
) -> None:
    state = random_state(SMALL2)
    found = read_checkpoint(ada(tmp_path / "a.pkl", state, protocol=protocol))
    assert_equal(dict(found.state), state)
    assert config_of(found.kind, found.config) == SMALL2
    assert found.ignored == ("training_set_kwargs",)


def test_code_bases_disagree_on_what_is_not_said(tmp_path: Path) -> None:
    state = random_state(SMALL2)
    old = read_checkpoint(ada(tmp_path / "a.pkl", state))
    assert (old.config["num_fp16_res"], old.config["conv_clamp"]) == (0, None)
    new = read_checkpoint(
        nvidia(
            tmp_path / "b.pkl",
            state,
            {**arguments2(SMALL2), **FLAT, "fused_modconv_default": "inference_only"},
            synthesis={"num_fp16_res": 4},
        )
    )
    assert (new.config["num_fp16_res"], new.config["conv_clamp"]) == (4, 256)
    assert "StyleGAN3 code base" in new.layout


def test_without_any_option_the_synthesis_networks_own_state_tells_the_code_base(
    tmp_path: Path,
) -> None:
    config = replace(SMALL2, channel_base=32768, channel_max=512, resolution=8)
    path = nvidia(tmp_path / "a.pkl", random_state(config), arguments2(config))
    assert read_checkpoint(path).config["conv_clamp"] is None


@pytest.mark.parametrize("kernel", [1, 3])
def test_stylegan3_in_both_configurations(tmp_path: Path, kernel: int) -> None:
    config = replace(SMALL3, conv_kernel=kernel, radial_filters=kernel == 1, c_dim=3)
    state = random_state(config)
    made = {
        **arguments2(SMALL2), **FLAT, "c_dim": 3, "num_layers": 6, "magnitude_ema_beta": 0.99,
        "conv_kernel": kernel, "use_radial_filters": kernel == 1,
    }  # fmt: skip
    found = read_checkpoint(nvidia(tmp_path / "a.pkl", state, made, synthesis={"num_fp16_res": 4}))
    assert_equal(dict(found.state), state)
    assert config_of(found.kind, found.config) == config


def test_residual_networks_with_labels_and_weights_in_other_memory_orders(tmp_path: Path) -> None:
    config = replace(SMALL2, architecture="resnet", c_dim=5)
    state = random_state(config)
    name = "synthesis.b16.conv1.weight"
    state[name] = state[name].to(memory_format=torch.channels_last)
    state["mapping.w_avg"] = torch.arange(24.0)[4:20:2]
    made = {**arguments2(config), "synthesis_kwargs": {**FLAT, "architecture": "resnet"}}
    found = read_checkpoint(nvidia(tmp_path / "a.pkl", state, made))
    assert_equal(dict(found.state), state)


def test_numbers_of_numpys_are_plain_numbers(tmp_path: Path) -> None:
    made = {**arguments2(SMALL2), "synthesis_kwargs": {**FLAT, "conv_clamp": np.float32(256)}}
    made["img_resolution"] = np.int64(16)
    found = read_checkpoint(nvidia(tmp_path / "a.pkl", random_state(SMALL2), made))
    assert found.config["resolution"] == 16
    assert type(found.config["conv_clamp"]) is float


def test_an_option_that_our_network_lacks_is_named(tmp_path: Path) -> None:
    made = {**arguments2(SMALL2), "synthesis_kwargs": {**FLAT, "activation": "relu"}}
    path = nvidia(tmp_path / "a.pkl", random_state(SMALL2), made)
    with pytest.raises(SpecError, match="was made with activation=relu, which our networks"):
        read_checkpoint(path)
