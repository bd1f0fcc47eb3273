"""Figures of scores whose errors are known."""

import numpy as np

from pipeline.attributes.network import NUMBER_HEADS
from pipeline.attributes.scorer import Scores
from pipeline.attributes.taxonomy import ATTRIBUTES
from pipeline.training.metrics import agreement, judge


def perfect(count: int) -> tuple[Scores, dict[str, np.ndarray]]:
    """Scores that know the truth, and it."""
    rng = np.random.default_rng(0)
    labels: dict[str, np.ndarray] = {"age": rng.uniform(0, 99, count)}
    labels["skin_tone"] = rng.integers(1, 11, count).astype(np.float64)
    labels |= {name: rng.normal(size=count) for name in NUMBER_HEADS}
    values, probabilities = dict(labels), {}
    for attribute in ATTRIBUTES:
        if attribute.kind == "class":
            labels[attribute.name] = rng.integers(0, len(attribute.classes), count)
            values[attribute.name] = labels[attribute.name]
        if attribute.classes:
            index = labels[attribute.name]
            if attribute.name == "age":
                index = (index // 5).astype(int)
            if attribute.name == "skin_tone":
                index = index.astype(int) - 1
            probabilities[attribute.name] = np.eye(len(attribute.classes), dtype=np.float32)[index]
    return Scores({**values, "ita": np.zeros(count)}, probabilities, {}), labels


def test_perfect_scores_have_perfect_figures() -> None:
    scores, labels = perfect(300)
    found = judge(scores, labels, seed=0)
    assert found["count"] == 300
    assert found["numbers"]["yaw"] == {"mae": [0, 0, 0], "r2": [1, 1, 1], "bias": 0}
    for figures in found["classes"].values():
        assert figures["accuracy"] == [1, 1, 1]
        assert figures["ece"] == 0
        confusion = np.array(figures["confusion"])
        assert confusion.sum() == np.trace(confusion) == 300
    assert found["classes"]["age"]["classes"][-1] == "90-99"
    assert all(figures["accuracy"] == [1, 1, 1] for figures in found["bins"].values())
    assert [g["group"] for g in found["groups"]][:3] == ["1-3", "4-6", "7-10"]
    assert sum(g["count"] for g in found["groups"] if g["attribute"] == "age") == 300


def test_errors_show_in_figures_intervals_and_confusion() -> None:
    scores, labels = perfect(400)
    values = {**scores.values, "age": np.minimum(np.asarray(labels["age"]) + 2, 99)}
    p = dict(scores.probabilities)
    p["glasses"] = p["glasses"].copy()
    p["glasses"][:40] = p["glasses"][:40, ::-1]
    values["skin_tone"] = np.asarray(values["skin_tone"]) - 1
    p["skin_tone"] = np.roll(p["skin_tone"], -1, 1)
    found = judge(Scores(values, p, {}), labels, seed=0)
    mae, low, high = found["numbers"]["age"]["mae"]
    assert low <= mae <= high
    assert 1.8 < mae <= 2
    assert found["numbers"]["age"]["bias"] > 1.8
    right, low, high = found["classes"]["glasses"]["accuracy"]
    assert right == 0.9
    assert low < 0.9 < high
    tones = found["classes"]["skin_tone"]
    assert tones["accuracy"][0] == 0
    assert 0.8 < tones["within_one"][0] < 1  # tone 1 was scored as 10
    ages = found["bins"]["age"]
    assert ages["bins"] == ["18-29", "30-44", "45-59", "60-80", "none"]
    assert 0.8 < ages["accuracy"][0] < 1
    assert ages["confusion"][0][1] > 0  # 29 was scored as 31
    assert sum(map(sum, ages["confusion"])) == 400


def test_agreement_compares_two_scores_of_the_same_people() -> None:
    scores, _ = perfect(50)
    other = Scores({**scores.values, "yaw": np.asarray(scores.values["yaw"]) + 3}, {}, {})
    found = agreement(scores, other)
    assert found["count"] == 50
    assert found["yaw"] == 3
    assert found["glasses"] == 1
