"""Fit what turns a trained network's readings into honest scores: temperatures, light, spread."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from pipeline.attributes.color import monk_lab
from pipeline.attributes.heads_scorer import Perception, softmax
from pipeline.attributes.network import CLASS_HEADS
from pipeline.attributes.skin import LightCorrection
from pipeline.training.draws import Labels, tone_class

Floats = NDArray[np.float64]

RIDGE = 1e-3
"""Pull of the correction's weights towards zero, per image and per standard deviation."""


def class_truth(name: str, labels: Labels) -> NDArray[np.int64]:
    """The index of the true class, or of the band that holds the true number: int64 [B]."""
    values = np.asarray(labels[name])
    if name == "age":
        return np.clip(values // 5, 0, 19).astype(np.int64)
    return tone_class(values) if name == "skin_tone" else values.astype(np.int64)


def fit_temperatures(seen: Perception, labels: Labels) -> dict[str, float]:
    """One temperature a head, by maximum likelihood on images not trained on (Guo et al., 2017)."""
    return {
        name: _temperature(seen.logits[name], class_truth(name, labels)) for name in CLASS_HEADS
    }


def fit_correction(
    features: Floats, tone: NDArray[np.generic], calibration: Floats, truth: NDArray[np.generic]
) -> LightCorrection:
    """Ridge regression from skin features to the true tone's CIELAB, and the spread of its errors.

    Args:
        features: float64 [N, F], of training images.
        tone: [N], their true Monk tones, 1..10, fractions allowed.
        calibration: float64 [M, F], features of images not trained on.
        truth: [M], their true tones.
    """
    mean, scale = features.mean(0), features.std(0) + 1e-6
    x = (features - mean) / scale
    target = monk_lab(np.asarray(tone, np.float64))
    pull = RIDGE * len(x) * np.eye(x.shape[1])
    slope = np.linalg.solve(x.T @ x + pull, x.T @ (target - target.mean(0)))
    weight = slope / scale[:, None]
    offset = target.mean(0) - mean @ weight
    held = tone_class(truth)

    def surprise(log_spread: float) -> float:
        p = LightCorrection(weight, offset, float(np.exp(log_spread))).tones(calibration)
        return _surprise(p, held)

    found = minimize_scalar(surprise, bounds=(np.log(0.3), np.log(30)), method="bounded")
    return LightCorrection(weight, offset, float(np.exp(found.x)))


def expected_calibration_error(p: NDArray[np.floating], truth: NDArray[np.int64]) -> float:
    """Mean gap between confidence and accuracy over 15 equal bins (Naeini et al., 2015): 0..1."""
    confidence = p.max(1)
    right = p.argmax(1) == truth
    index = np.minimum((confidence * 15).astype(np.int64), 14)
    gap = np.abs(np.bincount(index, right - confidence, 15))
    return float(gap.sum() / len(p))


def _temperature(logits: NDArray[np.float32], truth: NDArray[np.int64]) -> float:
    found = minimize_scalar(
        lambda log_t: _surprise(softmax(logits / np.exp(log_t)), truth),
        bounds=(np.log(0.2), np.log(5)),
        method="bounded",
    )
    return float(np.exp(found.x))


def _surprise(p: Floats, truth: NDArray[np.int64]) -> float:
    """Mean negative log likelihood of the truth."""
    return float(-np.log(p[np.arange(len(p)), truth] + 1e-12).mean())
