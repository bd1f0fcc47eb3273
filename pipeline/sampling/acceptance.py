"""Decide which candidates a slot may keep: first by a small preview, then by the full image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.bins import Bin, bin_index, bin_probability
from pipeline.attributes.scorer import Scores
from pipeline.attributes.taxonomy import BY_NAME
from pipeline.errors import SpecError

PREVIEW_PROBABILITY = 0.35
"""A preview is worth a full render when the scorer gives the ordered bins this much together.

Higher saves renders and passes over more faces that would fit, most of them near the edges of bins:
at 0.25 one in thirty of `builtin:heads` and 1.36 renders a face, here one in thirteen and 1.25."""

PREVIEW_SLACK = 0.05
"""How far, as a share of the attribute's range, a preview's value may lie outside its bin."""


@dataclass(frozen=True)
class Limits:
    """What every face of the job must satisfy, whatever its cell.

    where: attribute -> bins, one of which must hold its value.
    minimum, maximum: quality measure or `confidence` -> bound, inclusive.
    """

    where: Mapping[str, Sequence[Bin]]
    minimum: Mapping[str, float]
    maximum: Mapping[str, float]


def refusal(scores: Scores, index: int, cell: Sequence[Bin], limits: Limits) -> str | None:
    """Why image `index` may not fill a slot of `cell`: the first attribute or measure; or None."""
    wanted = {one.attribute: (one,) for one in cell}
    for name, bins in [*wanted.items(), *limits.where.items()]:
        if not _holds(scores, index, name, bins):
            return name
    measures = {name: float(values[index]) for name, values in scores.quality.items()}
    measures["confidence"] = confidence(scores, index, cell)
    for name, value in measures.items():
        if value < limits.minimum.get(name, -np.inf) or value > limits.maximum.get(name, np.inf):
            return name
    return None


def confidence(scores: Scores, index: int, cell: Sequence[Bin]) -> float:
    """The probability, in [0, 1], that the scorer gives the cell: the product over its bins.

    Attributes without probabilities count as certain.
    """
    product = 1.0
    for one in cell:
        product *= _probability(scores, index, one.attribute, (one,))
    return product


def implausible(scores: Scores, index: int, cell: Sequence[Bin], limits: Limits) -> str | None:
    """Why a preview is not worth a full render: the least likely attribute; or None.

    Looser than `refusal`, since the full image decides: probabilities where the scorer gives them,
    values with some slack elsewhere.
    """
    wanted: list[tuple[str, Sequence[Bin]]] = [(one.attribute, (one,)) for one in cell]
    odds = []
    for name, bins in [*wanted, *limits.where.items()]:
        if name in scores.probabilities:
            odds.append((_probability(scores, index, name, bins), name))
        elif not _nearly_holds(scores, index, name, bins):
            return name
    if not odds or np.prod([odd for odd, _ in odds]) >= PREVIEW_PROBABILITY:
        return None
    return min(odds)[1]


def unread(name: str) -> SpecError:
    """The error for an attribute that the job wants and its scorer does not read."""
    return SpecError(
        f"{name}: this job's scorer does not read it; remove it from balance and where, "
        "or name another scorer."
    )


def _value(scores: Scores, index: int, name: str) -> NDArray[np.generic]:
    """The perceived value as an array of one; SpecError where the scorer does not read it."""
    if name not in scores.values:
        raise unread(name)
    return scores.values[name][index : index + 1]


def _holds(scores: Scores, index: int, name: str, bins: Sequence[Bin]) -> bool:
    return bool(bin_index(bins, _value(scores, index, name))[0] >= 0)


def _nearly_holds(scores: Scores, index: int, name: str, bins: Sequence[Bin]) -> bool:
    value = float(_value(scores, index, name)[0])
    slack = PREVIEW_SLACK * (BY_NAME[name].high - BY_NAME[name].low)
    return any(one.low - slack <= value <= one.high + slack for one in bins)


def _probability(scores: Scores, index: int, name: str, bins: Sequence[Bin]) -> float:
    if name not in scores.probabilities:
        return 1.0
    row = scores.probabilities[name][index : index + 1]
    return min(1.0, float(bin_probability(bins, name, row).sum()))
