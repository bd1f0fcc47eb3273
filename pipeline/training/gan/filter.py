"""Filter features so that the gradient, and its gradient, are filters as well."""

from typing import Any

import torch
from torch import Tensor

from pipeline.generators.stylegan2 import convolution, cuda


def filtered(x: Tensor, taps: Tensor, before: int, after: int) -> Tensor:
    """As `convolution.filtered`; on a card by our kernel, for which autograd knows no gradient."""
    if cuda.kernels(x) is None:
        return convolution.filtered(x, taps, before, after)
    found: Tensor = _Filter.apply(x, taps, before, after)  # type: ignore[no-untyped-call]
    return found


class _Filter(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, taps: Tensor, before: int, after: int) -> Tensor:
        ctx.save_for_backward(taps)
        ctx.edges = before, after
        kernels = cuda.kernels(x)
        assert kernels is not None
        found: Tensor = kernels.filtered(x, taps, before, after)
        return found

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        (taps,) = ctx.saved_tensors
        before, after = (len(taps) - 1 - edge for edge in ctx.edges)
        return filtered(gradients[0], taps.flip([0, 1]), before, after), None, None, None
