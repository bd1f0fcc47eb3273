"""Read attributes from the stripes that `builtin:null` paints: exact, cheap, pixels only."""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.bins import band_edges
from pipeline.attributes.scorer import Scores
from pipeline.attributes.taxonomy import ATTRIBUTES, Attribute


class NullScorer:
    """Stripe i is attribute i of the taxonomy: its place between black and white is its value."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()

    def score(self, images: NDArray[np.uint8]) -> Scores:
        """Score images: uint8 [B, H, W, 3]; each stripe's mean grey, inside its edges."""
        values: dict[str, NDArray[np.generic]] = {}
        probabilities: dict[str, NDArray[np.float32]] = {}
        width = images.shape[2] // 16
        for i, attribute in enumerate(ATTRIBUTES):
            # The middle of the stripe: JPEG mixes neighbours at the edges.
            middle = slice(i * width + width // 4, (i + 1) * width - width // 4)
            grey = images[:, :, middle, 1].mean((1, 2), dtype=np.float64)
            place = np.clip((grey - 16) / 223, 0, 1 - 1e-9)
            values[attribute.name] = _value(attribute, place)
            if attribute.classes:
                probabilities[attribute.name] = _certain(attribute, values[attribute.name])
        none = np.zeros(len(images), np.float32)
        full = none + 1
        quality = {"sharpness": full, "clipped": none, "skin_share": full, "realism": full}
        return Scores(values, probabilities, quality)


def _value(attribute: Attribute, place: NDArray[np.float64]) -> NDArray[np.generic]:
    # Squared, so that low values and first classes are common and the others rare.
    skewed = place**2
    if attribute.kind == "class":
        return np.asarray((skewed * len(attribute.classes)).astype(np.int64))
    value = attribute.low + skewed * (attribute.high - attribute.low)
    return np.asarray(np.rint(value) if attribute.integer else value, np.float32)


def _certain(attribute: Attribute, values: NDArray[np.generic]) -> NDArray[np.float32]:
    index = values.astype(np.int64)
    if attribute.kind == "number":
        index = np.searchsorted(band_edges(attribute), values, side="right") - 1
    return np.eye(len(attribute.classes), dtype=np.float32)[index]
