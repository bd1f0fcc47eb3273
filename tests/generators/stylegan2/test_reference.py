"""The plain network behaves as the paper says."""

import pytest
import torch
from torch.nn import functional as F

from pipeline.errors import SpecError
from pipeline.generators.stylegan2 import load
from pipeline.generators.stylegan2.convolution import (
    convolution,
    demodulated,
    doubled,
    modulated,
    square_filter,
    to_pixels,
)
from pipeline.generators.stylegan2.inputs import mixed, random_noise

from .networks import latents, network

GOLDEN = {
    "skip": [0.80454, 1.18862, 0.24137, 0.13171],
    "resnet": [-1.6103, -1.45945, -1.93119, -1.56077],
}
"""Four means of the top row of each picture, of weights that `waves` fills; found on a CPU."""


def test_psi_leads_to_the_mean_and_the_cutoff_spares_fine_layers() -> None:
    made = network()
    z = torch.randn(3, 24, generator=torch.Generator().manual_seed(5))
    whole, mean = made.mapping(z), made.mapping.w_avg.expand(3, 10, -1)
    torch.testing.assert_close(made.mapping(z, psi=0), mean)
    torch.testing.assert_close(made.mapping(z, psi=0.5), (whole + mean) / 2)
    cut = made.mapping(z, psi=0.5, cutoff=4)
    torch.testing.assert_close(cut[:, :4], ((whole + mean) / 2)[:, :4])
    torch.testing.assert_close(cut[:, 4:], whole[:, 4:])


def test_labels_change_w_and_are_asked_for() -> None:
    made = network(c_dim=3)
    z = torch.randn(1, 24, generator=torch.Generator().manual_seed(5)).expand(2, -1)
    first, second = made.mapping(z, torch.eye(3)[:2])
    assert (first - second).abs().max() > 0.01
    for labels in (None, torch.eye(3)):
        with pytest.raises(ValueError, match=r"labels must be \[2, 3\]"):
            made.mapping(z, labels)


def test_one_w_for_all_layers_is_the_w_plus_that_repeats_it() -> None:
    made = network()
    ws = latents(made, 2)
    assert torch.equal(made.synthesis(ws[:, 0]), made.synthesis(ws))
    with pytest.raises(ValueError, match="w has 9 layers; this network takes 10"):
        made.synthesis(ws[:, 1:])


def test_mixing_takes_coarse_layers_from_one_and_fine_from_the_other() -> None:
    made = network()
    a, b = latents(made, 1, seed=3), latents(made, 1, seed=4)
    assert torch.equal(mixed(a, b, 10), a)
    assert torch.equal(mixed(a, b, 0), b)
    halfway = made.synthesis(mixed(a, b, 4))
    assert not torch.equal(halfway, made.synthesis(a))
    assert not torch.equal(halfway, made.synthesis(b))


def test_noise_of_a_slot_does_not_depend_on_the_batch_or_the_global_generator() -> None:
    made = network()
    alone = random_noise(made.config, [7])
    torch.manual_seed(0)
    together = random_noise(made.config, [3, 7, 11])
    for one, three in zip(alone, together, strict=True):
        assert torch.equal(one[0], three[1])
        assert not torch.equal(three[0], three[1])
    ws = latents(made, 3)
    picture = made.synthesis(ws[1:2], noise=alone)
    torch.testing.assert_close(picture[0], made.synthesis(ws, noise=together)[1])
    assert (picture - made.synthesis(ws[1:2], noise="none")).abs().max() > 0.01


def test_demodulation_keeps_power() -> None:
    source = torch.Generator().manual_seed(6)
    x = torch.randn(2, 64, 32, 32, generator=source)
    style = torch.randn(2, 64, generator=source) * 5
    weight = torch.randn(48, 64, 3, 3, generator=source)
    y = convolution(x, demodulated(modulated(weight, style)))
    inside = y[:, :, 1:-1, 1:-1]
    torch.testing.assert_close(inside.std((1, 2, 3)), torch.ones(2), atol=0.05, rtol=0)


@pytest.mark.parametrize("taps", [(1, 3, 3, 1), (1, 2, 1), (1, 4, 6, 4, 1)])
def test_doubling_keeps_a_flat_picture_flat(taps: tuple[float, ...]) -> None:
    large = doubled(torch.full([1, 3, 8, 8], 0.7), square_filter(taps))
    assert large.shape == (1, 3, 16, 16)
    torch.testing.assert_close(large[:, :, 4:12, 4:12], torch.full([1, 3, 8, 8], 0.7))


def test_pixels_are_rounded_as_published() -> None:
    images = torch.tensor([-2, -1, 0, 0.9999, 2]).view(1, 1, 1, 5)
    assert to_pixels(images).flatten().tolist() == [0, 0, 128, 255, 255]


def test_tensors_bear_the_published_names() -> None:
    names = network(c_dim=2, architecture="resnet").state_dict().keys()
    assert names >= {
        "mapping.embed.weight", "mapping.fc0.bias", "mapping.fc1.weight", "mapping.w_avg",
        "synthesis.b4.const", "synthesis.b4.conv1.affine.weight", "synthesis.b4.resample_filter",
        "synthesis.b8.conv0.noise_const", "synthesis.b8.conv0.noise_strength",
        "synthesis.b8.conv1.bias", "synthesis.b8.skip.weight", "synthesis.b64.torgb.affine.bias",
    }  # fmt: skip
    assert "synthesis.b8.torgb.weight" not in names


def test_a_misfit_is_refused_by_name() -> None:
    made = network()
    state = made.state_dict()
    wrong = {
        "'mapping.w_avg' is missing": {k: v for k, v in state.items() if k != "mapping.w_avg"},
        "'extra' has no place": state | {"extra": torch.zeros(1)},
        r"'mapping.w_avg' is \[3\], but the description wants \[16\]": state
        | {"mapping.w_avg": torch.zeros(3)},
    }
    for reason, tensors in wrong.items():
        with pytest.raises(SpecError, match=reason):
            load(made.config, tensors)


@pytest.mark.parametrize("architecture", GOLDEN)
def test_pictures_stay_what_they_were(architecture: str) -> None:
    made = network(architecture=architecture, resolution=32, conv_clamp=4)
    state = made.state_dict()
    for i, (name, value) in enumerate(state.items()):
        if "resample_filter" not in name:
            state[name] = waves(value.shape, i)
    picture = load(made.config, state).synthesis(waves(torch.Size([1, 16]), 99))
    means = F.adaptive_avg_pool2d(picture, 4)[0, 0].flatten()[:4]
    torch.testing.assert_close(means, torch.tensor(GOLDEN[architecture]), atol=1e-4, rtol=1e-4)


def waves(shape: torch.Size, phase: int) -> torch.Tensor:
    """Numbers of about unit variance that any machine makes alike."""
    count = torch.arange(shape.numel(), dtype=torch.float64)
    return (2**0.5 * torch.sin(count * count * 0.7 + count * 1.3 + phase)).float().view(shape)
