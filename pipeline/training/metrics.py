"""Judge scores against the truth: errors, confusion, calibration, and each group for itself."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.bins import bin_index, parse_bins
from pipeline.attributes.network import NUMBER_HEADS
from pipeline.attributes.scorer import Scores
from pipeline.attributes.taxonomy import BY_NAME
from pipeline.training.calibrate import class_truth, expected_calibration_error
from pipeline.training.draws import Labels, tone_class

Floats = NDArray[np.float64]

RESAMPLES = 400
"""Bootstrap resamples behind each interval."""

NUMBERS = ("age", "skin_tone", *NUMBER_HEADS)
"""Numbers whose truth is known."""

DECADES = tuple(f"{low}-{low + 9}" for low in range(0, 100, 10))

GROUPS: dict[str, tuple[tuple[str, float, float], ...]] = {
    "skin_tone": (("1-3", 1, 3.5), ("4-6", 3.5, 6.5), ("7-10", 6.5, 11)),
    "age": (
        ("0-17", 0, 18),
        ("18-29", 18, 30),
        ("30-44", 30, 45),
        ("45-59", 45, 60),
        ("60+", 60, 100),
    ),
    "gender_presentation": (("feminine", 0, 1), ("masculine", 1, 2)),
}
"""Groups by the truth: label, low <= v < high."""


def judge(scores: Scores, labels: Labels, seed: int) -> dict[str, Any]:
    """All figures of one held-out set, ready for JSON.

    Figures with an interval are lists [figure, low, high], 95 % by bootstrap over images.

    Args:
        scores: of B images.
        labels: their truth.
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
        "bins": {name: bin_figures(name, scores, labels, rng) for name in NUMBERS},
        "groups": group_figures(scores, labels),
    }


def number_figures(truth: Floats, value: Floats, rng: np.random.Generator) -> dict[str, Any]:
    """Mean absolute error, coefficient of determination and bias of a number."""
    error = value - truth

    def r2(rows: NDArray[np.int64]) -> float:
        spread = ((truth[rows] - truth[rows].mean()) ** 2).sum()
        return float(1 - (error[rows] ** 2).sum() / max(spread, 1e-12))

    return {
        "mae": _interval(lambda rows: float(np.abs(error[rows]).mean()), len(truth), rng),
        "r2": _interval(r2, len(truth), rng),
        "bias": round(float(error.mean()), 4),
    }


def class_figures(
    name: str, scores: Scores, labels: Labels, rng: np.random.Generator
) -> dict[str, Any]:
    """Accuracy, confusion (rows: truth, columns: scored) and calibration of classes or bands.

    Ages are confused by decades; skin tones also count as right within one tone.
    """
    truth = class_truth(name, labels)
    p = scores.probabilities[name]
    ece = expected_calibration_error(p, truth)
    classes: tuple[str, ...] = BY_NAME[name].classes
    guess = p.argmax(1)
    if name == "age":
        classes = DECADES
        truth = truth // 2
        guess = np.minimum(np.asarray(scores.values["age"]) // 10, 9).astype(np.int64)
    size = len(classes)
    confusion = np.bincount(truth * size + guess, minlength=size * size).reshape(size, size)
    figures: dict[str, Any] = {
        "classes": list(classes),
        "accuracy": _interval(lambda r: float((truth[r] == guess[r]).mean()), len(truth), rng),
        "ece": round(ece, 4),
        "confusion": confusion.tolist(),
    }
    if name == "skin_tone":
        near = np.abs(truth - guess) <= 1
        figures["within_one"] = _interval(lambda r: float(near[r].mean()), len(truth), rng)
    return figures


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
    right = (inside == guess)[inside >= 0]
    return {
        "bins": [*BY_NAME[name].usual_bins, "none"],
        "accuracy": _interval(lambda rows: float(right[rows].mean()), len(right), rng),
        "confusion": confusion.reshape(size, size).tolist(),
    }


def group_figures(scores: Scores, labels: Labels) -> list[dict[str, Any]]:
    """The same few figures for each group alone, so that nobody hides in the mean."""
    rows = []
    for attribute, groups in GROUPS.items():
        truth = np.asarray(labels[attribute], np.float64)
        for label, low, high in groups:
            inside = np.flatnonzero((truth >= low) & (truth < high))
            if len(inside):
                rows.append(
                    {"attribute": attribute, "group": label, **_group(scores, labels, inside)}
                )
    return rows


def _group(scores: Scores, labels: Labels, rows: NDArray[np.int64]) -> dict[str, Any]:
    def error(name: str) -> float:
        gap = np.asarray(scores.values[name])[rows] - np.asarray(labels[name])[rows]
        return round(float(np.abs(gap).mean()), 4)

    def right(name: str) -> float:
        hit = class_truth(name, labels)[rows] == scores.probabilities[name][rows].argmax(1)
        return round(float(hit.mean()), 4)

    tone_gap = class_truth("skin_tone", labels)[rows] - (
        np.asarray(scores.values["skin_tone"])[rows] - 1
    )
    return {
        "count": len(rows),
        "age_mae": error("age"),
        "gender_presentation": right("gender_presentation"),
        "skin_tone_within_one": round(float((np.abs(tone_gap) <= 1).mean()), 4),
        "hair_length": right("hair_length"),
        "glasses": right("glasses"),
        "smile_mae": error("smile"),
        "yaw_mae": error("yaw"),
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


def _interval(
    figure: Callable[[NDArray[np.int64]], float], count: int, rng: np.random.Generator
) -> list[float]:
    every = np.arange(count)
    spread = [figure(rng.integers(0, count, count)) for _ in range(RESAMPLES)]
    low, high = np.percentile(spread, [2.5, 97.5])
    return [round(figure(every), 4), round(float(low), 4), round(float(high), 4)]
