"""The fast path renders what the plain network renders."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch

from pipeline.generators.stylegan2 import Fast, block
from pipeline.generators.stylegan2.convolution import to_pixels
from pipeline.generators.stylegan2.inputs import Noise, random_noise

from .networks import latents, network


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"c_dim": 3, "conv_clamp": 1.5},
        {"architecture": "resnet"},
        {"architecture": "resnet", "conv_clamp": 1.5},
        {"architecture": "orig", "img_channels": 1},
        {"resolution": 8},
        {"resolution": 128, "resample_filter": (1, 2, 1)},
        {"resample_filter": (1, 2), "architecture": "resnet"},
        {"resample_filter": (1, 5, 10, 10, 5, 1)},
        {"resample_filter": (1, 3, 4, 3, 2)},
    ],
)
def test_float32_equals_the_plain_network(fields: dict[str, Any]) -> None:
    made = network(**fields)
    fast, ws = Fast(made, dtype=torch.float32), latents(made, 3)
    ways: Sequence[Noise] = ("const", "none", random_noise(made.config, [4, 5, 6]))
    for noise in ways:
        exact = made.synthesis(ws, noise)
        torch.testing.assert_close(fast.synthesis(ws, noise), exact, atol=1e-4, rtol=0)


def test_both_ways_of_a_block_are_taken() -> None:
    ways = [b.alone for b in Fast(network(resolution=128)).blocks]
    assert ways[0] is False
    assert ways[-1] is True


@pytest.mark.parametrize("architecture", ["skip", "resnet"])
def test_bands_do_not_show(architecture: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = network(architecture=architecture)
    ws = latents(made, 2)
    whole = Fast(made, dtype=torch.float32).synthesis(ws)
    monkeypatch.setattr(block, "BAND", 64 * 32 * 6)
    torch.testing.assert_close(Fast(made, dtype=torch.float32).synthesis(ws), whole)


def test_bfloat16_is_within_a_level_on_average() -> None:
    made = network()
    ws = latents(made, 4)
    # Colours spread as in photographs.
    gain = 0.5 / made.synthesis(ws).std()
    for name, value in made.state_dict().items():
        if "torgb.weight" in name or "torgb.bias" in name:
            value.mul_(gain)
    exact = to_pixels(made.synthesis(ws)).float()
    apart = Fast(made, dtype=torch.bfloat16).pixels(ws).float() - exact
    assert apart.abs().mean() <= 1
    assert 10 * torch.log10(255**2 / apart.square().mean()) >= 45


def test_w_plus_reaches_every_layer() -> None:
    made = network()
    fast, a, b = Fast(made, dtype=torch.float32), latents(made, 1, 3), latents(made, 1, 4)
    before = fast.synthesis(a)
    for layer in range(made.config.num_ws):
        ws = a.clone()
        ws[:, layer] = b[:, layer]
        picture = fast.synthesis(ws)
        assert (picture - before).abs().max() > 1e-3
        torch.testing.assert_close(picture, made.synthesis(ws), atol=1e-4, rtol=0)


def test_the_same_call_gives_the_same_bits() -> None:
    made = network()
    fast, ws = Fast(made), latents(made, 3)
    first = fast.synthesis(ws)
    fast.synthesis(latents(made, 3, seed=9))
    assert torch.equal(fast.synthesis(ws), first)
    assert torch.equal(Fast(made).synthesis(ws), first)


def test_pixels_come_in_lots_of_one_size() -> None:
    made = network()
    fast, ws = Fast(made), latents(made, 5)
    noise = random_noise(made.config, range(5))
    images = fast.pixels(ws, noise, batch=2)
    assert images.shape == (5, 64, 64, 3)
    assert images.dtype == torch.uint8
    lots = [fast.pixels(ws[i : i + 2], [m[i : i + 2] for m in noise]) for i in (0, 2)]
    assert torch.equal(images[:4], torch.cat(lots))
    last = [4, 4]
    assert torch.equal(images[4], fast.pixels(ws[last], [m[last] for m in noise])[0])


def test_in_lots_of_one_size_a_picture_depends_on_no_other() -> None:
    made = network()
    fast, ws = Fast(made), latents(made, 6)
    noise = random_noise(made.config, range(6))
    images = fast.pixels(ws, noise, batch=4)
    order = [5, 2, 0, 4, 1, 3]
    assert torch.equal(fast.pixels(ws[order], [m[order] for m in noise], batch=4), images[order])
    for i in range(6):
        assert torch.equal(fast.pixels(ws[[i]], [m[[i]] for m in noise], batch=4)[0], images[i])


def test_the_plain_network_is_left_as_it_was() -> None:
    made = network()
    before = {name: value.clone() for name, value in made.state_dict().items()}
    Fast(made).pixels(latents(made, 1))
    for name, value in made.state_dict().items():
        assert torch.equal(value, before[name])
        assert value.dtype == torch.float32
