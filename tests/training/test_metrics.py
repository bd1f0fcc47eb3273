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
    labels["masculinity"] = np.where(np.arange(count) % 2, 0.1, 0.9)
    values, probabilities = dict(labels), {}
    for attribute in ATTRIBUTES:
        if attribute.kind == "class":
            labels[attribute.name] = rng.integers(0, len(attribute.classes), count)
            if attribute.name == "gender_presentation":
                labels[attribute.name] = (labels["masculinity"] > 0.5).astype(np.int64)
            values[attribute.name] = labels[attribute.name]
        if attribute.classes:
            index = labels[attribute.name]
            if attribute.name == "age":
                index = (index // 5).astype(int)
            if attribute.name == "skin_tone":
                index = index.astype(int) - 1
            probabilities[attribute.name] = np.eye(len(attribute.classes), dtype=np.float32)[index]
    marks = points(count).astype(np.float32)
    return Scores({**values, "ita": np.zeros(count)}, probabilities, {}, marks), labels


def points(count: int) -> np.ndarray:
    """Landmarks with the eyes' outer corners half a side apart."""
    found = np.full((count, 68, 2), 0.5)
    found[:, 36, 0], found[:, 45, 0] = 0.25, 0.75
    return found


def test_perfect_scores_have_perfect_figures() -> None:
    scores, labels = perfect(300)
    found = judge(scores, labels, points(300), seed=0)
    assert found["count"] == 300
    assert found["numbers"]["yaw"] == {"mae": [0, 0, 0], "r2": [1, 1, 1], "bias": 0}
    for figures in found["classes"].values():
        assert figures["accuracy"] == [1, 1, 1]
        assert figures["ece"][0] < 0.001
        confusion = np.array(figures["confusion"])
        assert confusion.sum() == np.trace(confusion) == 300
    assert found["classes"]["age"]["classes"][-1] == "90-99"
    assert all(figures["accuracy"] == [1, 1, 1] for figures in found["bins"].values())
    assert found["presentation"]["outside"] == [1, 1, 1]
    assert found["presentation"]["inside_count"] == 0
    assert found["landmarks"]["frontal"] == found["landmarks"]["all"] == [0, 0, 0]
    assert found["groups"][0]["count"] == 300


def test_errors_show_in_figures_intervals_and_confusion() -> None:
    scores, labels = perfect(400)
    values = {**scores.values, "age": np.minimum(np.asarray(labels["age"]) + 2, 99)}
    p = dict(scores.probabilities)
    p["glasses"] = p["glasses"].copy()
    p["glasses"][:40] = p["glasses"][:40, ::-1]
    values["skin_tone"] = np.asarray(values["skin_tone"]) - 1
    p["skin_tone"] = np.roll(p["skin_tone"], -1, 1)
    found = judge(Scores(values, p, {}), labels, points(400), seed=0)
    assert found["landmarks"] == {}
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


def test_landmark_errors_are_shares_of_the_distance_of_the_eyes() -> None:
    scores, labels = perfect(60)
    labels["yaw"] = np.where(np.arange(60) < 20, 40.0, 5.0)
    truth = points(60)
    truth[:20, 45, 0] = 0.5  # turned away: half as far apart
    moved = truth + np.array([0.005, 0])
    found = judge(
        Scores(scores.values, scores.probabilities, {}, moved.astype(np.float32)), labels, truth, 0
    )
    assert found["landmarks"]["frontal_count"] == 40
    assert np.allclose(found["landmarks"]["frontal"], 0.01)
    assert np.isclose(found["landmarks"]["all"][0], 0.0133, atol=1e-4)


def test_presentation_is_judged_apart_from_its_middle() -> None:
    scores, labels = perfect(100)
    labels["masculinity"] = np.where(np.arange(100) < 40, 0.5, labels["masculinity"])
    p = {**scores.probabilities, "gender_presentation": np.full((100, 2), 0.5, np.float32)}
    p["gender_presentation"][40:] = scores.probabilities["gender_presentation"][40:]
    p["gender_presentation"][90:] = p["gender_presentation"][90:, ::-1]
    p["gender_presentation"][:20, 1] = 0.7
    found = judge(Scores(scores.values, p, {}), labels, points(100), 0)["presentation"]
    assert found["outside"][0] == round(50 / 60, 4)
    assert found["inside_count"] == 40
    assert np.isclose(found["inside_gap"][0], 0.1)


def test_agreement_compares_two_scores_of_the_same_people() -> None:
    scores, _ = perfect(50)
    other = Scores({**scores.values, "yaw": np.asarray(scores.values["yaw"]) + 3}, {}, {})
    found = agreement(scores, other)
    assert found["count"] == 50
    assert found["yaw"] == 3
    assert found["glasses"] == 1
