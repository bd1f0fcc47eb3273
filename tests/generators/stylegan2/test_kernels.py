"""The kernels of a card, run on the CPU by Triton's interpreter."""

from types import ModuleType

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from pipeline.generators.stylegan2 import Fast, block, cuda
from pipeline.generators.stylegan2.convolution import filtered, square_filter

from .networks import latents, network


@pytest.fixture(scope="module")
def kernels() -> ModuleType:
    pytest.importorskip("triton", reason="Triton is not installed; it is for Linux alone")
    from pipeline.generators.stylegan2 import kernels

    return kernels


def features(*shape: int) -> Tensor:
    drawn = torch.randn(*shape, generator=torch.Generator().manual_seed(0))
    return drawn.contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("taps", "before", "after"), [((1, 3, 3, 1), 1, 1), ((1, 3, 4, 3, 2), 2, 1), ((1, 2, 1), 1, 0)]
)
def test_filters(kernels: ModuleType, taps: tuple[float, ...], before: int, after: int) -> None:
    x, square = features(2, 6, 9, 7), square_filter(taps)
    wanted = filtered(x, square, before, after)
    torch.testing.assert_close(kernels.filtered(x, square, before, after), wanted)


@pytest.mark.parametrize("doubling", [True, False])
@pytest.mark.parametrize("limit", [1.5, float("inf")])
@pytest.mark.parametrize("noisy", [0, 1, 2])
def test_finishes(kernels: ModuleType, doubling: bool, limit: float, noisy: int) -> None:
    x = features(2, 6, 9, 9) if doubling else features(2, 6, 8, 8)
    taps = square_filter((1, 3, 3, 1)) * 4
    gain, bias, style = torch.rand(2, 6) + 1, torch.randn(6), torch.rand(2, 6)
    noise = torch.randn(noisy, 8, 8) if noisy else None
    wanted = filtered(x, taps, 1, 1) if doubling else x
    wanted = wanted * gain[..., None, None] + bias[:, None, None]
    wanted = wanted if noise is None else wanted + noise[:, None]
    wanted = F.leaky_relu(wanted, 0.2).clamp(-limit, limit) * style[..., None, None]
    found = kernels.finished(
        x.clone(memory_format=torch.preserve_format),
        taps if doubling else None,
        1, 8, gain, bias, noise, limit, style,
    )  # fmt: skip
    torch.testing.assert_close(found, wanted)


def test_a_network_of_kernels_is_the_plain_one(
    kernels: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cuda, "kernels", lambda _: kernels)
    monkeypatch.setattr(block, "CHEAP", float("inf"))
    made = network(resolution=16, channel_base=64, channel_max=4, conv_clamp=1.5)
    fast, ws = Fast(made, dtype=torch.float32), latents(made, 2)
    assert not any(b.alone for b in fast.blocks)
    torch.testing.assert_close(fast.synthesis(ws), made.synthesis(ws), atol=1e-4, rtol=0)
