"""Descriptions survive JSON, and a bad one is refused in one sentence that names the field."""

import json
from typing import Any

import pytest

from pipeline.errors import SpecError
from pipeline.generators.stylegan2 import Config


@pytest.mark.parametrize(
    "config",
    [
        Config(),
        Config(resolution=64, c_dim=7, architecture="resnet", conv_clamp=256),
        Config(resample_filter=(1, 2, 1), num_fp16_res=4),
    ],
)
def test_json_gives_the_description_back(config: Config) -> None:
    assert Config.from_json(config.to_json()) == config


@pytest.mark.parametrize(
    "fields",
    [
        {"resolution": 96},
        {"resolution": "1024"},
        {"z_dim": 0},
        {"c_dim": True},
        {"channel_base": 512},
        {"architecture": "pyramid"},
        {"conv_clamp": float("nan")},
        {"conv_clamp": -1},
        {"mapping_rate": 0},
        {"resample_filter": (1, -1)},
        {"resample_filter": (1, "3")},
    ],
)
def test_a_field_out_of_bounds_is_named(fields: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match=f"stylegan2: {next(iter(fields))} is .* it must be"):
        Config(**fields)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "no JSON"),
        ("[]", "something else"),
        (json.dumps({"kind": "stylegan3"}), "something else"),
        (json.dumps({"kind": "stylegan2", "exec": "x"}), "unknown field, 'exec'"),
    ],
)
def test_other_json_is_refused(text: str, reason: str) -> None:
    with pytest.raises(SpecError, match=reason):
        Config.from_json(text)


def test_layers_count_as_published() -> None:
    config = Config()
    assert config.num_ws == 18
    assert len(config.noise_sizes) == 17
    assert [config.channels(r) for r in config.resolutions] == [512] * 5 + [256, 128, 64, 32]
