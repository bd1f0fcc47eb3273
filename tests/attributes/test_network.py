"""The network's shapes, and that folding keeps its function."""

import copy
import math

import torch

from pipeline.attributes.network import (
    CLASS_HEADS,
    DOUBT,
    NUMBER_HEADS,
    HeadsNetwork,
    centres_of_mass,
)
from pipeline.attributes.taxonomy import BY_NAME


def test_every_attribute_but_the_colorimetric_one_has_a_head() -> None:
    heads = {*CLASS_HEADS, *NUMBER_HEADS}
    assert heads == BY_NAME.keys() - {"ita"}
    readings = HeadsNetwork().eval()(torch.zeros(2, 3, 128, 128))
    for name in CLASS_HEADS:
        assert readings.logits[name].shape == (2, len(BY_NAME[name].classes))
    assert all(readings.numbers[name].shape == (2,) for name in NUMBER_HEADS)
    assert readings.mask.shape == (2, 32, 32)
    assert readings.landmarks.shape == (2, 68, 2)
    assert readings.realism.shape == (2,)


def test_a_point_of_a_map_comes_back_as_a_fraction_of_the_side() -> None:
    maps = torch.full((1, 2, 32, 32), -50.0)
    maps[0, 0, 8, 24] = maps[0, 1, 0, 0] = maps[0, 1, 0, 1] = 50
    found = centres_of_mass(maps)[0]
    assert torch.allclose(found, torch.tensor([[24.5, 8.5], [1.0, 0.5]]) / 32)


def test_certainty_sharpens_one_head_of_each_image_within_bounds() -> None:
    torch.manual_seed(0)
    network = HeadsNetwork().eval()
    pixels = torch.rand(2, 3, 128, 128) * 255
    before = network(pixels)
    row = CLASS_HEADS.index("glasses")
    network.certainty.bias[row] = 0.5
    sharper = network(pixels).logits
    assert torch.allclose(sharper["glasses"], before.logits["glasses"] * math.exp(0.5))
    assert torch.equal(sharper["expression"], before.logits["expression"])
    network.certainty.bias[row] = 50
    capped = network(pixels).logits["glasses"]
    assert torch.allclose(capped, before.logits["glasses"] * math.exp(DOUBT))


def test_folding_keeps_the_function() -> None:
    torch.manual_seed(0)
    network = HeadsNetwork().train()
    pixels = torch.rand(8, 3, 128, 128) * 255
    network(pixels)  # so that the statistics are not the initial ones
    folded = copy.deepcopy(network).folded()
    before, after = network.eval()(pixels), folded(pixels)
    assert not any("norm" in name or ".1." in name for name in folded.stem.state_dict())
    assert torch.allclose(before.mask, after.mask, atol=1e-4)
    assert torch.allclose(before.landmarks, after.landmarks, atol=1e-4)
    assert torch.allclose(before.realism, after.realism, atol=1e-4)
    for name in CLASS_HEADS:
        assert torch.allclose(before.logits[name], after.logits[name], atol=1e-4)
