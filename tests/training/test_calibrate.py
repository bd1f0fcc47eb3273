"""Calibration finds what was put in."""

import numpy as np
import pytest

from pipeline.attributes.color import monk_lab
from pipeline.attributes.heads_scorer import softmax
from pipeline.attributes.heads_weights import REALISM
from pipeline.attributes.network import CLASS_HEADS
from pipeline.attributes.perception import Perception
from pipeline.attributes.skin import FEATURES, SkinColor
from pipeline.attributes.taxonomy import BY_NAME
from pipeline.training.calibrate import (
    expected_calibration_error,
    fit_certainty,
    fit_correction,
    fit_temperatures,
    fit_trust,
)
from pipeline.training.truth import class_target


def perception(
    logits: dict[str, np.ndarray], realism: np.ndarray, features: np.ndarray | None = None
) -> Perception:
    empty = SkinColor(np.zeros((0, 3)), np.zeros((0, len(FEATURES))), np.zeros(0))
    points = np.zeros((0, 68, 2), np.float32)
    features = np.zeros((0, 0), np.float32) if features is None else features
    return Perception(logits, features, {}, realism, points, empty)


def test_overconfident_logits_are_cooled_to_the_truth() -> None:
    rng = np.random.default_rng(0)
    logits, labels = {}, {}
    for name in CLASS_HEADS:
        honest = rng.normal(0, 2, (3000, len(BY_NAME[name].classes)))
        gumbel = rng.gumbel(size=honest.shape)
        labels[name] = (honest + gumbel).argmax(1)
        logits[name] = (3 * honest).astype(np.float32)
    labels["age"] = labels["age"] * 5 + 2.0
    labels["skin_tone"] = labels["skin_tone"] + 1
    labels["masculinity"] = labels["gender_presentation"] * 1.0
    realism = rng.normal(0, 2, 3000)
    proper = rng.random(3000) < 1 / (1 + np.exp(-realism))
    found = fit_temperatures(
        perception(logits, 3 * realism[proper]), labels, perception({}, 3 * realism[~proper])
    )
    assert found.keys() == {*CLASS_HEADS, REALISM}
    assert all(t == pytest.approx(3, rel=0.1) for t in found.values())
    truth = class_target("hair_color", labels)
    before = expected_calibration_error(softmax(logits["hair_color"]), truth)
    after = expected_calibration_error(softmax(logits["hair_color"] / 3), truth)
    assert after < 0.03 < before


def test_each_image_gets_the_certainty_that_its_features_tell() -> None:
    rng = np.random.default_rng(0)
    told = rng.normal(3, 2, (6000, 5))
    doubt = np.exp(0.35 * (told[:, 1] - 3) + 0.4)[:, None]
    # As in a network, many features tell of the same.
    features = np.repeat(told, 20, 1).astype(np.float32)
    logits, labels = {}, {}
    for name in CLASS_HEADS:
        honest = rng.normal(0, 3, (6000, len(BY_NAME[name].classes)))
        labels[name] = (honest + rng.gumbel(size=honest.shape)).argmax(1)
        logits[name] = (doubt * honest).astype(np.float32)
    labels["age"] = labels["age"] * 5 + 2.0
    labels["skin_tone"] = labels["skin_tone"] + 1
    labels["masculinity"] = labels["gender_presentation"] * 1.0
    weight, bias = fit_certainty(
        perception(logits, np.zeros(0), features), labels, np.arange(6000) % 3
    )
    assert weight.shape == (len(CLASS_HEADS), 100)
    name = "hair_color"
    row = CLASS_HEADS.index(name)
    factor = np.exp(features @ weight[row] + bias[row])
    assert np.corrcoef(np.log(factor), np.log(doubt[:, 0]))[0, 1] < -0.95
    # One temperature is right on average, and wrong for the surest and the least sure.
    surest = doubt[:, 0] > np.quantile(doubt, 0.8)
    truth = class_target(name, labels)[surest]
    cooled = logits[name][surest] / np.median(doubt)
    own = logits[name][surest] * factor[surest, None]
    assert expected_calibration_error(softmax(own), truth) < 0.05
    assert expected_calibration_error(softmax(cooled), truth) > 0.08


def test_confidence_is_right_on_average_in_every_distribution_it_is_fitted_to() -> None:
    rng = np.random.default_rng(0)
    drawn = np.repeat([0, 1], [2000, 2000])
    # A feature that tells the distributions apart, but not for certain.
    features = np.repeat(drawn[:, None] + rng.normal(0, 0.6, (4000, 1)), 20, 1).astype(np.float32)
    logits, labels = {}, {}
    for name in CLASS_HEADS:
        honest = rng.normal(0, 3, (4000, len(BY_NAME[name].classes)))
        labels[name] = (honest + rng.gumbel(size=honest.shape)).argmax(1)
        logits[name] = (np.where(drawn, 1.6, 1.0)[:, None] * honest).astype(np.float32)
    labels["age"] = labels["age"] * 5 + 2.0
    labels["skin_tone"] = labels["skin_tone"] + 1
    labels["masculinity"] = labels["gender_presentation"] * 1.0
    truth, row = class_target("expression", labels), CLASS_HEADS.index("expression")

    def gaps(groups: np.ndarray) -> list[float]:
        seen = perception(logits, np.zeros(0), features)
        weight, bias = fit_certainty(seen, labels, groups)
        factor = np.exp(features @ weight[row] + bias[row])[:, None]
        p = softmax(logits["expression"] * factor)
        off = p.max(1) - truth[np.arange(4000), p.argmax(1)]
        return [abs(float(off[drawn == one].mean())) for one in (0, 1)]

    alone, each = gaps(np.zeros(4000, np.int64)), gaps(drawn)
    assert max(each) < 0.03
    assert max(each) < 0.7 * max(alone)


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


def test_the_better_witness_of_skin_tone_is_trusted_more() -> None:
    rng = np.random.default_rng(0)
    tone = rng.integers(1, 11, 1500)
    sure = rng.normal(0, 1, (1500, 10))
    sure[np.arange(1500), tone - 1] += 4
    vague = softmax(rng.normal(0, 1, (1500, 10)))
    heat, trust = fit_trust(sure.astype(np.float32), vague, tone)
    assert trust < 0.1
    assert heat < 0.5
    _, trust = fit_trust(np.log(vague).astype(np.float32), softmax(sure), tone)
    assert trust > 0.5
