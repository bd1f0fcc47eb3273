"""Score attributes of rendered heads from their pixels: the `builtin:heads` scorer."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.torch import load_file, save

from pipeline.attributes import color, network, quality, resample, skin
from pipeline.attributes.color import ita
from pipeline.attributes.network import CLASS_HEADS, MASK_SIZE, SIZE, HeadsNetwork
from pipeline.attributes.quality import clipped, sharpness
from pipeline.attributes.resample import area_average
from pipeline.attributes.scorer import Scores
from pipeline.attributes.skin import LightCorrection, SkinColor, skin_color
from pipeline.attributes.taxonomy import BY_NAME

CHUNK = 16
"""Images a pass. Always as many: float sums depend on the shape of the batch."""

LEAST_SIZE = 48
"""Smallest side of an image, px."""

FORMAT = "heads-scorer-1"
_SOURCES = (color, network, quality, resample, skin)


@dataclass(frozen=True)
class Weights:
    """Everything that training finds.

    network: state of the folded HeadsNetwork; correction: skin colour; temperatures: name -> what
    the logits are divided by, for CLASS_HEADS (Guo et al., 2017).
    """

    network: Mapping[str, torch.Tensor]
    correction: LightCorrection
    temperatures: Mapping[str, float]

    def save(self, path: Path) -> None:
        """Write one safetensors file."""
        tensors = {f"network.{name}": value.contiguous() for name, value in self.network.items()}
        tensors["skin.weight"] = torch.from_numpy(self.correction.weight)
        tensors["skin.offset"] = torch.from_numpy(self.correction.offset)
        meta = {
            "format": FORMAT,
            "spread": self.correction.spread,
            "temperatures": dict(self.temperatures),
            "classes": _classes(),
        }
        # One entry: safetensors writes several in any order, and the digest covers the bytes.
        path.write_bytes(save(tensors, {"scorer": json.dumps(meta)}))

    @staticmethod
    def load(path: Path) -> "Weights":
        """Read what `save` wrote; nothing in the file is executed.

        Raises:
            ValueError: the file holds something else, or reads other classes than the taxonomy's.
        """
        with safe_open(path, framework="pt") as file:
            meta = json.loads((file.metadata() or {}).get("scorer", "{}"))
        if meta.get("format") != FORMAT:
            raise ValueError(f"{path} does not hold weights of format {FORMAT}")
        if meta["classes"] != _classes():
            raise ValueError(f"{path} was trained for other classes than the taxonomy has")
        tensors = load_file(path)
        correction = LightCorrection(
            tensors.pop("skin.weight").numpy(), tensors.pop("skin.offset").numpy(), meta["spread"]
        )
        state = {name.removeprefix("network."): value for name, value in tensors.items()}
        return Weights(state, correction, meta["temperatures"])


@dataclass(frozen=True)
class Perception:
    """What the network sees in B images, before calibration.

    logits: name -> float32 [B, C]; numbers: name -> float32 [B], unclipped; skin: its colour.
    """

    logits: Mapping[str, NDArray[np.float32]]
    numbers: Mapping[str, NDArray[np.float32]]
    skin: SkinColor


class HeadsScorer:
    """Reads every attribute of the taxonomy from images of heads.

    An image's scores depend on that image alone, bit for bit, whatever shares the batch. It does
    not know when a picture is no head at all, except by a small `skin_share`.
    """

    digest: str

    def __init__(self, weights: Path) -> None:
        found = Weights.load(weights)
        self._network = HeadsNetwork().folded()
        self._network.load_state_dict(dict(found.network))
        self._correction = found.correction
        self._temperatures = found.temperatures
        self.digest = scorer_digest(weights)

    def score(self, images: NDArray[np.uint8]) -> Scores:
        """Score images: uint8 [B, H, H, 3] sRGB, H 48 or more.

        Quality holds `sharpness` and `clipped` of the full-size image, and `skin_share`, the share
        of the picture that is skin (0..1; hardly any means no face).
        """
        check_images(images)
        seen = perceive(self._network, shrink(images))
        values: dict[str, NDArray[np.generic]] = {}
        probabilities: dict[str, NDArray[np.float32]] = {}
        for name, logits in seen.logits.items():
            p = softmax(logits / self._temperatures[name])
            probabilities[name] = p.astype(np.float32)
            values[name] = p.argmax(1)
        values["age"] = expected_age(probabilities["age"])
        for name, numbers in seen.numbers.items():
            values[name] = np.clip(numbers, BY_NAME[name].low, BY_NAME[name].high)
        tones = self._correction.tones(seen.skin.features)
        probabilities["skin_tone"] = tones.astype(np.float32)
        values["skin_tone"] = (1 + tones.argmax(1)).astype(np.float32)
        values["ita"] = ita(seen.skin.median).astype(np.float32)
        return Scores(
            values={name: values[name] for name in BY_NAME if name in values},
            probabilities={name: probabilities[name] for name in BY_NAME if name in probabilities},
            quality={
                "sharpness": sharpness(images),
                "clipped": clipped(images),
                "skin_share": seen.skin.share.astype(np.float32),
            },
        )


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


def shrink(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Area averages at the network's size: uint8 [B, H, H, 3] to float32 [B, 64, 64, 3], 0..255."""
    small = [area_average(images[i : i + CHUNK], SIZE) for i in range(0, len(images), CHUNK)]
    return np.concatenate(small) if small else np.empty((0, SIZE, SIZE, 3), np.float32)


def perceive(model: HeadsNetwork, small: NDArray[np.generic]) -> Perception:
    """Run a folded network over images in passes of CHUNK, the last one padded with black.

    Args:
        model: a network on the CPU, ready for inference.
        small: [B, 64, 64, 3], 0..255 sRGB.
    """
    count = len(small)
    parts = [_perceive_chunk(model, small[i : i + CHUNK]) for i in range(0, max(count, 1), CHUNK)]
    logits = {n: np.concatenate([p.logits[n] for p in parts])[:count] for n in parts[0].logits}
    numbers = {n: np.concatenate([p.numbers[n] for p in parts])[:count] for n in parts[0].numbers}
    return Perception(
        logits,
        numbers,
        SkinColor(
            np.concatenate([p.skin.median for p in parts])[:count],
            np.concatenate([p.skin.features for p in parts])[:count],
            np.concatenate([p.skin.share for p in parts])[:count],
        ),
    )


def _perceive_chunk(model: HeadsNetwork, images: NDArray[np.generic]) -> Perception:
    small = np.zeros((CHUNK, SIZE, SIZE, 3), np.float32)
    small[: len(images)] = images
    with torch.inference_mode():
        out = model(torch.from_numpy(small).permute(0, 3, 1, 2))
    numbers = {name: value.numpy() for name, value in out.numbers.items()}
    mask = torch.sigmoid(out.mask).numpy().astype(np.float64)
    cells = area_average(small, MASK_SIZE)
    azimuth = numbers["light_azimuth"].astype(np.float64)
    return Perception(
        {name: out.logits[name].numpy() for name in CLASS_HEADS},
        numbers,
        skin_color(cells, mask, azimuth),
    )


def _classes() -> dict[str, list[str]]:
    return {name: list(BY_NAME[name].classes) for name in CLASS_HEADS}


def softmax(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Probabilities of logits [B, C]: float64 [B, C]."""
    weight = np.exp(logits.astype(np.float64) - logits.max(1, keepdims=True))
    return np.asarray(weight / weight.sum(1, keepdims=True))


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
