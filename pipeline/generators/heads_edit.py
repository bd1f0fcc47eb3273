"""Change what is perceived of a person of `builtin:heads`, and nothing else of the person.

Each attribute is governed by a few dimensions of the latent. They are moved along a fixed grid to
the place where the generator's truth is what is asked, the nearest such place to where they are.
"""

from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from pipeline.attributes.taxonomy import BY_NAME
from pipeline.errors import SpecError
from pipeline.generators.heads.layout import EXPRESSION_SHARES, INDEX, LAUGH, NEUTRAL, SMILE, truth

Latents = NDArray[np.float32]

DIMENSIONS: Mapping[str, tuple[str, ...]] = {
    "age": ("age",),
    "skin_tone": ("tone",),
    "gender_presentation": ("presentation",),
    "expression": ("expression",),
    "smile": ("expression", "smile"),
    "mouth_open": ("mouth_open",),
    "hair_length": ("hair_length",),
    "hair_color": ("hair_color",),
    "facial_hair": ("facial_hair",),
    "glasses": ("glasses",),
    "yaw": ("yaw",),
    "pitch": ("pitch",),
    "light_azimuth": ("light_azimuth",),
}
"""Attribute -> the dimensions that govern it, in the order in which attributes are set: what a
later one depends on comes before it."""

KEPT = ("expression", "hair_length", "facial_hair", "glasses")
"""Classes that a person keeps when something else changes, where they can: the older wear glasses
more often, but nobody who ages in a picture puts some on."""

_MARGIN = 0.05
"""How far, in standard deviations, a class is entered beyond its edge, so that it holds."""


def edited(w: Latents, changes: Mapping[str, float]) -> Latents:
    """A person's latent with attributes as asked: float32 [D] to float32 [D].

    Args:
        w: the person.
        changes: attribute -> its value, a class as its index.

    Raises:
        SpecError: an attribute that the generator cannot change, or a value that this person cannot
            have; names it and what comes nearest.
    """
    unknown = changes.keys() - DIMENSIONS.keys()
    if unknown:
        raise SpecError(
            f"{min(unknown)}: builtin:heads cannot change it; choose from {', '.join(DIMENSIONS)}."
        )
    found, before = w.copy(), truth(w[None])
    for name in (name for name in DIMENSIONS if name in changes):
        found = _set(found, name, changes[name])
    for name in KEPT:
        governed = name == "expression" and "smile" in changes
        was = float(before[name][0])
        if name not in changes and not governed and truth(found[None])[name][0] != was:
            with suppress(SpecError):  # a child has neither beard nor bald head
                found = _set(found, name, was)
    return found


def _set(w: Latents, name: str, value: float) -> Latents:
    grid = np.repeat(w[None], len(_places(name)), 0)
    columns = [INDEX[dimension] for dimension in DIMENSIONS[name]]
    grid[:, columns] = _places(name)
    true = np.asarray(truth(grid)[name], np.float64)
    far = np.abs(true - value)
    if BY_NAME[name].kind == "class":
        if far.min() > 0:
            raise SpecError(f"{name}: this person cannot have {BY_NAME[name].classes[int(value)]}.")
        inside = _well_inside(far == 0, grid[:, columns])
        moved = np.abs(grid[:, columns] - w[columns]).sum(1)
        found: Latents = grid[int(np.where(inside, moved, np.inf).argmin())]
        return found
    best = int(far.argmin())
    entry = BY_NAME[name]
    if far[best] > 0.02 * (entry.high - entry.low):
        raise SpecError(
            f"{name}: this person cannot have {value:g}; {true[best]:.3g} comes nearest."
        )
    nearest: Latents = grid[best]
    return nearest


def _well_inside(same: NDArray[np.bool_], places: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Places of a class that are not at its edge, if there are any."""
    if places.shape[1] > 1:
        return same
    steps = round(_MARGIN / float(places[1, 0] - places[0, 0]))
    kernel = np.ones(2 * steps + 1)
    deep = np.convolve(same, kernel, "same") >= len(kernel)
    return deep if deep.any() else same


@lru_cache
def _places(name: str) -> NDArray[np.float32]:
    """The grid of an attribute's dimensions: float32 [N, dimensions], on the float16 lattice."""
    scan = np.linspace(-4, 4, 1601)
    if name != "smile":
        grid = scan[:, None]
    else:
        edges = np.cumsum([0.0, *EXPRESSION_SHARES])
        middles = [ndtri((edges[kind] + edges[kind + 1]) / 2) for kind in (NEUTRAL, SMILE, LAUGH)]
        grid = np.array([(middle, place) for middle in middles for place in scan[::4]])
    return np.asarray(grid.astype(np.float16), np.float32)
