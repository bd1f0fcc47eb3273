"""Run an ONNX model as its card says: pictures in, the raw values behind each attribute out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.resample import resized
from pipeline.attributes.scorer_card import InputCard, ScorerCard
from pipeline.errors import suggestion
from pipeline.models.onnx_file import (
    RANGES,
    Session,
    inputs_of,
    kind_of,
    read_model,
    refusal,
    shape_of,
)

_TYPES = {"float": np.float32, "float16": np.float16, "uint8": np.uint8}
"""What the elements of a model's input may be."""


class Misfit(Exception):  # noqa: N818
    """A field of the card that does not fit the model, and the mend; the reader adds the file."""


class CardedModel:
    """A model and its card, which fit each other.

    What is given for an image depends on that image alone: every pass holds as many, by default
    one, and where a model is fixed to more the last pass is filled up.
    """

    def __init__(self, path: Path, card: ScorerCard) -> None:
        """Load the model; `try_once` sees what it gives.

        Raises:
            SpecError: the file cannot be taken.
            Misfit: it is another than its card says.
        """
        self._path, self._card = path, card
        proto = read_model(path)
        inputs = inputs_of(proto)
        if len(inputs) != 1:
            mend = "export it with pictures as the only one"
            raise refusal(path, f"takes {len(inputs)} inputs", mend)
        self._input, self._kind = inputs[0].name, kind_of(inputs[0])
        self._batch = self._check_input(card.input, shape_of(inputs[0]))
        known = [value.name for value in proto.graph.output]
        self._outputs = [self._output(i, one.output, known) for i, one in enumerate(card.outputs)]
        self._session = Session(path)

    def run(self, images: NDArray[np.uint8]) -> list[NDArray[np.generic]]:
        """The values behind each attribute of the card: [B, K], finite.

        Args:
            images: uint8 [B, H, H, 3] sRGB.

        Raises:
            SpecError: the model breaks off, or gives something else.
        """
        cards, size = self._card.outputs, self._batch
        passes = [self._pass(images[i : i + size]) for i in range(0, len(images), size)]
        if not passes:
            return [np.zeros((0, one.width), np.float32) for one in cards]
        return self._sliced([np.concatenate(parts) for parts in zip(*passes, strict=True)])

    def try_once(self) -> list[NDArray[np.generic]]:
        """What `run` gives of one picture, once it is sure that slices and classes fit.

        Raises:
            SpecError: the model breaks off, or gives no rows of numbers.
            Misfit: it gives others than its card says.
        """
        side = self._card.input.size
        # A ramp: some models divide by the picture's own spread, and flat ones have none.
        ramp = np.linspace(0, 255, side).astype(np.uint8)
        given = self._pass(np.broadcast_to(ramp[:, None], (1, side, side, 3)))
        for i, (values, one) in enumerate(zip(given, self._card.outputs, strict=True)):
            whole = values.shape[1]
            first, end = one.slice or (0, whole)
            there = f"of the {whole} values that {self._path.name} gives"
            if end > whole:
                raise Misfit(
                    f"outputs.{i}.slice: {[first, end]} is not inside {there}; write another."
                )
            count = end - first
            if count != one.width and (count, one.width) != (1, 2):
                wrong = f"do not fit {one.width} classes; name all of them,"
                if one.gives == "number":
                    wrong = "are more than one number;"
                raise Misfit(f"outputs.{i}.slice: {count} {there} {wrong} or write another.")
        return self._sliced(given)

    def _pass(self, images: NDArray[np.uint8]) -> list[NDArray[np.generic]]:
        """All values [B, K] of each output that the card names."""
        full = np.zeros((self._batch, *images.shape[1:]), np.uint8)
        full[: len(images)] = images
        names = sorted(set(self._outputs))
        given = self._session.run({self._input: self._laid(full)}, names)
        rows = {
            name: self._rows(values)[: len(images)]
            for name, values in zip(names, given, strict=True)
        }
        if not all(np.isfinite(values).all() for values in rows.values()):
            mend = "check the card's input, or export it anew"
            raise refusal(self._path, "gives values that are not finite", mend)
        return [rows[name] for name in self._outputs]

    def _sliced(self, whole: Sequence[NDArray[np.generic]]) -> list[NDArray[np.generic]]:
        return [
            values if one.slice is None else values[:, slice(*one.slice)]
            for values, one in zip(whole, self._card.outputs, strict=True)
        ]

    def _rows(self, values: NDArray[np.generic]) -> NDArray[np.generic]:
        if not np.issubdtype(values.dtype, np.number):
            mend = "export it with its logits as outputs"
            raise refusal(self._path, "gives no numbers", mend)
        if values.ndim == 0 or values.shape[0] != self._batch or not values.size:
            found = f"gives {list(values.shape)} for {self._batch} pictures"
            raise refusal(self._path, found, "export it with one row a picture")
        return values.reshape(self._batch, -1)

    def _laid(self, images: NDArray[np.uint8]) -> NDArray[np.generic]:
        """Pictures as the model takes them: [N, 3, S, S] or [N, S, S, 3]."""
        card = self._card.input
        pixels = resized(images, card.size)
        if card.channels == "BGR":
            pixels = pixels[..., ::-1]
        if self._kind == "uint8":
            pixels = np.rint(pixels)
        else:
            scale, shift = RANGES[card.range]
            mean, std = np.asarray(card.mean, np.float32), np.asarray(card.std, np.float32)
            pixels = ((pixels - np.float32(shift)) / np.float32(scale) - mean) / std
        laid = pixels.transpose(0, 3, 1, 2) if card.layout == "NCHW" else pixels
        return np.asarray(laid, _TYPES[self._kind])

    def _check_input(self, card: InputCard, shape: Sequence[int]) -> int:
        """How many pictures a pass holds; refuse an input that is not the card's."""
        name = self._path.name
        if self._kind not in _TYPES:
            raise refusal(
                self._path, f"takes {self._kind}", f"export it with {' or '.join(_TYPES)}"
            )
        sides = [card.size, card.size]
        wanted = [3, *sides] if card.layout == "NCHW" else [*sides, 3]
        if len(shape) != 4 or any(a not in (0, b) for a, b in zip(shape[1:], wanted, strict=True)):
            raise Misfit(
                f"input: {card.layout} of {card.size} px does not fit {name}, "
                f"which takes {shape} (0: any); write its layout and size."
            )
        plain = card.range == "0..255" and card.mean == (0, 0, 0) and card.std == (1, 1, 1)
        if self._kind == "uint8" and not plain:
            raise Misfit(
                f"input.range: {card.range} does not fit {name}, which takes bytes; "
                "write range: 0..255 and neither mean nor std."
            )
        if shape[0] and card.batch not in (None, shape[0]):
            raise Misfit(
                f"input.batch: {card.batch} does not fit {name}, which takes {shape[0]} at a "
                "time; remove it."
            )
        return shape[0] or card.batch or 1

    def _output(self, index: int, name: str | None, known: Sequence[str]) -> str:
        """The name of the output that an entry of the card means."""
        if name is None and len(known) == 1:
            return known[0]
        field, model = f"outputs.{index}.output", self._path.name
        listed = f"write one of {', '.join(known[:20])}."
        if name is None:
            raise Misfit(f"{field}: is missing, and {model} has {len(known)}; {listed}")
        if name not in known:
            mend = suggestion(name, known, listed)
            raise Misfit(f"{field}: '{name}' is none of {model}; {mend}")
        return name
