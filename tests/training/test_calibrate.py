"""Calibration finds what was put in."""

import numpy as np
import pytest

from pipeline.attributes.color import monk_lab
from pipeline.attributes.heads_scorer import Perception, softmax
from pipeline.attributes.network import CLASS_HEADS
from pipeline.attributes.skin import FEATURES, SkinColor
from pipeline.attributes.taxonomy import BY_NAME
from pipeline.training.calibrate import (
    class_truth,
    expected_calibration_error,
    fit_correction,
    fit_temperatures,
)


def test_overconfident_logits_are_cooled_to_the_truth() -> None:
    rng = np.random.default_rng(0)
    logits, labels = {}, {}
    for name in CLASS_HEADS:
        honest = rng.normal(0, 2, (3000, len(BY_NAME[name].classes)))
        gumbel = rng.gumbel(size=honest.shape)
        labels[name] = (honest + gumbel).argmax(1)
        logits[name] = (3 * honest).astype(np.float32)
    labels["age"] = labels["age"] * 5 + 2.0
    empty = SkinColor(np.zeros((0, 3)), np.zeros((0, len(FEATURES))), np.zeros(0))
    found = fit_temperatures(Perception(logits, {}, empty), labels)
    assert all(t == pytest.approx(3, rel=0.1) for t in found.values())
    truth = class_truth("hair_color", labels)
    before = expected_calibration_error(softmax(logits["hair_color"]), truth)
    after = expected_calibration_error(softmax(logits["hair_color"] / 3), truth)
    assert after < 0.03 < before


def test_the_light_correction_undoes_an_affine_light() -> None:
    rng = np.random.default_rng(0)
    tone = rng.uniform(1, 10, 800)
    lit = 0.8 * monk_lab(tone) + [3.0, 2.0, -4.0]
    features = rng.normal(0, 5, (800, len(FEATURES)))
    features[:, [1, 4, 7]] = lit
    correction = fit_correction(features[:600], tone[:600], features[600:], tone[600:])
    p = correction.tones(features[600:])
    right = p.argmax(1) + 1 == np.rint(tone[600:])
    assert right.mean() > 0.9
    assert correction.spread < 5


def test_truth_falls_into_bands() -> None:
    labels = {"age": np.array([4.9, 5.0, 99.0]), "skin_tone": np.array([1.2, 9.6, 10.0])}
    assert class_truth("age", labels).tolist() == [0, 1, 19]
    assert class_truth("skin_tone", labels).tolist() == [0, 9, 9]
