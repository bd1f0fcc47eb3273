"""Score with any model that comes as ONNX, by a card that says what its outputs mean."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes import (
    bins,
    carded_model,
    model_outputs,
    quality,
    resample,
    scorer_card,
    taxonomy,
)
from pipeline.attributes.carded_model import CardedModel, Misfit
from pipeline.attributes.heads_scorer import check_images
from pipeline.attributes.model_outputs import Read, Reading
from pipeline.attributes.quality import clipped, sharpness
from pipeline.attributes.scorer import Scorer, Scores
from pipeline.attributes.scorer_card import read_card
from pipeline.attributes.taxonomy import BY_NAME
from pipeline.errors import SpecError
from pipeline.models import onnx_file
from pipeline.models.files import file_sha256

_SOURCES = (bins, carded_model, model_outputs, onnx_file, quality, resample, scorer_card, taxonomy)


class OnnxScorer:
    """Reads what a model reads; another scorer, if there is one, reads the rest.

    attributes, measures: those, and the measures of quality, that it gives. An image's scores
    depend on that image alone.
    """

    digest: str
    attributes: frozenset[str]
    measures: frozenset[str]

    def __init__(self, model: Path, card: Path, rest: Scorer | None = None) -> None:
        """Load a model and its card.

        Args:
            model: the ONNX file.
            card: the YAML file that describes it.
            rest: a scorer of every attribute, for those that the model does not read.

        Raises:
            SpecError: one of the files cannot be taken, or they do not fit each other.
        """
        self._path, self._rest = card, rest
        self._card = read_card(card)
        self._readings = [Reading(one) for one in self._card.outputs]
        try:
            self._model = CardedModel(model, self._card)
            self._read(self._model.try_once())
        except Misfit as fault:
            raise SpecError(f"{card}: {fault}") from None
        own = self._card.attributes
        self.attributes = own if rest is None else frozenset(BY_NAME)
        plain = frozenset(("sharpness", "clipped"))
        self.measures = plain if rest is None else plain | {"skin_share", "realism"}
        self.digest = _digest(model, card, rest)

    def score(self, images: NDArray[np.uint8]) -> Scores:
        """Score images: uint8 [B, H, H, 3] sRGB, H 48 or more.

        Quality and landmarks are the other scorer's; without one there are `sharpness` and
        `clipped` alone. What the model reads as a number has no probabilities.

        Raises:
            SpecError: the model breaks off, or gives what its card rules out.
        """
        check_images(images)
        values: dict[str, NDArray[np.generic]] = {}
        probabilities: dict[str, NDArray[np.float32]] = {}
        measures: Mapping[str, NDArray[np.float32]]
        landmarks = None
        if self._rest is None:
            measures = {"sharpness": sharpness(images), "clipped": clipped(images)}
        else:
            rest = self._rest.score(images)
            values.update(rest.values)
            probabilities.update(rest.probabilities)
            measures, landmarks = rest.quality, rest.landmarks
        try:
            found = self._read(self._model.run(images))
        except Misfit as fault:
            raise SpecError(f"{self._path}: {fault}") from None
        for name, (value, shares) in found.items():
            values[name] = value
            probabilities.pop(name, None)
            if shares is not None:
                probabilities[name] = shares
        return Scores(
            {name: values[name] for name in BY_NAME if name in values},
            {name: probabilities[name] for name in BY_NAME if name in probabilities},
            measures,
            landmarks,
        )

    def _read(self, raw: Sequence[NDArray[np.generic]]) -> dict[str, Read]:
        found = {}
        for i, (reading, values) in enumerate(zip(self._readings, raw, strict=True)):
            try:
                found[reading.attribute.name] = reading.read(values)
            except Misfit as fault:
                raise Misfit(f"outputs.{i}.{fault}") from None
        return found


def _digest(model: Path, card: Path, rest: Scorer | None) -> str:
    """sha256 (hex) over both files, the other scorer and every source that shapes a score."""
    sources = [Path(str(module.__file__)) for module in _SOURCES]
    parts = [file_sha256(path) for path in (model, card, *sources, Path(__file__))]
    parts += [] if rest is None else [rest.digest]
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()
