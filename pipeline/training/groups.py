"""Judge every group of people for itself, so that nobody hides in the mean."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.network import CLASS_HEADS
from pipeline.attributes.scorer import Scores
from pipeline.training.draws import Labels
from pipeline.training.intervals import mean_interval
from pipeline.training.presentation import is_ambiguous
from pipeline.training.truth import class_truth

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

CLOSE: dict[str, float] = {"age": 10, "smile": 0.15, "yaw": 5, "pitch": 5, "light_azimuth": 15}
"""Errors up to which a number counts as right, in its unit."""

CLASSES = tuple(name for name in CLASS_HEADS if name != "age")
"""Classes that are right or wrong."""

BEHIND = 0.05
"""A group this much under the mean is flagged."""

LEAST = 30
"""Renders below which a group's figures are too loose to flag."""


def group_figures(scores: Scores, labels: Labels, rng: np.random.Generator) -> list[dict[str, Any]]:
    """Shares scored right of everybody, then of each group alone.

    Rows hold attribute, group, count, shares: name -> [share, low, high], age_mae: likewise in
    years, and behind: the names whose share lies more than BEHIND under everybody's.
    """
    hits = _hits(scores, labels)
    miss = np.abs(np.asarray(scores.values["age"]) - np.asarray(labels["age"]))
    mean = {name: float(np.nanmean(hit)) for name, hit in hits.items()}
    found = []
    for attribute, label, rows in _groups(labels):
        shares = {name: hit[rows][~np.isnan(hit[rows])] for name, hit in hits.items()}
        behind = [
            name
            for name, share in shares.items()
            if len(share) >= LEAST and share.mean() < mean[name] - BEHIND
        ]
        found.append(
            {
                "attribute": attribute,
                "group": label,
                "count": len(rows),
                "shares": {name: mean_interval(share, rng) for name, share in shares.items()},
                "age_mae": mean_interval(miss[rows], rng),
                "behind": behind,
            }
        )
    return found


def _groups(labels: Labels) -> list[tuple[str, str, NDArray[np.int64]]]:
    """Attribute, label and rows of each group that anybody belongs to."""
    found = [("everybody", "", np.arange(len(labels["age"])))]
    for attribute, groups in GROUPS.items():
        truth = np.asarray(labels[attribute], np.float64)
        for label, low, high in groups:
            rows = np.flatnonzero((truth >= low) & (truth < high))
            if len(rows):
                found.append((attribute, label, rows))
    return found


def _hits(scores: Scores, labels: Labels) -> dict[str, NDArray[np.float64]]:
    """1 right, 0 wrong, not a number where nothing is: name -> float64 [B]."""
    hits: dict[str, NDArray[np.float64]] = {}
    for name, limit in CLOSE.items():
        error = np.asarray(scores.values[name], np.float64) - np.asarray(labels[name], np.float64)
        hits[f"{name} within {limit:g}"] = (np.abs(error) <= limit).astype(np.float64)
    for name in CLASSES:
        guess = scores.probabilities[name].argmax(1)
        hits[name] = (guess == class_truth(name, labels)).astype(np.float64)
    tone_gap = scores.probabilities["skin_tone"].argmax(1) - class_truth("skin_tone", labels)
    hits["skin_tone within one"] = (np.abs(tone_gap) <= 1).astype(np.float64)
    hits["gender_presentation"][is_ambiguous(np.asarray(labels["masculinity"]))] = np.nan
    return hits
