"""Score attributes of rendered heads from their pixels: the `builtin:heads` scorer."""

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes import (
    color,
    heads_weights,
    network,
    perception,
    quality,
    resample,
    skin,
)
from pipeline.attributes.color import ita
from pipeline.attributes.heads_weights import REALISM, Weights
from pipeline.attributes.network import HeadsNetwork
from pipeline.attributes.perception import Perception, perceive
from pipeline.attributes.quality import clipped, sharpness
from pipeline.attributes.scorer import Scores
from pipeline.attributes.taxonomy import BY_NAME

LEAST_SIZE = 48
"""Smallest side of an image, px."""

_SOURCES = (color, heads_weights, network, perception, quality, resample, skin)


class HeadsScorer:
    """Reads every attribute of the taxonomy from images of heads.

    An image's scores depend on that image alone, bit for bit, whatever shares the batch.
    """

    digest: str

    def __init__(self, weights: Path) -> None:
        self._weights = Weights.load(weights)
        self._network = HeadsNetwork().folded()
        self._network.load_state_dict(dict(self._weights.network))
        self.digest = scorer_digest(weights)

    def score(self, images: NDArray[np.uint8]) -> Scores:
        """Score images: uint8 [B, H, H, 3] sRGB, H 48 or more.

        Quality holds `sharpness` and `clipped` of the full-size image, `skin_share`, the share of
        the picture that is skin (0..1), and `realism`, 0 for what is no whole face .. 1 for a
        proper one: scores of the former mean nothing.
        """
        check_images(images)
        seen = perceive(self._network, images)
        probabilities = class_probabilities(seen, self._weights)
        values: dict[str, NDArray[np.generic]] = {n: p.argmax(1) for n, p in probabilities.items()}
        values["age"] = expected_age(probabilities["age"])
        values["skin_tone"] = (1 + values["skin_tone"]).astype(np.float32)
        for name, numbers in seen.numbers.items():
            values[name] = np.clip(numbers, BY_NAME[name].low, BY_NAME[name].high)
        values["ita"] = ita(seen.skin.median).astype(np.float32)
        return Scores(
            values={name: values[name] for name in BY_NAME if name in values},
            probabilities={
                name: probabilities[name].astype(np.float32)
                for name in BY_NAME
                if name in probabilities
            },
            quality={
                "sharpness": sharpness(images),
                "clipped": clipped(images),
                "skin_share": seen.skin.share.astype(np.float32),
                "realism": _sigmoid(seen.realism / self._weights.temperatures[REALISM]),
            },
            landmarks=seen.landmarks,
        )


def class_probabilities(seen: Perception, weights: Weights) -> dict[str, NDArray[np.float64]]:
    """Calibrated probabilities of every class head: name -> float64 [B, C].

    Of skin tones the network and the measured colour are two witnesses: their logarithms are added,
    the colour's weighed by how far it can be trusted.
    """
    logits = {name: value / weights.temperatures[name] for name, value in seen.logits.items()}
    tones = weights.correction.tones(seen.skin.features)
    logits["skin_tone"] = logits["skin_tone"] + weights.correction.trust * np.log(tones + 1e-6)
    return {name: softmax(value) for name, value in logits.items()}


def check_images(images: NDArray[np.uint8]) -> None:
    """Refuse arrays that are not uint8 [B, H, H, 3] with H at least 48.

    Raises:
        ValueError: they are something else.
    """
    shape = images.shape
    square = images.ndim == 4 and shape[1] == shape[2] and shape[3] == 3
    if images.dtype != np.uint8 or not square or shape[1] < LEAST_SIZE:
        raise ValueError(
            f"images are {images.dtype} {list(shape)}; the scorer takes uint8 [B, H, H, 3], "
            f"H {LEAST_SIZE} or more"
        )


def softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Probabilities of logits [B, C]: float64 [B, C]."""
    weight = np.exp(logits.astype(np.float64) - logits.max(1, keepdims=True))
    return np.asarray(weight / weight.sum(1, keepdims=True))


def _sigmoid(logits: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(1 / (1 + np.exp(-logits.astype(np.float64))), np.float32)


def expected_age(probabilities: NDArray[np.floating]) -> NDArray[np.float32]:
    """Mean age in years over the five-year bands: [B, 20] to float32 [B]."""
    centres = 2.5 + 5 * np.arange(probabilities.shape[1])
    return np.asarray((probabilities * centres).sum(1), np.float32)


def scorer_digest(weights: Path) -> str:
    """sha256 (hex) over the weights and every source file that shapes a score."""
    digest = hashlib.sha256(weights.read_bytes())
    for source in (*(str(module.__file__) for module in _SOURCES), __file__):
        digest.update(Path(source).read_bytes())
    return digest.hexdigest()
