"""The heads scorer's contract, with weights nobody trained, and the bundled ones' accuracy."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file

from pipeline.attributes import WEIGHTS, load_scorer
from pipeline.attributes.heads_scorer import CHUNK, HeadsScorer, Weights
from pipeline.attributes.network import CLASS_HEADS, HeadsNetwork
from pipeline.attributes.prior import read_prior
from pipeline.attributes.scorer import Scores
from pipeline.attributes.skin import FEATURES, LightCorrection
from pipeline.attributes.taxonomy import ATTRIBUTES
from pipeline.errors import SpecError
from pipeline.generators.heads import Heads, truth
from pipeline.training.card import model_card


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("scorer") / "weights.safetensors"
    Weights(
        HeadsNetwork().folded().state_dict(),
        LightCorrection(rng.normal(0, 0.2, (len(FEATURES), 3)), np.array([40.0, 10, 10]), 3.0),
        dict.fromkeys(CLASS_HEADS, 0.7),
    ).save(path)
    return path


@pytest.fixture(scope="module")
def scorer(weights: Path) -> HeadsScorer:
    return HeadsScorer(weights)


def pictures(count: int, side: int = 64) -> NDArray[np.uint8]:
    return np.random.default_rng(count).integers(0, 256, (count, side, side, 3), np.uint8)


def flat(scores: Scores) -> dict[str, NDArray[np.generic]]:
    groups = {"value": scores.values, "p": scores.probabilities, "quality": scores.quality}
    return {f"{kind} {n}": a for kind, group in groups.items() for n, a in group.items()}


def same(one: Scores, other: Scores) -> bool:
    left, right = flat(one), flat(other)
    return left.keys() == right.keys() and all(np.array_equal(left[k], right[k]) for k in left)


def rows(scores: Scores, index: NDArray[np.int64]) -> Scores:
    return Scores(
        *(
            {name: value[index] for name, value in group.items()}
            for group in (scores.values, scores.probabilities, scores.quality)
        )
    )


def test_scores_every_attribute_in_its_kind_and_range(scorer: HeadsScorer) -> None:
    scores = scorer.score(pictures(5))
    for attribute in ATTRIBUTES:
        values = scores.values[attribute.name]
        assert values.shape == (5,)
        if attribute.kind == "class":
            assert values.dtype == np.int64
        else:
            assert values.dtype == np.float32
            assert np.all((values >= attribute.low) & (values <= attribute.high))
        if attribute.classes:
            p = scores.probabilities[attribute.name]
            assert p.dtype == np.float32
            assert p.shape == (5, len(attribute.classes))
            assert np.allclose(p.sum(1), 1, atol=1e-6)
    for name in ("sharpness", "clipped", "skin_share"):
        assert scores.quality[name].dtype == np.float32
        assert np.all((scores.quality[name] >= 0) & (scores.quality[name] <= 1))


def test_class_values_are_the_likeliest_class(scorer: HeadsScorer) -> None:
    scores = scorer.score(pictures(9))
    for name in ("hair_color", "glasses"):
        assert np.array_equal(scores.values[name], scores.probabilities[name].argmax(1))
    tones = scores.probabilities["skin_tone"].argmax(1) + 1
    assert np.array_equal(scores.values["skin_tone"], tones)


@pytest.mark.parametrize("side", [64, 128, 101])
def test_a_score_never_depends_on_neighbours_or_place(scorer: HeadsScorer, side: int) -> None:
    images = pictures(2 * CHUNK + 5, side)
    together = scorer.score(images)
    order = np.random.default_rng(1).permutation(len(images))
    assert same(scorer.score(images[order]), rows(together, order))
    for i in (0, CHUNK - 1, len(images) - 1):
        assert same(scorer.score(images[i : i + 1]), rows(together, np.array([i])))


def test_an_enlarged_picture_is_read_like_the_small_one(scorer: HeadsScorer) -> None:
    small = pictures(3)
    large = small.repeat(4, 1).repeat(4, 2)
    one, other = scorer.score(small), scorer.score(large)
    assert all(np.array_equal(one.values[name], other.values[name]) for name in one.values)


def test_no_images_give_no_scores(scorer: HeadsScorer) -> None:
    assert scorer.score(pictures(0)).probabilities["age"].shape == (0, 20)


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((1, 47, 47, 3), np.uint8),
        np.zeros((1, 64, 80, 3), np.uint8),
        np.zeros((1, 64, 64, 3), np.float32),
        np.zeros((64, 64, 3), np.uint8),
    ],
)
def test_other_arrays_are_refused(scorer: HeadsScorer, images: NDArray[np.generic]) -> None:
    with pytest.raises(ValueError, match=r"takes uint8 \[B, H, H, 3\], H 48 or more"):
        scorer.score(images)  # type: ignore[arg-type]


def test_weights_survive_the_file(weights: Path) -> None:
    found = Weights.load(weights)
    assert found.correction.spread == 3.0
    assert found.temperatures["age"] == 0.7
    assert found.correction.weight.shape == (len(FEATURES), 3)


def test_the_digest_follows_the_weights(weights: Path, tmp_path: Path) -> None:
    found = Weights.load(weights)
    other = tmp_path / "other.safetensors"
    Weights(found.network, found.correction, dict.fromkeys(CLASS_HEADS, 0.8)).save(other)
    assert HeadsScorer(weights).digest == HeadsScorer(weights).digest
    assert HeadsScorer(weights).digest != HeadsScorer(other).digest


def test_weights_for_other_classes_are_refused(weights: Path, tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(weights.read_bytes().replace(b"stubble", b"bristle"))
    with pytest.raises(ValueError, match="other classes than the taxonomy"):
        Weights.load(path)


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_file({"a": torch.zeros(1)}, path)
    with pytest.raises(ValueError, match="does not hold weights"):
        Weights.load(path)


def test_an_unknown_scorer_is_named_with_the_known_ones() -> None:
    with pytest.raises(SpecError, match="'builtin:hands' is unknown; choose from builtin:heads"):
        load_scorer("builtin:hands")


def test_the_bundled_scorer_reads_fresh_renders() -> None:
    generator = Heads()
    normals = np.random.default_rng(20_260).standard_normal((60, generator.latent_size))
    w = generator.latents(normals.astype(np.float32))
    scores, true = load_scorer("builtin:heads").score(generator.render(w, 64)), truth(w)

    def error(name: str) -> float:
        return float(np.abs(np.asarray(scores.values[name]) - np.asarray(true[name])).mean())

    def right(name: str) -> float:
        return float((scores.values[name] == true[name]).mean())

    assert error("age") < 9
    assert error("smile") < 0.12
    assert error("yaw") < 3
    assert error("light_azimuth") < 8
    assert right("gender_presentation") > 0.94
    assert right("glasses") > 0.94
    assert right("hair_length") > 0.85
    near = np.abs(np.rint(np.asarray(true["skin_tone"])) - scores.values["skin_tone"]) <= 1
    assert near.mean() > 0.9
    assert scores.quality["skin_share"].min() > 0.05


def test_bundled_files_are_of_one_piece() -> None:
    digest = load_scorer("builtin:heads").digest
    card = json.loads((WEIGHTS / "card.json").read_text())
    prior = read_prior(WEIGHTS / "prior.parquet")
    assert card["scorer_digest"] == prior.scorer_digest == digest
    assert card["generator_digest"] == prior.generator_digest
    assert len(prior.values["age"]) >= 2000
    assert (WEIGHTS / "weights.safetensors").stat().st_size == card["weights_bytes"] < 8_000_000
    assert (WEIGHTS / "MODEL_CARD.md").read_text() == model_card(card)
