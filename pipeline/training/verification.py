"""Judge embeddings: are pictures of a person told from those of others, and of whom better?"""

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.training.draws import Labels
from pipeline.training.groups import GROUPS
from pipeline.training.intervals import interval

FALSE_ALARMS = 1e-3
"""Share of pairs of different people above the limit."""

YOUNGER, OLDER = 10, 30
"""Years between two pictures from which they count as aged, and as far aged."""

TURNED = 30
"""Degrees by which the head is turned between two pictures, from which they count as turned."""

Floats = NDArray[np.float64]


def cosines(found: NDArray[np.float32]) -> Floats:
    """Of every two views of every two people: [P, V, E] to float64 [pairs of views, P, P].

    The diagonal of each matrix holds pairs of pictures of one person.
    """
    pairs = combinations(range(found.shape[1]), 2)
    return np.stack([found[:, a].astype(np.float64) @ found[:, b].T for a, b in pairs])


def limit_of(alike: Floats) -> float:
    """The cosine that FALSE_ALARMS of the pairs of different people exceed.

    Args:
        alike: as `cosines` gives them.
    """
    apart = ~np.eye(alike.shape[1], dtype=bool)
    return round(float(np.quantile(alike[:, apart], 1 - FALSE_ALARMS)), 4)


def verification(alike: Floats, known: Labels, limit: float, seed: int) -> dict[str, Any]:
    """How often two pictures of a person lie above the limit, and those of others below it.

    Args:
        alike: cosines [pairs of views, P, P], of people not learned from.
        known: the truth of their pictures, name -> [P, V].
        limit: cosine.
        seed: of the bootstrap, which draws people.

    Returns:
        name -> [share, low, high]. Pairs of a person's pictures above the limit: `same`, all of
        them; `same_age`, up to two years apart; `aged` and `far_aged`, from ten and from thirty;
        `turned`, heads 30 degrees apart. Pairs of different people below it: `apart`; `similar`, of
        one presentation, up to one tone and five years apart.
        equal_error: the error where both kinds are as frequent. groups: rows of attribute, group,
        people, same and apart (both within the group).
    """
    rng = np.random.default_rng(seed)
    pairs = list(combinations(range(np.asarray(known["age"]).shape[1]), 2))
    above = limit < np.diagonal(alike, axis1=1, axis2=2).T
    years, turn = (_gaps(np.asarray(known[name]), pairs) for name in ("age", "yaw"))
    below = alike[0] <= limit
    others = ~np.eye(len(below), dtype=bool)
    first = {name: np.asarray(values, np.float64)[:, 0] for name, values in known.items()}
    similar = others & (_apart(first["gender_presentation"]) == 0)
    similar &= (_apart(first["skin_tone"]) <= 1) & (_apart(first["age"]) <= 5)
    return {
        "same": _share(above, np.ones_like(above), rng),
        "same_age": _share(above, years <= 2, rng),
        "aged": _share(above, years >= YOUNGER, rng),
        "far_aged": _share(above, years >= OLDER, rng),
        "turned": _share(above, turn >= TURNED, rng),
        "apart": _share(below, others, rng),
        "similar": _share(below, similar, rng),
        "equal_error": equal_error(alike),
        "groups": _groups(above, below, first, rng),
    }


def _groups(
    above: NDArray[np.bool_],
    below: NDArray[np.bool_],
    first: Mapping[str, Floats],
    rng: np.random.Generator,
) -> list[dict[str, Any]]:
    """Rows of every group with two people or more, strangers within the group."""
    found = []
    for attribute, groups in GROUPS.items():
        for label, low, high in groups:
            rows = np.flatnonzero((first[attribute] >= low) & (first[attribute] < high))
            if len(rows) > 1:
                own, others = above[rows], ~np.eye(len(rows), dtype=bool)
                found.append(
                    {
                        "attribute": attribute,
                        "group": label,
                        "people": len(rows),
                        "same": _share(own, np.ones_like(own), rng),
                        "apart": _share(below[np.ix_(rows, rows)], others, rng),
                    }
                )
    return found


def equal_error(alike: Floats) -> float:
    """The share of wrong answers at the cosine where both kinds of error are as frequent."""
    one = np.eye(alike.shape[1], dtype=bool)
    same, other = np.sort(alike[:, one], None), np.sort(alike[:, ~one], None)
    missed = np.arange(1, len(same) + 1) / len(same)
    alarms = 1 - np.searchsorted(other, same) / len(other)
    at = int(np.abs(missed - alarms).argmin())
    return round(float((missed[at] + alarms[at]) / 2), 4)


def _share(
    hits: NDArray[np.bool_], counted: NDArray[np.bool_], rng: np.random.Generator
) -> list[float]:
    """Share of the counted pairs that are hits; [P, K] each, people resampled."""
    right, count = (hits & counted).sum(1), counted.sum(1)
    return interval(
        lambda rows: float(right[rows].sum() / max(count[rows].sum(), 1)), len(hits), rng
    )


def _gaps(values: NDArray[np.generic], pairs: list[tuple[int, int]]) -> Floats:
    """Differences between two views: [P, V] to float64 [P, pairs]."""
    numbers = values.astype(np.float64)
    return np.stack([np.abs(numbers[:, a] - numbers[:, b]) for a, b in pairs], 1)


def _apart(values: NDArray[np.generic]) -> Floats:
    """Differences between people: [P] to float64 [P, P]."""
    numbers = values.astype(np.float64)
    return np.abs(numbers[:, None] - numbers)
