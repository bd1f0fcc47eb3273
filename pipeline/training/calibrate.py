"""Fit what turns a trained network's readings into honest scores: temperatures, light, spread."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize, minimize_scalar

from pipeline.attributes.color import monk_lab
from pipeline.attributes.heads_scorer import softmax
from pipeline.attributes.heads_weights import REALISM
from pipeline.attributes.network import CLASS_HEADS, DOUBT
from pipeline.attributes.perception import Perception
from pipeline.attributes.skin import LightCorrection
from pipeline.training.draws import Labels, tone_class
from pipeline.training.truth import class_target

Floats = NDArray[np.float64]

RIDGE = 1e-3
"""Pull of the correction's weights towards zero, per image and per standard deviation."""

CERTAINTY_PULL = 1.0
"""Pull of the certainty's weights towards zero, per standard deviation of a feature: with 0.3 to 3
images that it was not fitted to are the likeliest; 0.03 follows the noise of 6,000."""

EVEN_PULL = 10.0
"""Weight of the squared gaps between confidence and accuracy of the calibration's distributions."""

_BOUNDS = (np.log(0.2), np.log(5))
"""Logarithms between which temperatures are sought."""


def fit_certainty(
    seen: Perception, labels: Labels, drawn: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How sure each class head may be of an image, from the features that it reads.

    One temperature fits neither sharp nor blurred pictures, neither common nor rare people. The
    logarithm of the logits' factor is linear in the features (adaptive temperature scaling, Joy et
    al., 2023), found by maximum likelihood on images not trained on. Likelihood alone leaves heads
    too sure of hard conditions and too modest about clean pictures, which the features do not tell
    apart for certain: the gap between mean confidence and accuracy of each distribution is held
    down, too (after Kumar et al., 2018, with the distributions in place of their kernel).

    Args:
        seen: of proper images, with the network's `certainty` at zero.
        labels: their truth.
        drawn: int64 [M], index of the distribution that each image was drawn from.

    Returns:
        float32 [H, F] and [H], weight and bias for the H CLASS_HEADS.
    """
    mean, scale = seen.features.mean(0), seen.features.std(0) + 1e-3
    x = ((seen.features - mean) / scale).astype(np.float64)
    count = np.bincount(drawn)
    parts = np.eye(len(count))[drawn].T / np.maximum(count, 1)[:, None]
    found = [
        _certainty(x, seen.logits[name], class_target(name, labels), parts) for name in CLASS_HEADS
    ]
    weight = np.stack([slope / scale for slope, _ in found])
    bias = np.array([level for _, level in found]) - weight @ mean
    return weight.astype(np.float32), bias.astype(np.float32)


def fit_temperatures(seen: Perception, labels: Labels, broken: Perception) -> dict[str, float]:
    """One temperature a head, by maximum likelihood on images not trained on (Guo et al., 2017).

    Args:
        seen: of proper images.
        labels: their truth.
        broken: of bad pictures; together they set the temperature of realism.
    """
    found = {
        name: temperature(seen.logits[name], class_target(name, labels)) for name in CLASS_HEADS
    }
    logit = np.concatenate([seen.realism, broken.realism])
    proper = np.arange(len(logit)) < len(seen.realism)
    two = np.stack([np.zeros_like(logit), logit], 1)
    return {**found, REALISM: temperature(two, np.eye(2)[proper.astype(np.int64)])}


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
    held = np.eye(10)[tone_class(truth)]

    def surprise(log_spread: float) -> float:
        p = LightCorrection(weight, offset, float(np.exp(log_spread))).tones(calibration)
        return _surprise(p, held)

    found = minimize_scalar(surprise, bounds=(np.log(0.3), np.log(30)), method="bounded")
    return LightCorrection(weight, offset, float(np.exp(found.x)))


def fit_trust(
    logits: NDArray[np.float32], tones: Floats, truth: NDArray[np.generic]
) -> tuple[float, float]:
    """How the network's and the colour's word on skin tones are weighed, by maximum likelihood.

    Args:
        logits: float32 [M, 10], the network's, of images not trained on.
        tones: float64 [M, 10], probabilities by colour.
        truth: [M], the true tones.

    Returns:
        The temperature of the logits and the trust in the colour, 0 or more.
    """
    held, colour = np.eye(10)[tone_class(truth)], np.log(tones + 1e-6)

    def surprise(x: Floats) -> float:
        return _surprise(softmax(logits / np.exp(x[0]) + np.exp(x[1]) * colour), held)

    found = minimize(surprise, np.array([0.0, -1.0]), bounds=[_BOUNDS, (-7, 1)], method="Powell")
    return float(np.exp(found.x[0])), float(np.exp(found.x[1]))


def expected_calibration_error(p: NDArray[np.floating], target: NDArray[np.floating]) -> float:
    """Mean gap between confidence and accuracy over 15 equal bins (Naeini et al., 2015): 0..1.

    Args:
        p: [B, C], rows sum to 1.
        target: [B, C], likewise: how far each class is right; one 1 a row where truth is a class.
    """
    guess = p.argmax(1)
    confidence = p.max(1)
    right = target[np.arange(len(p)), guess]
    index = np.minimum((confidence * 15).astype(np.int64), 14)
    gap = np.abs(np.bincount(index, right - confidence, 15))
    return float(gap.sum() / max(len(p), 1))


def _certainty(
    x: Floats, logits: NDArray[np.floating], truth: Floats, parts: Floats
) -> tuple[Floats, float]:
    """Slope [F] and level of the logarithm of the logits' factor at features x [M, F].

    Rows of parts, [P, M], take the mean over one distribution each.
    """
    rows, guess = np.arange(len(x)), logits.argmax(1)
    right, highest = truth[rows, guess], logits.max(1)

    def cost(at: Floats) -> tuple[float, Floats]:
        log_factor = x @ at[:-1] + at[-1]
        factor = np.exp(log_factor.clip(-DOUBT, DOUBT))
        p = softmax(factor[:, None] * logits)
        gap = parts @ (p[rows, guess] - right)
        rise = p[rows, guess] * (highest - (p * logits).sum(1))  # of the confidence by the factor
        steep = ((p - truth) * logits).sum(1) / len(x) + 2 * EVEN_PULL * (gap @ parts) * rise
        steep *= factor * (np.abs(log_factor) < DOUBT)
        pull = CERTAINTY_PULL * at[:-1]
        value = _surprise(p, truth) + float(pull @ at[:-1] + EVEN_PULL * gap @ gap)
        return value, np.append(steep @ x + 2 * pull, steep.sum())

    found = minimize(cost, np.zeros(x.shape[1] + 1), jac=True, method="L-BFGS-B").x
    return found[:-1], float(found[-1])


def temperature(logits: NDArray[np.floating], target: NDArray[np.floating]) -> float:
    """What to divide logits [B, C] by, by the likelihood of target [B, C], shares of classes."""
    found = minimize_scalar(
        lambda log_t: _surprise(softmax(logits / np.exp(log_t)), target),
        bounds=_BOUNDS,
        method="bounded",
    )
    return float(np.exp(found.x))


def _surprise(p: Floats, target: NDArray[np.floating]) -> float:
    """Cross-entropy: mean negative log likelihood of the target."""
    return float(-(target * np.log(p + 1e-12)).sum(1).mean())
