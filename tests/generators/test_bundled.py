"""The networks that come with populace are whole, and draw the people of their latents."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.attributes import load_scorer
from pipeline.attributes.calibration import bundled_calibration
from pipeline.errors import SpecError
from pipeline.generators import load_generator
from pipeline.generators.bundled import NETWORKS
from pipeline.generators.checkpoints import read_checkpoint
from pipeline.spec import parse_spec
from pipeline.spec.job import BUILTINS
from pipeline.training.gan.model_card import model_card
from pipeline.training.gan.people import people_figures, people_of, read_by_scorer
from pipeline.training.gan.run import train_gan
from pipeline.training.gan.spec import parse_gan_spec


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_has_its_cards_and_can_be_ordered(name: str) -> None:
    path = NETWORKS[name]
    assert name in BUILTINS
    assert path.stat().st_size < 30 << 20
    checkpoint = read_checkpoint(path)
    card = json.loads(path.with_suffix(".json").read_text())
    assert card["parameters"] == checkpoint.parameters
    assert path.with_suffix(".md").read_text() == model_card(card, Path(card["spec"]["to"]).name)
    size = card["resolution"]
    spec = parse_spec({"name": "n", "count": 5000, "generator": name, "output": "./out",
                       "balance": {"age": "uniform"}, "image": {"size": size}})  # fmt: skip
    assert (spec.generator_name, spec.networked, spec.takes_gpu) == (name, True, True)
    assert (spec.first_look, spec.calibration_draws) == (0, 5000)
    with pytest.raises(SpecError, match=f"image.size: {2 * size} is more than the {size} px"):
        load_generator(name, 2 * size)


def test_stylegan2_heads_draws_the_people_that_its_latents_say() -> None:
    generator = load_generator("builtin:stylegan2-heads", 128)
    z = np.random.default_rng(11).standard_normal((96, 128)).astype(np.float32)
    w = generator.latents(z)
    images = generator.render(w, 128)
    assert images.shape == (96, 128, 128, 3)
    assert np.array_equal(generator.render(w[5:6], 128)[0], images[5])
    found = people_figures(read_by_scorer(images), people_of(z), 0)
    assert found["realism"][0] > 0.95
    assert found["age_mae"][0] < 4
    least = {"gender_presentation": 0.9, "skin_tone within one": 0.95, "hair_color": 0.75,
             "expression": 0.7, "glasses": 0.85, "yaw within 5": 0.85}  # fmt: skip
    for name, share in least.items():
        assert found["shares"][name][0] > share, name


@pytest.mark.parametrize("name", NETWORKS)
def test_what_it_will_be_seen_to_draw_is_known(name: str) -> None:
    generator, scorer = load_generator(name, 128), load_scorer("builtin:heads")
    found = bundled_calibration(generator.digest, scorer.digest)
    assert found is not None
    assert len(found.natural["age"]) == 20_000
    w = generator.latents(np.random.default_rng(3).standard_normal((96, 128)).astype(np.float32))
    read, guess = scorer.score(generator.render(w, 128)).values, found.surrogate.guess(w)
    assert np.abs(read["age"] - guess.means["age"]).mean() < 6
    assert (read["glasses"] == guess.classes["glasses"].argmax(1)).mean() > 0.8


@pytest.mark.parametrize("name", NETWORKS)
def test_pictures_of_ones_own_can_be_learned_on_from_it(name: str, tmp_path: Path) -> None:
    art = np.random.default_rng(0).integers(0, 256, (8, 64, 64, 3), np.uint8)
    (tmp_path / "art").mkdir()
    for i, picture in enumerate(art):
        Image.fromarray(picture).save(tmp_path / f"art/{i}.png")
    spec = {
        "from": name, "from_discriminator": name, "data": {"source": str(tmp_path / "art")},
        "adversarial": {"kimg": 0.008, "batch": 8}, "metrics": {"count": 0},
        "to": str(tmp_path / "run"),
    }  # fmt: skip
    card = train_gan(parse_gan_spec(spec), lambda _: None)
    assert card["seen"] == 8
    assert card["began"]["card"]["seen"] > 8
    assert "Began with `builtin:" in (tmp_path / "run" / "MODEL_CARD.md").read_text()
