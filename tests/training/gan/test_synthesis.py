"""The generator in the form that is trained."""

import torch

from pipeline.generators.stylegan2.reference import Network
from pipeline.training.gan.synthesis import synthesize

from .tiny import CONFIG


def network() -> Network:
    torch.manual_seed(0)
    made = Network(CONFIG)
    for name, value in made.named_parameters():
        if name.endswith(("bias", "noise_strength")):
            torch.nn.init.normal_(value)
    return made


def test_it_draws_what_the_published_form_draws_and_learns_alike() -> None:
    own = network()
    w = own.mapping(torch.randn(3, CONFIG.z_dim))
    noise = [torch.randn(3, r, r) for r in CONFIG.noise_sizes]
    one, other = own.synthesis(w, noise), synthesize(own, w, noise)
    assert torch.allclose(one, other, atol=1e-4)
    plain, ours = (
        torch.autograd.grad(images.square().sum(), list(own.parameters()), retain_graph=True)
        for images in (one, other)
    )
    for a, b in zip(plain, ours, strict=True):
        assert torch.allclose(a, b, rtol=1e-3, atol=1e-3 * float(a.abs().max()))


def test_half_precision_is_near() -> None:
    own = network()
    w = own.mapping(torch.randn(3, CONFIG.z_dim))
    exact, near = synthesize(own, w), synthesize(own, w, dtype=torch.bfloat16)
    assert near.dtype == torch.float32
    assert (exact - near).abs().mean() < 0.02 * exact.std()
