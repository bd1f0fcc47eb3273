"""Fine-tuning from a checkpoint."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from pipeline.errors import SpecError
from pipeline.generators.checkpoints import read_checkpoint
from pipeline.generators.stylegan2.config import Config
from pipeline.generators.stylegan2.convolution import doubled
from pipeline.generators.stylegan2.reference import Network
from pipeline.training.gan.discriminator import Discriminator
from pipeline.training.gan.run import train_gan
from pipeline.training.gan.spec import parse_gan_spec
from pipeline.training.gan.start import load_discriminator, load_generator, starting_point
from pipeline.training.gan.synthesis import synthesize

from .tiny import NETWORK, spec


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of both stages."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    train_gan(spec(folder), print)
    return folder


@pytest.fixture
def art(tmp_path: Path) -> Path:
    """Twelve bright red pictures."""
    folder = tmp_path / "art"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in range(12):
        image = rng.integers(0, 60, (20, 20, 3), np.uint8) + np.array([190, 0, 0], np.uint8)
        Image.fromarray(image).save(folder / f"{i}.png")
    return folder


def test_a_network_goes_on_from_a_checkpoint_towards_other_pictures(
    trained: Path, art: Path, tmp_path: Path
) -> None:
    wanted = parse_gan_spec(
        {
            "from": str(trained / "network.safetensors"),
            "from_discriminator": str(trained / "discriminator.safetensors"),
            "data": {"source": str(art), "mirror": True},
            "adversarial": {
                "kimg": 0.4, "batch": 8, "generator_rate": 0.01, "discriminator_rate": 0.01,
                "style_mixing": 0.5, "path_length_weight": 0,
            },
            "ema_half_life": 0.05,
            "metrics": {"count": 8, "kimg": 0.2},
            "to": str(tmp_path / "run"),
        }
    )  # fmt: skip
    card = train_gan(wanted, print)
    before, after = (
        read_checkpoint(folder / "network.safetensors") for folder in (trained, tmp_path / "run")
    )
    assert before.config == after.config

    def redness(path: Path) -> float:
        pixels = np.asarray(Image.open(path), np.float32)
        return float((pixels[..., 0] - pixels[..., 1:].mean(-1)).mean())

    assert redness(tmp_path / "run/samples/000000400.png") > 20 + redness(
        sorted((trained / "samples").glob("0*.png"))[-1]
    )
    assert card["metrics"]["drawn"] == 8
    assert card["spec"]["network"] == {}  # it is that of `from`
    assert "frechet" in (tmp_path / "run" / "log.jsonl").read_text()
    names = load_file(tmp_path / "run" / "discriminator.safetensors").keys()
    assert "b16.conv1.weight" in names


def test_what_cannot_be_begun_with_is_one_sentence(
    trained: Path, art: Path, tmp_path: Path
) -> None:
    def begin(**changes: str) -> None:
        content = {"adversarial": {"kimg": 1}, "to": str(tmp_path / "run")}
        train_gan(parse_gan_spec(content | {"data": {"source": str(art)}} | changes), print)

    with pytest.raises(SpecError, match=r"gone.pkl: cannot be read"):
        begin(**{"from": str(tmp_path / "gone.pkl")})
    network, other = (str(trained / f"{n}.safetensors") for n in ("network", "discriminator"))
    with pytest.raises(SpecError, match=r"^from_discriminator: .* does not fit the network; give"):
        begin(from_discriminator=other)
    with pytest.raises(SpecError, match=r"^from_discriminator: .* cannot be read \("):
        begin(from_discriminator=str(art / "0.png"), to=str(tmp_path / "second"))
    short = read_checkpoint(Path(network))
    assert short.config["z_dim"] == 108
    assert torch.equal(
        short.state["mapping.fc0.weight"],
        starting_point(parse_gan_spec({"from": network, "regress": {"kimg": 1}, "to": "x"}))[1]
        .state["mapping.fc0.weight"],
    )  # fmt: skip


def growing(trained: Path, folder: Path, **changes: object) -> dict[str, object]:
    return {
        "from": str(trained / "network.safetensors"),
        "from_discriminator": str(trained / "discriminator.safetensors"),
        "network": {"resolution": 32},
        "data": {"count": 24, "keep": str(folder / "data")},
        "regress": {"kimg": 0.048, "batch": 8},
        "adversarial": {"kimg": 0.016, "batch": 8},
        "metrics": {"count": 0},
        "to": str(folder / "run"),
    } | changes


def test_a_network_grows_and_first_draws_what_it_drew(trained: Path, tmp_path: Path) -> None:
    wanted = parse_gan_spec(growing(trained, tmp_path))
    config, checkpoint = starting_point(wanted)
    assert checkpoint is not None
    before, after = Network(Config(**NETWORK)), Network(config)
    load_generator(checkpoint, before)
    load_generator(checkpoint, after)
    z = torch.randn(3, 108, generator=torch.Generator().manual_seed(0))
    small, large = (synthesize(network, network.mapping(z)) for network in (before, after))
    taps = after.synthesis.b32.get_buffer("resample_filter")
    assert small.std() > 0.05
    torch.testing.assert_close(large, doubled(small, taps))

    card = train_gan(wanted, print)
    assert (card["resolution"], card["spec"]["network"]) == (32, {"resolution": 32})
    made = read_checkpoint(tmp_path / "run" / "network.safetensors")
    assert made.config["resolution"] == 32
    assert made.state["synthesis.b32.torgb.weight"].abs().max() > 0


def test_a_discriminator_grows_by_its_entrance(trained: Path) -> None:
    file = trained / "discriminator.safetensors"
    grown = Discriminator(Config(**NETWORK | {"resolution": 32}))
    load_discriminator(str(file), grown)
    state = grown.state_dict()
    before = {name: value for name, value in load_file(file).items() if "fromrgb" not in name}
    assert all(value.equal(state[name]) for name, value in before.items())
    assert len(before) > 10
    assert "b16.fromrgb.weight" not in state


@pytest.mark.parametrize(
    ("resolution", "sentence"),
    [
        (8, "8 is less than the 16 px of 'from', which can only grow; write more, or remove it."),
        (64, "64 leaves the last layers of 'from' fewer than 4 channels; write 32 or less."),
    ],
)
def test_how_far_a_network_cannot_grow(
    trained: Path, tmp_path: Path, resolution: int, sentence: str
) -> None:
    wanted = growing(trained, tmp_path, network={"resolution": resolution})
    with pytest.raises(SpecError) as refused:
        train_gan(parse_gan_spec(wanted), print)
    assert str(refused.value) == f"network.resolution: {sentence}"
