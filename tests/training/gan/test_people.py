"""Whether a network draws the people that its latents stand for, and its model card."""

from pathlib import Path

import numpy as np

from pipeline.generators.heads import Heads
from pipeline.training.gan.heads_data import HeadsOrder, shard_latents
from pipeline.training.gan.model_card import model_card
from pipeline.training.gan.people import people_figures, people_of, read_by_scorer
from pipeline.training.gan.run import train_gan
from pipeline.training.gan.spec import parse_gan_spec

from .tiny import spec


def test_people_are_those_that_were_rendered_for_such_z() -> None:
    order = HeadsOrder(12, 5, 128, 64)
    z = np.random.default_rng((order.seed, 0)).standard_normal((12, 128), np.float32)
    w = shard_latents(order, 0)
    assert np.allclose(people_of(3 * z), w, atol=2e-3)  # z and 3 z are one person


def test_the_renderer_itself_draws_the_people_that_are_meant() -> None:
    heads = Heads(at_once=16)
    w = heads.latents(np.random.default_rng(3).standard_normal((32, 103)).astype(np.float32))
    scores = read_by_scorer(heads.preview(w, 64))
    own = people_figures(scores, w, 0)
    strangers = people_figures(scores, w[::-1], 0)
    assert own["count"] == 32
    assert own["age_mae"][0] < 6 < strangers["age_mae"][0]
    for name in ("gender_presentation", "expression", "hair_color", "yaw within 5"):
        assert own["shares"][name][0] > 0.8 > strangers["shares"][name][0], name
    assert own["realism"][0] > 0.9
    noise = np.random.default_rng(0).integers(0, 256, (32, 64, 64, 3), np.uint8)
    assert people_figures(read_by_scorer(noise), w, 0)["realism"][0] < 0.1


def test_the_card_says_how_it_was_made_and_how_well_it_draws(tmp_path: Path) -> None:
    card = train_gan(spec(tmp_path / "tiny", metrics={"count": 16}), lambda _: None)
    people = card["metrics"]["people"]
    assert people["drawn"]["count"] == people["real"]["count"] == 16
    written = (tmp_path / "tiny" / "MODEL_CARD.md").read_text()
    assert written == model_card(card, "tiny")
    assert "A StyleGAN2 (Karras et al., 2020) of 16 px" in written
    assert "24 pictures (`heads-" in written
    assert "0.048 thousand pictures of regression in batches of 8" in written
    assert "held to those people with weight 1" in written
    assert written.count("| age, mean absolute error |") == 1
    assert "too few" not in written  # of 16 pictures no distance is told at all
    card["metrics"]["frechet"], card["metrics"]["kid"] = 1.5, 0.25
    card["metrics"]["kid_deviation"] = 0.01
    told = model_card(card, "tiny")
    assert "| everybody | 16 | 16 | 1.5 | 0.2500 ± 0.0100 |" in told
    assert "too few" in told


def test_only_what_saw_nothing_but_renders_claims_to_be_free(tmp_path: Path) -> None:
    first = train_gan(spec(tmp_path / "first"), lambda _: None)
    content = spec(tmp_path / "second").model_dump(mode="json", by_alias=True)
    del content["network"]
    content["from"] = str(tmp_path / "first" / "network.safetensors")
    second = train_gan(parse_gan_spec(content), lambda _: None)
    assert second["began"]["digest"] == first["digest"]
    told = (tmp_path / "second" / "MODEL_CARD.md").read_text()
    assert "Apache-2.0" in told
    assert "which had seen 96 pictures of `builtin:heads` in" in told

    (tmp_path / "first" / "card.json").unlink()  # nobody vouches for it now
    (tmp_path / "second" / "MODEL_CARD.md").unlink()
    train_gan(parse_gan_spec(content), lambda _: None)
    told = (tmp_path / "second" / "MODEL_CARD.md").read_text()
    assert "of which no card tells" in told
    assert "above, is the error" not in told  # no metrics, nothing above
    others = first | {"spec": first["spec"] | {"data": {"source": "./faces"}}}
    for text in (told, model_card(others, "others")):
        assert "Apache-2.0" not in text
        assert "renders of our own" not in text
