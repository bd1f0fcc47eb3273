"""Descriptions survive JSON, bad ones are refused, and layers come out as published."""

import json
from typing import Any

import pytest

from pipeline.errors import SpecError
from pipeline.generators.stylegan3 import Config


@pytest.mark.parametrize(
    "config",
    [Config(), Config(resolution=256, conv_kernel=1, radial_filters=True, conv_clamp=None)],
)
def test_json_gives_the_description_back(config: Config) -> None:
    assert Config.from_json(config.to_json()) == config


@pytest.mark.parametrize(
    "fields",
    [
        {"resolution": 100},
        {"conv_kernel": 2},
        {"num_critical": 13},
        {"first_cutoff": 600},
        {"last_stopband_rel": "2"},
        {"conv_clamp": 0},
        {"magnitude": 1},
    ],
)
def test_a_field_out_of_bounds_is_named(fields: dict[str, Any]) -> None:
    name = next(iter(fields))
    with pytest.raises(SpecError, match=name):
        Config.from_json(json.dumps({"kind": "stylegan3", **fields}))


def test_layers_have_the_published_names_and_shapes() -> None:
    config = Config(resolution=64, channel_base=2048, channel_max=64)
    layers = list(config.layers())
    assert [layer.name for layer in layers] == [
        "L0_36_64", "L1_36_64", "L2_36_64", "L3_36_64", "L4_52_64", "L5_52_64", "L6_52_64",
        "L7_52_64", "L8_84_64", "L9_84_64", "L10_84_51", "L11_84_40", "L12_84_32", "L13_64_32",
        "L14_64_3",
    ]  # fmt: skip
    assert config.num_ws == 16
    assert [layer.up_taps for layer in layers] == [12] * 4 + [24] + [12] * 3 + [24] + [12] * 5 + [1]
    assert [layer.down_taps for layer in layers] == [12] * 14 + [1]
