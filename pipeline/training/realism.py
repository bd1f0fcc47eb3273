"""Judge how well realism tells proper faces from bad pictures, kind by kind."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from pipeline.training.augment import hard_conditions
from pipeline.training.corruptions import HELD_OUT, TRAINED, Kind, corrupted
from pipeline.training.intervals import RESAMPLES
from pipeline.training.renders import Renders

EACH = 100
"""Bad pictures of each kind, in good conditions and again in hard ones; of few renders fewer."""

KEPT = 0.99
"""Share of proper faces above the limit that the figures are given for."""

Floats = NDArray[np.floating]
Score = Callable[[NDArray[np.uint8]], Floats]
"""Realism of images: uint8 [B, S, S, 3] to [B]."""


def realism_figures(score: Score, natural: Renders, hard: Renders, seed: int) -> dict[str, Any]:
    """Areas under the ROC curve, [area, low, high], of each kind of bad picture and of all.

    Proper faces are the natural held-out ones as they are and the hard ones in hard conditions;
    bad pictures are made from both. `limit` is the realism that all but 1 % of the proper faces
    reach; `refused` the share of a kind that lies under it.
    """
    rng = np.random.default_rng(seed)
    proper = np.concatenate([score(natural.images), score(hard_conditions(hard.images))])
    limit = float(np.quantile(proper, 1 - KEPT))
    found: dict[str, Any] = {"proper": len(proper), "limit": round(limit, 4)}
    for title, kinds in (("trained", TRAINED), ("held_out", HELD_OUT)):
        bad = {
            name: np.concatenate(
                [
                    score(bad_pictures(natural, kind, rng)),
                    score(hard_conditions(bad_pictures(hard, kind, rng))),
                ]
            )
            for name, kind in kinds.items()
        }
        found[title] = _figures(proper, {"all": np.concatenate(list(bad.values())), **bad}, rng)
    return found


def bad_pictures(renders: Renders, kind: Kind, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Pictures of one kind from renders drawn at random: uint8 [EACH, S, S, 3]."""
    count = len(renders.images)
    rows = rng.integers(0, count, min(EACH, count))
    return np.stack([corrupted(renders, int(row), kind, rng) for row in rows])


def area_under_curve(proper: Floats, bad: Floats) -> float:
    """How often a proper face ranks above a bad picture, ties half (Mann and Whitney, 1947)."""
    ranks = rankdata(np.concatenate([proper, bad]))[: len(proper)]
    return float((ranks.mean() - (len(proper) + 1) / 2) / len(bad))


def _figures(proper: Floats, bad: Mapping[str, Floats], rng: np.random.Generator) -> dict[str, Any]:
    limit = np.quantile(proper, 1 - KEPT)
    return {
        name: {
            "auc": _area_interval(proper, values, rng),
            "refused": round(float((values < limit).mean()), 4),
        }
        for name, values in bad.items()
    }


def _area_interval(proper: Floats, bad: Floats, rng: np.random.Generator) -> list[float]:
    spread = [
        area_under_curve(rng.choice(proper, len(proper)), rng.choice(bad, len(bad)))
        for _ in range(RESAMPLES)
    ]
    low, high = np.percentile(spread, [2.5, 97.5])
    return [round(area_under_curve(proper, bad), 4), round(float(low), 4), round(float(high), 4)]
