"""The heads scorer's contract, with weights nobody trained, and the bundled ones' accuracy."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pipeline.attributes import WEIGHTS, load_scorer
from pipeline.attributes.calibration import bundled_calibration
from pipeline.attributes.heads_scorer import HeadsScorer
from pipeline.attributes.heads_weights import Weights
from pipeline.attributes.network import CLASS_HEADS
from pipeline.attributes.perception import CHUNK
from pipeline.attributes.scorer import Scores
from pipeline.attributes.taxonomy import ATTRIBUTES
from pipeline.errors import SpecError
from pipeline.generators.heads import Heads, truth
from pipeline.training.card import model_card


@pytest.fixture(scope="module")
def scorer(weights: Path) -> HeadsScorer:
    return HeadsScorer(weights)


def pictures(count: int, side: int = 64) -> NDArray[np.uint8]:
    return np.random.default_rng(count).integers(0, 256, (count, side, side, 3), np.uint8)


def flat(scores: Scores) -> dict[str, NDArray[np.generic]]:
    groups = {"value": scores.values, "p": scores.probabilities, "quality": scores.quality}
    found = {f"{kind} {n}": a for kind, group in groups.items() for n, a in group.items()}
    return {**found, "landmarks": landmarks(scores)}


def landmarks(scores: Scores) -> NDArray[np.float32]:
    assert scores.landmarks is not None
    return scores.landmarks


def same(one: Scores, other: Scores) -> bool:
    left, right = flat(one), flat(other)
    return left.keys() == right.keys() and all(np.array_equal(left[k], right[k]) for k in left)


def rows(scores: Scores, index: NDArray[np.int64]) -> Scores:
    return Scores(
        *(
            {name: value[index] for name, value in group.items()}
            for group in (scores.values, scores.probabilities, scores.quality)
        ),
        landmarks=landmarks(scores)[index],
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
    for name in ("sharpness", "clipped", "skin_share", "realism"):
        assert scores.quality[name].dtype == np.float32
        assert np.all((scores.quality[name] >= 0) & (scores.quality[name] <= 1))


def test_class_values_are_the_likeliest_class(scorer: HeadsScorer) -> None:
    scores = scorer.score(pictures(9))
    for name in ("hair_color", "glasses"):
        assert np.array_equal(scores.values[name], scores.probabilities[name].argmax(1))
    tones = scores.probabilities["skin_tone"].argmax(1) + 1
    assert np.array_equal(scores.values["skin_tone"], tones)


@pytest.mark.parametrize("side", [64, 101, 128, 256])
def test_a_score_never_depends_on_neighbours_or_place(scorer: HeadsScorer, side: int) -> None:
    images = pictures(2 * CHUNK + 5, side)
    together = scorer.score(images)
    order = np.random.default_rng(1).permutation(len(images))
    assert same(scorer.score(images[order]), rows(together, order))
    for i in (0, CHUNK - 1, len(images) - 1):
        assert same(scorer.score(images[i : i + 1]), rows(together, np.array([i])))


def test_an_enlarged_picture_is_read_like_the_small_one(scorer: HeadsScorer) -> None:
    small = pictures(3, 128)
    large = small.repeat(4, 1).repeat(4, 2)
    one, other = scorer.score(small), scorer.score(large)
    assert all(np.array_equal(one.values[name], other.values[name]) for name in one.values)
    assert np.array_equal(landmarks(one), landmarks(other))


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


def test_the_digest_follows_the_weights(weights: Path, tmp_path: Path) -> None:
    found = Weights.load(weights)
    other = tmp_path / "other.safetensors"
    warmer = {**found.temperatures, CLASS_HEADS[0]: 0.8}
    replace(found, temperatures=warmer).save(other)
    assert HeadsScorer(weights).digest == HeadsScorer(weights).digest
    assert HeadsScorer(weights).digest != HeadsScorer(other).digest


def test_an_unknown_scorer_is_named_with_the_known_ones() -> None:
    with pytest.raises(SpecError, match="'builtin:hands' is unknown; choose from builtin:heads"):
        load_scorer("builtin:hands")


def fresh(count: int, size: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Pictures of people drawn for this test alone, and their landmarks as fractions."""
    generator = Heads()
    found = generator.pictures(people(count), size)
    return found.images, found.landmarks / size


def people(count: int) -> NDArray[np.float32]:
    normals = np.random.default_rng(20_260).standard_normal((count, Heads.latent_size))
    return Heads().latents(normals.astype(np.float32))


@pytest.mark.parametrize("size", [64, 128])
def test_the_bundled_scorer_reads_fresh_renders(size: int) -> None:
    count = 60 if size == 64 else 30
    images, marks = fresh(count, size)
    scores, true = load_scorer("builtin:heads").score(images), truth(people(count))

    def error(name: str) -> float:
        return float(np.abs(np.asarray(scores.values[name]) - np.asarray(true[name])).mean())

    def right(name: str) -> float:
        return float((scores.values[name] == true[name]).mean())

    assert error("age") < 8
    assert error("smile") < 0.12
    assert error("yaw") < 3.5
    assert error("pitch") < 3.5
    assert error("light_azimuth") < 10
    assert right("gender_presentation") > 0.88
    assert right("glasses") > 0.94
    assert right("hair_length") > 0.82
    assert right("expression") > 0.8
    near = np.abs(np.rint(np.asarray(true["skin_tone"])) - scores.values["skin_tone"]) <= 1
    assert near.mean() > 0.9
    assert scores.quality["skin_share"].min() > 0.05
    assert np.median(scores.quality["realism"]) > 0.9
    between = np.linalg.norm(marks[:, 36] - marks[:, 45], axis=1)
    off = np.linalg.norm(landmarks(scores) - marks, axis=2).mean(1) / between
    frontal = np.abs(np.asarray(true["yaw"])) <= 15
    assert off[frontal].mean() < 0.04


def test_the_bundled_scorer_refuses_what_is_no_face() -> None:
    images, _ = fresh(24, 128)
    scorer = load_scorer("builtin:heads")
    proper = np.quantile(scorer.score(images).quality["realism"], 0.1)
    halves = np.concatenate([images[:, 64:], images[:, :64]], 1)
    for bad in (pictures(24, 128), np.full_like(images, 90), images[:, ::-1], 255 - images, halves):
        assert np.quantile(scorer.score(bad).quality["realism"], 0.9) < proper


def test_bundled_files_are_of_one_piece() -> None:
    digest = load_scorer("builtin:heads").digest
    card = json.loads((WEIGHTS / "card.json").read_text())
    calibration = bundled_calibration(card["generator_digest"], digest)
    assert card["scorer_digest"] == digest
    assert calibration is not None
    assert calibration.figures == card["surrogate"]
    assert len(calibration.natural["age"]) >= 2000
    assert set(card["held_out"]) == {"natural", "flattened", "hard"}
    assert (WEIGHTS / "weights.safetensors").stat().st_size == card["weights_bytes"] < 8_000_000
    assert (WEIGHTS / "MODEL_CARD.md").read_text() == model_card(card)
