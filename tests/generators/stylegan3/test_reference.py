"""The plain network behaves as the paper says: pictures move and turn with the input's plane."""

import math
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from pipeline.errors import SpecError
from pipeline.generators.stylegan3 import Network, load

from .networks import R, T, latents, network


@pytest.mark.parametrize("fields", [T, R])
def test_pictures_have_the_size_and_depend_on_every_w(fields: dict[str, Any]) -> None:
    made = network(**fields)
    a, b = latents(made, 1, 3), latents(made, 1, 4)
    before = made.synthesis(a)
    assert before.shape == (1, 3, 32, 32)
    assert torch.equal(made.synthesis(a[:, 0]), before)
    for layer in range(1, made.config.num_ws):
        ws = a.clone()
        ws[:, layer] = b[:, layer]
        assert (made.synthesis(ws) - before).abs().max() > 1e-5


@pytest.mark.parametrize("fields", [T, R])
def test_a_moved_plane_moves_the_picture(fields: dict[str, Any]) -> None:
    made = network(**fields)
    w = latents(made, 1)
    still = made.synthesis(w)
    moved = transformed(made, torch.tensor([[1, 0, 4 / 32], [0, 1, 0], [0, 0, 1]]), w)
    assert likeness(moved[..., 4:-8, 4:-8], still[..., 4:-8, 8:-4]) > 60
    assert likeness(moved[..., 4:-8, 4:-8], still[..., 4:-8, 4:-8]) < 30


def test_a_turned_plane_turns_the_picture_of_config_r() -> None:
    made = network(**R)
    w = latents(made, 1)
    still = made.synthesis(w)
    quarter = torch.tensor([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]])
    turned = transformed(made, quarter, w)
    best = max(likeness(turned, still.rot90(k, [2, 3])) for k in (1, 3))
    assert best > 60
    assert likeness(turned, still) < 15


def test_labels_reach_w() -> None:
    made = network(c_dim=2, mapping_layers=3)
    z = torch.randn(1, 24, generator=torch.Generator().manual_seed(5)).expand(2, -1)
    first, second = made.mapping(z, torch.eye(2))
    assert (first - second).abs().max() > 0.01


def test_no_value_passes_the_clamp() -> None:
    loose, tight = (network(conv_clamp=limit) for limit in (None, 0.02))
    w = latents(loose, 1)
    assert tight.synthesis(w).abs().max() <= 0.02 * tight.config.output_scale + 1e-6
    assert loose.synthesis(w).abs().max() > 0.02 * loose.config.output_scale


def test_a_misfit_is_refused_by_name() -> None:
    made = network(**T)
    other = network(**R)
    with pytest.raises(SpecError, match=r"'synthesis\.L0_36_16\.down_filter' is \[12\], but"):
        load(other.config, other.state_dict() | {k: v for k, v in made.state_dict().items()
             if k == "synthesis.L0_36_16.down_filter"})  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "golden"),
    [
        (T, [-1.48917, -1.4955, -1.50536, -1.51153]),
        (R, [-1.40437, -1.20145, -1.26255, -1.36345]),
    ],
    ids=["T", "R"],
)
def test_pictures_stay_what_they_were(fields: dict[str, Any], golden: list[float]) -> None:
    made = network(**fields)
    state = made.state_dict()
    for i, (name, value) in enumerate(state.items()):
        if name.endswith(("weight", "bias", "phases")):
            state[name] = waves(value.shape, i)
        elif name.endswith("freqs"):
            state[name] = waves(value.shape, i) * 0.7
    picture = load(made.config, state).synthesis(waves(torch.Size([1, 16]), 99))
    means = F.adaptive_avg_pool2d(picture, 4)[0, 0].flatten()[:4]
    torch.testing.assert_close(means, torch.tensor(golden), atol=1e-4, rtol=1e-4)


def transformed(made: Network, transform: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
    """Render w with the input's plane transformed."""
    made.synthesis.input.get_buffer("transform").copy_(transform)
    picture: torch.Tensor = made.synthesis(w)
    made.synthesis.input.get_buffer("transform").copy_(torch.eye(3))
    return picture


def likeness(a: torch.Tensor, b: torch.Tensor) -> float:
    """Signal to difference, dB."""
    return 10 * math.log10(b.var() / (a - b).square().mean())


def waves(shape: torch.Size, phase: int) -> torch.Tensor:
    """Numbers of about unit variance that any machine makes alike."""
    count = torch.arange(shape.numel(), dtype=torch.float64)
    return (2**0.5 * torch.sin(count * count * 0.7 + count * 1.3 + phase)).float().view(shape)
