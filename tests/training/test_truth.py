"""Truth as classes and as shares of them."""

import numpy as np

from pipeline.training.truth import class_target, class_truth


def test_truth_falls_into_bands() -> None:
    labels = {"age": np.array([4.9, 5.0, 99.0]), "skin_tone": np.array([1.2, 9.6, 10.0])}
    assert class_truth("age", labels).tolist() == [0, 1, 19]
    assert class_truth("skin_tone", labels).tolist() == [0, 9, 9]


def test_targets_are_certain_but_for_presentation() -> None:
    labels = {"glasses": np.array([1, 0]), "masculinity": np.array([0.5, 1.0])}
    assert class_target("glasses", labels).tolist() == [[0, 1], [1, 0]]
    presentation = class_target("gender_presentation", labels)
    assert presentation[0].tolist() == [0.5, 0.5]
    assert presentation[1, 1] > 0.999
