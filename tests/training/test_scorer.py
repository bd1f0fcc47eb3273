"""A whole training run, small."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toys import Discs

from pipeline.attributes.calibration import Calibration
from pipeline.attributes.heads_scorer import HeadsScorer
from pipeline.attributes.taxonomy import BY_NAME
from pipeline.errors import SpecError
from pipeline.generators.generator import SEGMENTS
from pipeline.training.labelled_heads import LabelledHeads
from pipeline.training.scorer import train_scorer

SMALL: dict[str, Any] = {"images": 64, "held_out": 32, "prior": 40, "epochs": 2, "seed": 3}


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any], set[str]]:
    out = tmp_path_factory.mktemp("trained")
    stages: set[str] = set()
    card = train_scorer(
        out,
        **SMALL,
        progress=lambda stage, done, total: stages.add(stage),
        make_generator=Discs,
    )
    return out, card, stages


def test_a_run_writes_a_scorer_with_its_card_and_prior(
    trained: tuple[Path, dict[str, Any], set[str]],
) -> None:
    out, card, stages = trained
    assert {"render train", "render natural", "fit"} <= stages
    assert json.loads((out / "card.json").read_text()) == card
    scorer = HeadsScorer(out / "weights.safetensors")
    assert scorer.digest == card["scorer_digest"]
    assert card["recipe"]["seed"] == 3
    assert {name: held["count"] for name, held in card["held_out"].items()} == {
        "natural": 4 * 32,
        "flattened": 32,
        "hard": 32,
    }
    assert "ghost" in card["realism"]["held_out"]
    assert not (out / "fit.pt").exists()
    assert (out / "weights.safetensors").stat().st_size == card["weights_bytes"] < 8_000_000
    calibration = Calibration.from_files(lambda name: (out / name).read_bytes())
    surrogate = calibration.surrogate
    assert (surrogate.generator_digest, surrogate.scorer_digest) == ("discs", scorer.digest)
    assert len(calibration.natural["age"]) == 40
    assert calibration.figures == card["surrogate"]


def test_the_model_card_tells_figures_and_limits(
    trained: tuple[Path, dict[str, Any], set[str]],
) -> None:
    text = (trained[0] / "MODEL_CARD.md").read_text()
    for part in (
        "stereotyped geometry",
        "within one",
        "### skin_tone",
        "usual bin",
        "age 60+",
        "ambiguous middle",
        "Landmarks, mean error",
        "kinds never seen in training",
        "hard conditions",
        "seed 3",
    ):
        assert part in text


def test_the_same_call_goes_on_from_what_is_rendered_and_ends_the_same(
    trained: tuple[Path, dict[str, Any], set[str]],
) -> None:
    out, card, _ = trained
    first: dict[str, int] = {}
    again = train_scorer(
        out,
        **SMALL,
        progress=lambda stage, done, total: first.setdefault(stage, total - done),
        make_generator=Discs,
    )
    assert first["render train"] == first["render prior"] == 0
    assert again == card


def test_a_finished_scorer_learns_on_and_its_card_names_what_it_began_from(
    trained: tuple[Path, dict[str, Any], set[str]], tmp_path: Path
) -> None:
    first, card, _ = trained
    small = {**SMALL, "epochs": 1, "make_generator": Discs}
    tuned = train_scorer(tmp_path, begin=str(first / "weights.safetensors"), **small)
    assert tuned["recipe"]["rate"] < card["recipe"]["rate"]
    assert card["lineage"] == []
    assert tuned["lineage"] == [
        {
            "weights": card["weights_digest"],
            "images": 64,
            "epochs": 2,
            "seed": 3,
            "generator": "discs",
        }
    ]
    assert tuned["weights_digest"] != card["weights_digest"]
    assert tuned["held_out"].keys() == card["held_out"].keys()
    text = (tmp_path / "MODEL_CARD.md").read_text()
    assert f"Began from weights `{card['weights_digest'][:16]}…`, taught by 64 renders" in text
    assert "128 pictures had been seen" in text
    assert "Began from" not in (first / "MODEL_CARD.md").read_text()
    for other in (None, "builtin:heads"):
        with pytest.raises(SpecError, match="began from weights"):
            train_scorer(tmp_path, begin=other, **small)


@pytest.mark.parametrize(("name", "value"), [("images", 3), ("held_out", 0), ("epochs", 0)])
def test_numbers_too_small_to_train_with_are_refused(tmp_path: Path, name: str, value: int) -> None:
    with pytest.raises(SpecError, match=f"{name} is {value}"):
        train_scorer(tmp_path, **{**SMALL, name: value}, make_generator=Discs)


def test_the_built_in_heads_can_be_learned_from() -> None:
    generator = LabelledHeads()
    w = generator.latents(np.zeros((1, generator.latent_size), np.float32))
    found = generator.pictures(w, 64)
    assert found.images.shape == (1, 64, 64, 3)
    assert 0.1 < (found.segmentation == SEGMENTS.index("skin")).mean() < 0.6
    truth = generator.truth(w)
    names = BY_NAME.keys() - {"ita"} | {"masculinity"}
    assert names <= truth.keys()
    assert all(truth[name].shape == (1,) for name in names)
