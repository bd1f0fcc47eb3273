"""Give a finished network its normalisations back, so that it can learn on."""

from collections.abc import Iterable, Mapping
from functools import partial

import torch
from torch import Tensor, nn

from pipeline.attributes.network import Convolution, HeadsNetwork

FILTER_SIZE = 0.1
"""Root mean square of a filter's weights, about what a full fit leaves."""


@torch.no_grad()
def unfolded(state: Mapping[str, Tensor], batches: Iterable[Tensor]) -> HeadsNetwork:
    """The network of a finished scorer, ready to be trained further; same function when evaluated.

    Finished networks have each normalisation merged into its convolution. What each convolution
    gives on the batches, its mean and variance, takes the place of the statistics that are lost, so
    that the network does nearly the same in training, where they are those of the batch. The size
    of a filter before a normalisation is free and decides how fast it turns: each is brought to
    FILTER_SIZE. `certainty` starts at zero again: it is fitted when all is learned.

    Args:
        state: of a folded HeadsNetwork.
        batches: pixels, float32 [B, 3, 128, 128], 0..255, of equally many pictures each.

    Raises:
        RuntimeError: the state is of another architecture.
    """
    folded = HeadsNetwork().folded()
    folded.load_state_dict(dict(state))
    spreads = _spreads(folded, batches)
    network = HeadsNetwork()
    plain = {
        name: value
        for name, value in folded.state_dict().items()
        if not any(name.startswith(f"{merged}.") for merged in spreads)
    }
    network.load_state_dict(plain, strict=False)
    nn.init.zeros_(network.certainty.weight)
    nn.init.zeros_(network.certainty.bias)
    for name, (mean, variance) in spreads.items():
        _unfold(network.get_submodule(name), folded.get_submodule(name), mean, variance)
    return network


def _spreads(folded: HeadsNetwork, batches: Iterable[Tensor]) -> dict[str, tuple[Tensor, Tensor]]:
    """Mean and variance of every convolution's channels: name -> float64 [C] twice."""
    seen: dict[str, list[tuple[Tensor, Tensor]]] = {}

    def note(name: str, module: nn.Module, inputs: tuple[Tensor], given: Tensor) -> None:
        given = given.double()
        seen[name].append((given.mean((0, 2, 3)), given.square().mean((0, 2, 3))))

    for name, module in folded.named_modules():
        if isinstance(module, Convolution):
            seen[name] = []
            module.register_forward_hook(partial(note, name))
    for pixels in batches:
        folded(pixels)
    found = {}
    for name, parts in seen.items():
        mean, square = (torch.stack(part).mean(0) for part in zip(*parts, strict=True))
        found[name] = (mean, (square - mean.square()).clamp_min(0))
    return found


def _unfold(target: nn.Module, source: nn.Module, mean: Tensor, variance: Tensor) -> None:
    """Write a merged convolution as one without bias and a normalisation, in place."""
    convolution, norm = target.get_submodule("0"), target.get_submodule("1")
    merged = source.get_submodule("0")
    assert isinstance(convolution, nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    assert isinstance(merged, nn.Conv2d)
    assert merged.bias is not None
    assert norm.running_mean is not None
    assert norm.running_var is not None
    weight, bias = merged.weight.double(), merged.bias.double()
    gain = FILTER_SIZE / weight.square().mean((1, 2, 3)).sqrt().clamp_min(1e-12)
    convolution.weight.copy_(weight * gain[:, None, None, None])
    norm.running_mean.copy_(gain * (mean - bias))
    norm.running_var.copy_(gain.square() * variance)
    norm.weight.copy_((gain.square() * variance + norm.eps).sqrt() / gain)
    norm.bias.copy_(mean)
