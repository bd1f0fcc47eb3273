"""Turn the raw outputs of a model into attributes, as its card says."""

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.bins import Bin, band_edges
from pipeline.attributes.carded_model import Misfit
from pipeline.attributes.heads_scorer import softmax
from pipeline.attributes.scorer_card import OutputCard
from pipeline.attributes.taxonomy import BY_NAME, Attribute

Floats = NDArray[np.float64]

Read = tuple[NDArray[np.generic], NDArray[np.float32] | None]
"""Values [B] and, where there are such, probabilities float32 [B, C], as in `Scores`."""

_SLACK = 0.02
"""How far the sum of probabilities may be from 1, and one of them beyond 0 and 1."""


class Reading:
    """One attribute, from one slice of one output."""

    def __init__(self, card: OutputCard) -> None:
        self.attribute = BY_NAME[card.attribute]
        self._card = card
        if card.gives == "number":
            return
        meanings = card.meanings
        self._centres = np.array([_centre(one) for one in meanings])
        bins = [one for one in meanings if isinstance(one, Bin)]
        self._shares = np.array([_shares(self.attribute, one) for one in bins])

    def read(self, raw: NDArray[np.generic]) -> Read:
        """The attribute's values, and its probabilities where it has classes and these are given.

        Args:
            raw: [B, K], finite. What is read of an image depends on its row alone.

        Raises:
            Misfit: these are no probabilities.
        """
        floats = raw.astype(np.float64)
        card, attribute = self._card, self.attribute
        if card.gives == "number":
            values = card.scale * floats[:, 0] + card.offset
            return _number(attribute, values), None
        given = _logits(floats, card) if card.gives == "logits" else _probabilities(floats)
        if not attribute.classes:
            return _number(attribute, _weighted(given, self._centres)), None
        ours = _weighted(given, self._shares)
        if attribute.kind == "class":
            return ours.argmax(1), ours.astype(np.float32)
        if attribute.single_units:
            values = attribute.low + ours.argmax(1)
        else:
            values = _weighted(given, self._centres)
        return _number(attribute, values), ours.astype(np.float32)


def _logits(raw: Floats, card: OutputCard) -> Floats:
    # Of two classes one logit tells the second's: the sigmoid is their softmax beside 0.
    both = np.concatenate([np.zeros_like(raw), raw], 1) if raw.shape[1] == 1 else raw
    return softmax(both / card.temperature)


def _probabilities(raw: Floats) -> Floats:
    both = np.concatenate([1 - raw, raw], 1) if raw.shape[1] == 1 else raw
    outside = both.size and (both.min() < -_SLACK or abs(both.sum(1) - 1).max() > _SLACK)
    if outside:
        raise Misfit(
            "gives: 'probabilities' does not fit values outside 0..1, or that do not add up to 1; "
            "write logits, or another slice."
        )
    both = both.clip(0, 1)
    return np.asarray(both / both.sum(1, keepdims=True))


def _weighted(probabilities: Floats, of: Floats) -> Floats:
    """Sums of [C] or [C, D] by the probabilities [B, C]: [B] or [B, D]."""
    # Not a matrix product: BLAS rounds a row by where it stands in the batch.
    spread = probabilities.reshape(*probabilities.shape, *(1,) * (of.ndim - 1))
    return np.asarray((spread * of).sum(1))


def _number(attribute: Attribute, values: NDArray[np.generic]) -> NDArray[np.float32]:
    inside = np.clip(values.astype(np.float64), attribute.low, attribute.high)
    return np.asarray(np.rint(inside) if attribute.single_units else inside, np.float32)


def _centre(meaning: Bin | float) -> float:
    """The value that a class of the model stands for."""
    return (meaning.low + meaning.high) / 2 if isinstance(meaning, Bin) else meaning


def _shares(attribute: Attribute, one: Bin) -> Floats:
    """How much of a model's class lies in each of ours: float64 [C], sums to 1."""
    if one.classes:
        return np.array([float(name in one.classes) for name in attribute.classes])
    edges = band_edges(attribute)
    inside = np.minimum(edges[1:], one.high) - np.maximum(edges[:-1], one.low)
    return np.asarray(np.clip(inside, 0, None) / (one.high - one.low))
