"""Turn readings into columns of numbers: one for each number, one for each class."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.scorer import Scores
from pipeline.attributes.taxonomy import BY_NAME

MOST_SURE = 0.998
"""The most that a class's probability counts: log-odds end at about 6."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Reading:
    """A number, or one class of an attribute, by its index."""

    attribute: str
    index: int | None = None

    @property
    def label(self) -> str:
        """`age`, or `expression=smile`."""
        entry = BY_NAME[self.attribute]
        return self.attribute if self.index is None else f"{entry.name}={entry.classes[self.index]}"

    @property
    def unit(self) -> str:
        """What `reading` counts in; empty for shares of a range, 0..1."""
        if self.index is not None:
            return "log-odds"
        entry = BY_NAME[self.attribute]
        return entry.unit or ("tones" if entry.single_units else "")

    def column(self, values: Mapping[str, NDArray[np.generic]]) -> Floats:
        """The number, or 1 where the class is read and 0 elsewhere: [N] values to float64 [N]."""
        plain = values[self.attribute].astype(np.float64)
        return plain if self.index is None else (plain == self.index).astype(np.float64)

    def share(self, scores: Scores) -> Floats:
        """The number, or the probability of the class: float64 [B]."""
        if self.index is None:
            return self.column(scores.values)
        return _probabilities(scores, self.attribute)[:, self.index]

    def reading(self, scores: Scores) -> Floats:
        """The number, or the log-odds of the class against the likeliest other: float64 [B].

        A class is the one that is read where they are above 0.
        """
        if self.index is None:
            return self.column(scores.values)
        odds = np.clip(_probabilities(scores, self.attribute), 1 - MOST_SURE, MOST_SURE)
        found: Floats = np.log(odds[:, self.index] / np.delete(odds, self.index, 1).max(1))
        return found


def readings_of(names: Collection[str]) -> tuple[Reading, ...]:
    """Every reading of these attributes, in the order of the taxonomy.

    Of two classes there is the second one alone: the first is its opposite.
    """
    found: list[Reading] = []
    for name, entry in BY_NAME.items():
        if name not in names:
            continue
        if entry.kind == "number":
            found.append(Reading(name))
        else:
            first = 1 if len(entry.classes) == 2 else 0
            found += [Reading(name, i) for i in range(first, len(entry.classes))]
    return tuple(found)


def _probabilities(scores: Scores, name: str) -> Floats:
    """float64 [B, C]; what is read counts as certain where the scorer gives none."""
    if name in scores.probabilities:
        return scores.probabilities[name].astype(np.float64)
    classes = np.eye(len(BY_NAME[name].classes))
    certain: Floats = classes[scores.values[name].astype(np.int64)]
    return certain
