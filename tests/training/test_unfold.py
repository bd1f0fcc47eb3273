"""A finished network learns on from where it was."""

import copy

import numpy as np
import pytest
import torch
from toys import Discs

from pipeline.attributes.network import CLASS_HEADS, Convolution, HeadsNetwork
from pipeline.training.draws import natural_latents
from pipeline.training.renders import render_small
from pipeline.training.unfold import FILTER_SIZE, unfolded


def pixels(count: int, seed: int) -> torch.Tensor:
    w = natural_latents(Discs(), count, np.random.default_rng(seed))
    images = render_small(Discs(), w, np.full(count, 128)).images
    return torch.from_numpy(images).permute(0, 3, 1, 2).float()


@pytest.fixture(scope="module")
def finished() -> HeadsNetwork:
    """A folded network, of statistics and gains that are not the initial ones, sure of itself."""
    torch.manual_seed(0)
    network = HeadsNetwork().train()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.5, 0.5)
    for seed in range(3):
        network(pixels(16, seed))
    network.certainty.bias[:] = 0.3
    return network.folded()


def test_unfolding_keeps_the_function(finished: HeadsNetwork) -> None:
    seen = pixels(16, 5)
    network = unfolded(finished.state_dict(), [pixels(16, 6), pixels(16, 7)]).eval()
    before, after = finished(seen), network(seen)
    for name in CLASS_HEADS:
        sure = before.logits[name] / np.exp(0.3)
        assert torch.allclose(sure, after.logits[name], atol=1e-3)
    assert torch.allclose(before.landmarks, after.landmarks, atol=1e-4)
    assert torch.allclose(before.damage, after.damage, atol=1e-3)
    again = copy.deepcopy(network).folded()
    assert torch.allclose(again(seen).mask, before.mask, atol=1e-3)


def test_in_training_it_begins_with_nearly_the_same_function(finished: HeadsNetwork) -> None:
    network = unfolded(finished.state_dict(), [pixels(32, 6), pixels(32, 7)]).train()
    network.dropout.eval()
    seen = pixels(32, 8)
    found, was = network(seen).mask, finished(seen).mask
    assert (found - was).abs().mean() < 0.1 * was.std()


def test_filters_are_of_one_size_and_only_certainty_is_fixed(finished: HeadsNetwork) -> None:
    network = unfolded(finished.state_dict(), [pixels(16, 6)])
    for module in network.modules():
        if isinstance(module, Convolution):
            weight = module[0].weight
            assert torch.allclose(weight.square().mean((1, 2, 3)).sqrt(), torch.tensor(FILTER_SIZE))
    fixed = {name for name, value in network.named_parameters() if not value.requires_grad}
    assert fixed == {"certainty.weight", "certainty.bias"}
    assert not network.certainty.weight.any()
    assert not network.certainty.bias.any()


def test_another_architecture_is_refused(finished: HeadsNetwork) -> None:
    state = {**finished.state_dict(), "readings.weight": torch.zeros(3, 4)}
    with pytest.raises(RuntimeError, match=r"readings\.weight"):
        unfolded(state, [pixels(2, 0)])
