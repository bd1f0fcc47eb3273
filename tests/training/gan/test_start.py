"""Fine-tuning from a checkpoint."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from pipeline.errors import SpecError
from pipeline.generators.checkpoints import read_checkpoint
from pipeline.training.gan.run import train_gan
from pipeline.training.gan.spec import parse_gan_spec
from pipeline.training.gan.start import starting_point

from .tiny import spec


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
    assert "network" not in card["spec"]  # it is that of `from`
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
