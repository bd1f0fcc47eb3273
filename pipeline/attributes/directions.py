"""Keep latent directions: which way of a generator's w makes a scorer read more of an attribute."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from pipeline.attributes.changes import ALONG
from pipeline.attributes.readings import Reading
from pipeline.attributes.taxonomy import BY_NAME
from pipeline.errors import SpecError

FORMAT = "directions-1"

BANDS = ("coarse", "middle", "fine")
"""Layers of a network that may be given a w of their own, by what they draw: pose and shape, parts
of the face, colours and light (Karras et al., 2019, sec. 3.1: 4-8 px, 16-32 px and above)."""

RANGES: tuple[tuple[int, ...], ...] = ((0, 1, 2), (0,), (1,), (2,), (0, 1), (1, 2))
"""Neighbouring bands that a direction may be limited to, all of them first."""


@dataclass(frozen=True)
class Direction:
    """One direction; a step is one standard deviation of the natural latents along it.

    step: float32 [D]. told: share of the reading's variance that the latent tells, on draws that
    the direction was not fitted to, about 0..1. bands: of BANDS those that are moved, where the
    generator has them. effect: what a step adds to `Reading.reading`, measured. leakage: other
    attribute -> what it moves meanwhile, of what is asked: both in natural standard deviations, so
    that 0.1 means a tenth. identity: cosine, -1..1, of people before and after a step, None where
    no network knows them.
    """

    reading: Reading
    step: NDArray[np.float32]
    told: float
    bands: tuple[int, ...] = RANGES[0]
    effect: float = 0.0
    leakage: Mapping[str, float] | None = None
    identity: float | None = None

    def offset(self, bands: int) -> NDArray[np.float32]:
        """A step, as it is added to a latent of `bands` times D: float32 [bands * D]."""
        if bands == 1:
            return self.step
        still = np.zeros_like(self.step)
        return np.concatenate([self.step if i in self.bands else still for i in range(bands)])

    @property
    def leaks(self) -> dict[str, float]:
        """Of the leakage what should stay, the largest first: not what goes along by nature."""
        along = ALONG.get(self.reading.attribute, ())
        stays = {name: by for name, by in (self.leakage or {}).items() if name not in along}
        return dict(sorted(stays.items(), key=lambda one: -one[1]))

    def document(self) -> dict[str, Any]:
        """What there is to know of it, as plain values; `leaks` are the two largest."""
        leakage = sorted((self.leakage or {}).items(), key=lambda one: -one[1])
        return {
            "of": self.reading.label,
            "told": round(self.told, 3),
            "layers": layers_told(self.bands),
            "effect": round(self.effect, 4),
            "unit": self.reading.unit,
            "leaks": {name: round(by, 3) for name, by in list(self.leaks.items())[:2]},
            "leakage": {name: round(value, 3) for name, value in leakage},
            "identity": None if self.identity is None else round(self.identity, 3),
        }


@dataclass(frozen=True)
class Directions:
    """The directions of one generator seen through one scorer, fitted to `draws` natural draws."""

    each: tuple[Direction, ...]
    draws: int
    generator_digest: str
    scorer_digest: str

    def of(self, name: str, value: float) -> tuple[Direction, Reading, float]:
        """What makes an attribute be read as a value.

        Returns:
            The direction, the reading to follow, and the sign of a step that raises it.

        Raises:
            SpecError: there is no such direction, or it moves nothing.
        """
        entry = BY_NAME[name]
        wanted = Reading(name, int(value)) if entry.kind == "class" else Reading(name)
        opposite = Reading(name, 1) if wanted.index == 0 and len(entry.classes) == 2 else wanted
        for one in self.each:
            if one.reading == opposite and one.effect > 0:
                return one, wanted, 1.0 if opposite == wanted else -1.0
        raise SpecError(
            f"{name}: no latent direction leads to {wanted.label} (too rare in {self.draws:,} "
            "natural draws, or not told by latents); ask for another, or set calibration to more."
        )

    def document(self) -> dict[str, Any]:
        """What there is to know of them, as plain values."""
        return {
            "draws": self.draws,
            "digest": self.digest,
            "directions": [one.document() for one in self.each],
        }

    def to_bytes(self) -> bytes:
        """One safetensors file."""
        meta = {
            "format": FORMAT,
            "draws": self.draws,
            "generator_digest": self.generator_digest,
            "scorer_digest": self.scorer_digest,
            "directions": [
                {
                    "of": one.reading.label,
                    "told": one.told,
                    "bands": list(one.bands),
                    "effect": one.effect,
                    "leakage": None if one.leakage is None else dict(one.leakage),
                    "identity": one.identity,
                }
                for one in self.each
            ],
        }
        steps = np.stack([one.step for one in self.each]) if self.each else np.zeros((0, 0))
        return bytes(save({"steps": steps.astype(np.float32)}, {"directions": json.dumps(meta)}))

    @property
    def digest(self) -> str:
        """sha256 (hex) of all of it."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    @staticmethod
    def from_bytes(data: bytes) -> "Directions":
        """Read what `to_bytes` wrote; nothing in it is executed.

        Raises:
            ValueError: it holds something else.
        """
        try:
            steps = load(data)["steps"]
            length = int.from_bytes(data[:8], "little")
            meta = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["directions"])
            if meta["format"] != FORMAT or len(meta["directions"]) != len(steps):
                raise ValueError("directions of another version of populace")
            each = [
                Direction(
                    _reading(one["of"]),
                    step,
                    one["told"],
                    tuple(one["bands"]),
                    one["effect"],
                    one["leakage"],
                    one["identity"],
                )
                for one, step in zip(meta["directions"], steps, strict=True)
            ]
        except (SafetensorError, KeyError, TypeError, IndexError) as error:
            raise ValueError(f"no directions: {error}") from None
        return Directions(
            tuple(each), meta["draws"], meta["generator_digest"], meta["scorer_digest"]
        )


def layers_told(bands: Sequence[int]) -> str:
    """Bands in words: `all`, or `coarse, middle`."""
    return "all" if len(bands) == len(BANDS) else ", ".join(BANDS[i] for i in bands)


def _reading(label: str) -> Reading:
    name, _, word = label.partition("=")
    return Reading(name, BY_NAME[name].classes.index(word) if word else None)
