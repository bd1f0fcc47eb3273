"""The fast path renders what the plain network renders."""

from typing import Any

import pytest
import torch

from pipeline.generators.stylegan2.convolution import to_pixels
from pipeline.generators.stylegan3 import Fast, prepared
from pipeline.generators.stylegan3.prepared import rounded

from .networks import R, T, latents, network


@pytest.mark.parametrize(
    "fields",
    [
        T,
        R,
        {"resolution": 64, "c_dim": 2, "conv_clamp": 0.5},
        {"conv_clamp": None},
        {"margin_size": 3},
        {"filter_size": 5},
        {"lrelu_upsampling": 1},
        {"lrelu_upsampling": 3},
        R | {"lrelu_upsampling": 4, "num_layers": 5, "num_critical": 1},
    ],
)
def test_float32_equals_the_plain_network(fields: dict[str, Any]) -> None:
    made = network(**fields)
    ws = latents(made, 2)
    exact = made.synthesis(ws)
    ours = Fast(made, dtype=torch.float32).synthesis(ws)
    torch.testing.assert_close(ours, exact, atol=1e-5, rtol=0)


@pytest.mark.parametrize("fields", [T, R, {"resolution": 64}])
def test_bands_do_not_show(fields: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    made = network(**fields)
    ws = latents(made, 1)
    exact = made.synthesis(ws)
    monkeypatch.setattr(prepared, "BAND", 16 * 100 * 14)
    torch.testing.assert_close(Fast(made, dtype=torch.float32).synthesis(ws), exact)


@pytest.mark.parametrize("fields", [T, R])
def test_bfloat16_is_within_a_level_on_average(fields: dict[str, Any]) -> None:
    made = network(**fields)
    ws = latents(made, 3)
    # Colours spread as in photographs.
    gain = 0.5 / made.synthesis(ws).std()
    last = made.synthesis.get_submodule(made.synthesis.names[-1])
    last.weight.mul_(gain)
    last.bias.mul_(gain)
    exact = to_pixels(made.synthesis(ws)).float()
    apart = Fast(made, dtype=torch.bfloat16).pixels(ws).float() - exact
    assert apart.abs().mean() <= 1
    assert 10 * torch.log10(255**2 / apart.square().mean()) >= 45


def test_a_picture_does_not_depend_on_its_batch() -> None:
    made = network()
    fast, ws = Fast(made), latents(made, 3)
    together = fast.pixels(ws)
    assert together.shape == (3, 32, 32, 3)
    assert together.dtype == torch.uint8
    assert torch.equal(fast.pixels(ws[1:2])[0], together[1])
    assert torch.equal(Fast(made).pixels(ws), together)


def test_a_transformed_plane_is_respected() -> None:
    made = network()
    made.synthesis.input.get_buffer("transform").copy_(
        torch.tensor([[0.8, -0.6, 0.1], [0.6, 0.8, -0.2], [0, 0, 1]])
    )
    ws = latents(made, 1)
    ours = Fast(made, dtype=torch.float32).synthesis(ws)
    torch.testing.assert_close(ours, made.synthesis(ws), atol=1e-5, rtol=0)


def test_rounded_taps_keep_their_sum() -> None:
    taps = torch.tensor([0.003, -0.021, 0.11, 0.404, 0.404, 0.11, -0.013, 0.003])
    kept = rounded(taps, torch.bfloat16)
    assert abs(kept.float().sum() - taps.sum()) < 1e-5
    assert torch.equal(rounded(taps, torch.float32), taps)
