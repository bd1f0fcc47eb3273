"""The discriminator, its penalties and its augmentation."""

import pytest
import torch

from pipeline.generators.stylegan2.reference import Network
from pipeline.training.gan.adversarial import path_lengths, r1_penalty
from pipeline.training.gan.augment import augmented, next_p
from pipeline.training.gan.discriminator import Discriminator, variety
from pipeline.training.gan.draws import draws

from .tiny import CONFIG


def test_tensors_have_their_published_names() -> None:
    names = dict(Discriminator(CONFIG).named_parameters())
    assert {name: tuple(value.shape) for name, value in names.items()} == {
        "b16.fromrgb.weight": (8, 3, 1, 1), "b16.fromrgb.bias": (8,),
        "b16.conv0.weight": (8, 8, 3, 3), "b16.conv0.bias": (8,),
        "b16.conv1.weight": (16, 8, 3, 3), "b16.conv1.bias": (16,),
        "b16.skip.weight": (16, 8, 1, 1),
        "b8.conv0.weight": (16, 16, 3, 3), "b8.conv0.bias": (16,),
        "b8.conv1.weight": (16, 16, 3, 3), "b8.conv1.bias": (16,),
        "b8.skip.weight": (16, 16, 1, 1),
        "b4.conv.weight": (16, 17, 3, 3), "b4.conv.bias": (16,),
        "b4.fc.weight": (16, 256), "b4.fc.bias": (16,),
        "b4.out.weight": (1, 16), "b4.out.bias": (1,),
    }  # fmt: skip


def test_scores_keep_their_scale_in_half_precision() -> None:
    torch.manual_seed(0)
    network = Discriminator(CONFIG)
    images = torch.rand(8, 3, 16, 16) * 2 - 1
    exact, near = network(images), network(images, torch.bfloat16)
    assert near.dtype == torch.float32
    assert 0.01 < exact.abs().mean() < 10
    assert (exact - near).abs().max() < 0.05 * exact.abs().max()


def test_variety_is_that_of_the_group() -> None:
    torch.manual_seed(0)
    x = torch.randn(8, 3, 4, 4)
    alike = x.clone()
    alike[[0, 2, 4, 6]] = x[0]  # groups are every second picture
    assert variety(alike)[0].max() < 1e-3 < variety(alike)[1].min()
    assert variety(x[:5]).shape == (5, 1, 4, 4)


def test_r1_is_the_square_of_the_steepest_slope() -> None:
    torch.manual_seed(0)
    network = Discriminator(CONFIG)
    images = torch.rand(1, 3, 16, 16)
    penalty = r1_penalty(network, images)
    torch.autograd.backward(penalty)
    weights = [p for name, p in network.named_parameters() if name.endswith("weight")]
    assert all(weight.grad is not None for weight in weights)
    seen = images.clone().requires_grad_()
    (way,) = torch.autograd.grad(network(seen).sum(), seen)
    way *= 0.01 / way.norm()
    with torch.no_grad():
        slope = (network(images + way) - network(images - way)) / 0.02
    assert penalty.item() == pytest.approx(slope.item() ** 2, rel=0.02)


def test_paths_are_as_long_as_differences_show() -> None:
    torch.manual_seed(0)
    network = Network(CONFIG)
    w = network.mapping(torch.randn(1, CONFIG.z_dim))
    noise = [torch.randn(1, r, r) for r in CONFIG.noise_sizes]
    way = torch.randn(1, 3, 16, 16)
    length = path_lengths(network, w, noise, way)
    torch.autograd.backward(length.square().sum())
    assert network.synthesis.b8.conv0.weight.grad is not None
    (gradient,) = torch.autograd.grad((network.synthesis(w, noise) * way / 16).sum(), w)
    assert length.item() == pytest.approx(float(gradient.square().sum(2).mean().sqrt()), rel=1e-3)


def test_no_augmentation_changes_nothing_and_a_full_one_is_differentiable() -> None:
    torch.manual_seed(0)
    images = torch.rand(16, 3, 16, 16, requires_grad=True)
    assert augmented(images, 0.0, draws(0, 0, "augment_real")) is images
    one = augmented(images, 1.0, draws(0, 0, "augment_real"))
    assert torch.equal(one, augmented(images, 1.0, draws(0, 0, "augment_real")))
    assert not torch.equal(one, augmented(images, 1.0, draws(0, 1, "augment_real")))
    torch.autograd.backward(one.square().sum())
    assert images.grad is not None
    assert bool((images.grad.flatten(1).abs().sum(1) > 0).all())


def test_half_the_pictures_stay_as_they_are_where_little_is_augmented() -> None:
    images = torch.rand(200, 3, 16, 16)
    out = augmented(images, 0.05, draws(0, 0, "augment_real"))
    kept = ((out - images).abs().amax((1, 2, 3)) < 1e-4).float().mean()
    # Ten kinds, some of which may be drawn as doing nothing.
    assert 0.45 < kept < 0.75


def test_p_goes_up_where_the_discriminator_is_too_sure() -> None:
    assert next_p(0.5, 0.9, 0.6, 1000, 10) == pytest.approx(0.6)
    assert next_p(0.5, 0.1, 0.6, 1000, 10) == pytest.approx(0.4)
    assert next_p(0.0, 0.1, 0.6, 1000, 10) == 0.0
    assert next_p(1.0, 0.9, 0.6, 1000, 10) == 1.0
