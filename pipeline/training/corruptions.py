"""Say which kinds of bad pictures the scorer learns to refuse, and which only judge it."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from pipeline.training import broken, nonfaces
from pipeline.training.broken import Face
from pipeline.training.renders import Renders

Kind = Callable[[Face, Face, np.random.Generator], NDArray[np.uint8]]
"""Makes a bad picture from two proper ones."""


def _painted(paint: Callable[[np.random.Generator], NDArray[np.uint8]]) -> Kind:
    return lambda face, other, rng: paint(rng)


TRAINED: Mapping[str, Kind] = {
    "flat": _painted(nonfaces.flat),
    "gradient": _painted(nonfaces.gradient),
    "noise": _painted(nonfaces.noise),
    "texture": _painted(nonfaces.texture),
    "blobs": _painted(nonfaces.blobs),
    "backdrop": broken.backdrop,
    "negative": broken.negative,
    "upside_down": broken.upside_down,
    "shuffled": broken.shuffled,
    "blurred": broken.blurred,
    "swapped_halves": broken.swapped_halves,
    "warped": broken.warped,
    "squeezed": broken.squeezed,
    "erased": broken.erased,
    "covered": broken.covered,
    "misplaced": broken.misplaced,
    "pasted": broken.pasted,
}
"""Kinds that the scorer is trained on."""

HELD_OUT: Mapping[str, Kind] = {
    "checks": _painted(nonfaces.checks),
    "rings": _painted(nonfaces.rings),
    "cells": _painted(nonfaces.cells),
    "clouds": _painted(nonfaces.clouds),
    "sideways": broken.sideways,
    "swirled": broken.swirled,
    "rippled": broken.rippled,
    "mosaic": broken.mosaic,
    "strips": broken.strips,
    "eyes_for_mouth": broken.eyes_for_mouth,
    "two_people": broken.two_people,
    "ghost": broken.ghost,
}
"""Kinds that it never sees in training."""

_HARDER = {"erased": 3, "misplaced": 3, "pasted": 2, "warped": 2, "covered": 2}
"""Kinds shown more often in training: small damage is hard to see."""


def training_kinds(count: int, rng: np.random.Generator) -> list[Kind]:
    """Draw kinds to train on."""
    weight = np.array([_HARDER.get(name, 1) for name in TRAINED], np.float64)
    kinds = list(TRAINED.values())
    return [kinds[i] for i in rng.choice(len(kinds), count, p=weight / weight.sum())]


def corrupted(
    renders: Renders, row: int, kind: Kind, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """One bad picture from a render and another one drawn at random: uint8 [S, S, 3]."""
    other = int(rng.integers(0, len(renders.images)))
    one, two = (Face(renders.images[i], renders.landmarks[i]) for i in (row, other))
    return np.ascontiguousarray(kind(one, two, rng))
