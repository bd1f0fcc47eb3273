"""Figures of groups that are scored unlike."""

import numpy as np
from test_metrics import perfect

from pipeline.attributes.scorer import Scores
from pipeline.training.groups import group_figures


def test_perfect_scores_flag_nobody() -> None:
    scores, labels = perfect(400)
    rows = group_figures(scores, labels, np.random.default_rng(0))
    assert [row["group"] for row in rows][:4] == ["", "1-3", "4-6", "7-10"]
    assert sum(row["count"] for row in rows if row["attribute"] == "age") == 400
    for row in rows:
        assert row["behind"] == []
        assert all(share == [1, 1, 1] for share in row["shares"].values())
        assert row["age_mae"] == [0, 0, 0]


def test_a_group_that_is_read_worse_is_flagged() -> None:
    scores, labels = perfect(600)
    p = {**scores.probabilities, "glasses": scores.probabilities["glasses"].copy()}
    dark = np.flatnonzero(labels["skin_tone"] > 6.5)[::4]
    p["glasses"][dark] = p["glasses"][dark, ::-1]
    rows = group_figures(Scores(scores.values, p, {}), labels, np.random.default_rng(0))
    behind = {f"{row['attribute']} {row['group']}": row["behind"] for row in rows}
    assert behind["skin_tone 7-10"] == ["glasses"]
    assert behind["skin_tone 1-3"] == behind["everybody "] == []
