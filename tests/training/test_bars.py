"""Figures against what they should reach."""

import copy
from typing import Any

from pipeline.attributes.network import CLASS_HEADS, NUMBER_HEADS
from pipeline.training.bars import bars
from pipeline.training.sets import HELD_OUT


def card() -> dict[str, Any]:
    """A card of a scorer without fault."""
    right = {"accuracy": [1.0] * 3, "within_one": [1.0] * 3, "ece": [0.01, 0.0, 0.02]}
    held = {
        "numbers": {name: {"mae": [0.0] * 3} for name in ("age", *NUMBER_HEADS)},
        "classes": dict.fromkeys(CLASS_HEADS, right),
        "presentation": {"outside": [1.0] * 3},
        "landmarks": {"frontal": [0.01] * 3},
    }
    areas = {kinds: {"all": {"auc": [1.0] * 3}} for kinds in ("trained", "held_out")}
    return {"held_out": {name: copy.deepcopy(held) for name in HELD_OUT}, "realism": areas}


def test_a_scorer_without_fault_reaches_every_bar() -> None:
    assert all(one.reached for one in bars(card()))


def test_what_falls_short_is_named() -> None:
    poor = card()
    poor["held_out"]["hard"]["numbers"]["yaw"]["mae"] = [3.2, 3.0, 3.4]
    poor["held_out"]["natural"]["classes"]["expression"] = {"ece": [0.04, 0.03, 0.05]}
    short = [one.title for one in bars(poor) if not one.reached]
    assert short == ["yaw, mean error in degrees", "worst calibration error (expression, natural)"]
