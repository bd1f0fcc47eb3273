"""The filter of a card has the gradients of the plain one."""

from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from pipeline.generators.stylegan2 import convolution, cuda
from pipeline.generators.stylegan2.convolution import square_filter
from pipeline.training.gan.filter import filtered


@pytest.mark.parametrize(("taps", "before", "after"), [((1, 3, 3, 1), 1, 2), ((1, 3, 4), 0, 1)])
def test_the_gradient_and_its_gradient_are_the_plain_ones(
    taps: tuple[float, ...], before: int, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = torch.randn(2, 3, 6, 5, generator=torch.Generator().manual_seed(0), requires_grad=True)

    def bent() -> list[Tensor]:
        found = filtered(x, square_filter(taps), before, after)
        (first,) = torch.autograd.grad((found**3).sum(), x, create_graph=True)
        (second,) = torch.autograd.grad((first**2).sum(), x)
        return [found, first, second]

    plain = bent()
    # A card's kernel computes the same, and autograd does not see into it.
    kernel = SimpleNamespace(filtered=lambda *values: convolution.filtered(*values).detach())
    monkeypatch.setattr(cuda, "kernels", lambda _: kernel)
    for ours, wanted in zip(bent(), plain, strict=True):
        torch.testing.assert_close(ours, wanted)
