"""Judge scores against the truth: errors, confusion, calibration, presentation and landmarks."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.bins import bin_index, parse_bins
from pipeline.attributes.network import NUMBER_HEADS
from pipeline.attributes.scorer import Scores
from pipeline.attributes.taxonomy import BY_NAME
from pipeline.training.calibrate import expected_calibration_error
from pipeline.training.draws import Labels, tone_class
from pipeline.training.groups import group_figures
from pipeline.training.intervals import interval, mean_interval
from pipeline.training.presentation import is_ambiguous, seen_as_masculine
from pipeline.training.truth import class_target, class_truth

Floats = NDArray[np.float64]

NUMBERS = ("age", "skin_tone", *NUMBER_HEADS)
"""Numbers whose truth is known."""

DECADES = tuple(f"{low}-{low + 9}" for low in range(0, 100, 10))

FRONTAL = 15.0
"""Largest turn of the head, degrees, that counts as frontal."""

_EYE_CORNERS = (36, 45)
"""Landmarks whose distance landmark errors are measured in: the outer corners of the eyes."""


def judge(
    scores: Scores, labels: Labels, landmarks: NDArray[np.floating], seed: int
) -> dict[str, Any]:
    """All figures of one held-out set, ready for JSON.

    Figures with an interval are lists [figure, low, high], 95 % by bootstrap over images.

    Args:
        scores: of B images.
        labels: their truth.
        landmarks: [B, 68, 2], the true ones, fractions of the side.
        seed: of the resampling.
    """
    rng = np.random.default_rng(seed)
    names = [name for name in BY_NAME if name in labels]
    return {
        "count": len(scores.values["age"]),
        "numbers": {
            name: number_figures(
                np.asarray(labels[name], np.float64),
                np.asarray(scores.values[name], np.float64),
                rng,
            )
            for name in NUMBERS
        },
        "classes": {
            name: class_figures(name, scores, labels, rng)
            for name in names
            if name in scores.probabilities
        },
        "presentation": presentation_figures(scores, labels, rng),
        "landmarks": landmark_figures(scores, labels, landmarks, rng),
        "bins": {name: bin_figures(name, scores, labels, rng) for name in NUMBERS},
        "groups": group_figures(scores, labels, rng),
    }


def number_figures(truth: Floats, value: Floats, rng: np.random.Generator) -> dict[str, Any]:
    """Mean absolute error, coefficient of determination and bias of a number."""
    error = value - truth

    def r2(rows: NDArray[np.int64]) -> float:
        spread = ((truth[rows] - truth[rows].mean()) ** 2).sum()
        return float(1 - (error[rows] ** 2).sum() / max(spread, 1e-12))

    return {
        "mae": mean_interval(np.abs(error), rng),
        "r2": interval(r2, len(truth), rng),
        "bias": round(float(error.mean()), 4),
    }


def class_figures(
    name: str, scores: Scores, labels: Labels, rng: np.random.Generator
) -> dict[str, Any]:
    """Accuracy, confusion (rows: truth, columns: scored) and calibration of classes or bands.

    Ages are confused by decades; skin tones also count as right within one tone.
    """
    p, target = scores.probabilities[name], class_target(name, labels)
    truth, guess = class_truth(name, labels), p.argmax(1)
    classes: tuple[str, ...] = BY_NAME[name].classes
    if name == "age":
        classes = DECADES
        truth = truth // 2
        guess = np.minimum(np.asarray(scores.values["age"]) // 10, 9).astype(np.int64)
    size = len(classes)
    confusion = np.bincount(truth * size + guess, minlength=size * size).reshape(size, size)
    figures: dict[str, Any] = {
        "classes": list(classes),
        "accuracy": mean_interval(truth == guess, rng),
        "ece": interval(
            lambda rows: expected_calibration_error(p[rows], target[rows]), len(p), rng
        ),
        "confusion": confusion.tolist(),
    }
    if name == "skin_tone":
        figures["within_one"] = mean_interval(np.abs(truth - guess) <= 1, rng)
    return figures


def presentation_figures(
    scores: Scores, labels: Labels, rng: np.random.Generator
) -> dict[str, Any]:
    """Gender presentation apart from its ambiguous middle, and its probabilities inside it.

    `outside`: accuracy where viewers agree. `inside`: mean gap between the probability of
    "masculine" and the share of viewers that the generator's continuum stands for, and the bias.
    """
    masculinity = np.asarray(labels["masculinity"], np.float64)
    middle = is_ambiguous(masculinity)
    p = scores.probabilities["gender_presentation"][:, 1]
    right = (p > 0.5) == (masculinity > 0.5)
    gap = p[middle] - seen_as_masculine(masculinity[middle])
    return {
        "outside": mean_interval(right[~middle], rng),
        "inside_count": int(middle.sum()),
        "inside_gap": mean_interval(np.abs(gap), rng),
        "inside_bias": mean_interval(gap, rng),
    }


def landmark_figures(
    scores: Scores, labels: Labels, truth: NDArray[np.floating], rng: np.random.Generator
) -> dict[str, Any]:
    """Mean distance of the 68 points from the true ones, over that of the outer eye corners.

    Frontal faces and, as that distance shrinks when heads turn, all of them.
    """
    if scores.landmarks is None:
        return {}
    right, left = (truth[:, corner] for corner in _EYE_CORNERS)
    between = np.maximum(np.linalg.norm(right - left, axis=1), 1e-6)
    error = np.linalg.norm(scores.landmarks - truth, axis=2).mean(1) / between
    frontal = np.abs(np.asarray(labels["yaw"], np.float64)) <= FRONTAL
    return {
        "frontal_count": int(frontal.sum()),
        "frontal": mean_interval(error[frontal], rng),
        "all": mean_interval(error, rng),
    }


def bin_figures(
    name: str, scores: Scores, labels: Labels, rng: np.random.Generator
) -> dict[str, Any]:
    """How often a number falls in the same usual bin as the truth does.

    Accuracy counts images whose truth lies in a bin; skin tones are true to the nearest whole one.
    The confusion's rows are true and its columns scored, both with a last entry for no bin.
    """
    bins = parse_bins(name, BY_NAME[name].usual_bins)
    truth = np.asarray(labels[name], np.float64)
    inside = bin_index(bins, tone_class(truth) + 1 if name == "skin_tone" else truth)
    guess = bin_index(bins, np.asarray(scores.values[name]))
    size = len(bins) + 1
    confusion = np.bincount(inside % size * size + guess % size, minlength=size * size)
    return {
        "bins": [*BY_NAME[name].usual_bins, "none"],
        "accuracy": mean_interval((inside == guess)[inside >= 0], rng),
        "confusion": confusion.reshape(size, size).tolist(),
    }


def agreement(small: Scores, full: Scores) -> dict[str, Any]:
    """How far the scores of the same people at two picture sizes lie apart.

    Numbers: mean absolute difference; classes: share of equal ones.
    """
    found: dict[str, Any] = {"count": len(small.values["age"])}
    for name, attribute in BY_NAME.items():
        one, other = np.asarray(small.values[name]), np.asarray(full.values[name])
        apart = (one == other) if attribute.kind == "class" else np.abs(one - other)
        found[name] = round(float(apart.mean()), 4)
    return found
