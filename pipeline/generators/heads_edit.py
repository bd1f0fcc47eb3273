"""Change what is perceived of a person of `builtin:heads`, and nothing else of the person.

Each attribute is governed by a few dimensions of the latent. They are moved along a fixed grid to
the place where the generator's truth is what is asked, the nearest such place to where they are.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from pipeline.attributes.bins import Bin
from pipeline.attributes.changes import Change, Changes
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

_LIMITS = ("age", "skin_tone", "yaw", "pitch", "light_azimuth")
"""Numbers that reach as far in everybody."""

_NEAR = 0.02
"""How far, as a share of its range, a number may be missed."""

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
    _check_known(changes)
    found, before = w, truth(w[None])
    for name in (name for name in DIMENSIONS if name in changes):
        found = _set(found, name, changes[name])
    for name in KEPT:
        governed = name == "expression" and "smile" in changes
        was = float(before[name][0])
        if name not in changes and not governed and truth(found[None])[name][0] != was:
            with suppress(SpecError):  # a child has neither beard nor bald head
                found = _set(found, name, was)
    return found.copy()


def varied(w: Latents, changes: Changes) -> tuple[Latents, dict[str, float]]:
    """A person's latent, float32 [D], with changes made, and the value that each of them came to.

    Relative changes are added to what is true of the person; one of nothing moves nothing.

    Raises:
        SpecError: as `edited`.
    """
    _check_known(changes)
    now = truth(w[None])
    asked = {name: one.of(float(now[name][0])) for name, one in changes.items()}
    still = {name for name, one in changes.items() if one.relative and not one.value}
    return edited(w, {name: value for name, value in asked.items() if name not in still}), asked


def check_editable(changes: Changes, field: str) -> None:
    """Make sure that people can be changed so, as far as nobody needs to be looked at.

    Raises:
        SpecError: an attribute that cannot be changed, two that move the same dimensions, or a
            number that nobody has; names the field and the mend.
    """
    _check_known(changes, f"{field}.")
    moved: dict[str, str] = {}
    for name, change in changes.items():
        for dimension in DIMENSIONS[name]:
            if dimension in moved:
                raise SpecError(
                    f"{field}.{name}: {moved[dimension]} governs it too; remove one of them."
                )
            moved[dimension] = name
        number = BY_NAME[name].kind == "number" and not change.relative
        low, high = reach(name)
        if number and not low <= change.value <= high:
            raise SpecError(
                f"{field}.{name}: builtin:heads does not reach {change.value:g}; "
                f"stay between {low:g} and {high:g}."
            )


def check_reached(change: Change, bins: Sequence[Bin], field: str) -> None:
    """Make sure that somebody in each of these bins can be changed so.

    Raises:
        SpecError: nobody can; names the field, the bin and the mend.
    """
    low, high = reach(change.attribute)
    for one in bins if change.relative else ():
        if one.low + change.value > high or one.high + change.value < low:
            raise SpecError(
                f"{field}.{change.label}: takes everybody of balance.{change.attribute} "
                f"'{one.label}' beyond {low:g} to {high:g}; remove the bin, or change less."
            )


@lru_cache
def reach(name: str) -> tuple[float, float]:
    """The lowest and the highest value of a number that anybody can be given, about."""
    entry = BY_NAME[name]
    if name not in _LIMITS:
        return entry.low, entry.high
    grid = np.zeros((len(_places(name)), len(INDEX)), np.float32)
    grid[:, [INDEX[dimension] for dimension in DIMENSIONS[name]]] = _places(name)
    values = truth(grid)[name]
    return float(round(values.min())), float(round(values.max()))


def _check_known(changes: Mapping[str, object], field: str = "") -> None:
    unknown = changes.keys() - DIMENSIONS.keys()
    if unknown:
        raise SpecError(
            f"{field}{min(unknown)}: builtin:heads cannot change it; "
            f"choose from {', '.join(DIMENSIONS)}."
        )


def _set(w: Latents, name: str, value: float) -> Latents:
    """The latent with one attribute as asked; not to be written to."""
    return _found(np.asarray(w, np.float32).tobytes(), name, value)


@lru_cache(maxsize=128)
def _found(data: bytes, name: str, value: float) -> Latents:
    """The same, looked for once: in a product of changes the first few are made again and again."""
    w = np.frombuffer(data, np.float32)
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
    if far[best] > _NEAR * (entry.high - entry.low):
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
