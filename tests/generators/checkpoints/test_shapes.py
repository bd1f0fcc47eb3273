"""The shapes that a description implies are those of the network built from it."""

from dataclasses import replace

import pytest

from pipeline.generators import stylegan2, stylegan3
from pipeline.generators.checkpoints.shapes import Config, shapes_of

from .writer import SMALL2, SMALL3


@pytest.mark.parametrize(
    "config",
    [
        SMALL2,
        replace(SMALL2, architecture="resnet", c_dim=3, img_channels=1),
        replace(SMALL2, architecture="orig", resample_filter=(1.0, 2.0, 1.0), z_dim=6),
        SMALL3,
        replace(SMALL3, conv_kernel=1, radial_filters=True, c_dim=3),
        replace(SMALL3, resolution=64, num_layers=14, filter_size=4, lrelu_upsampling=4),
    ],
)
def test_shapes_are_the_networks_own(config: Config) -> None:
    built = stylegan2.Network if isinstance(config, stylegan2.Config) else stylegan3.Network
    state = built(config).state_dict()  # type: ignore[arg-type]
    assert shapes_of(config) == {name: tuple(tensor.shape) for name, tensor in state.items()}
