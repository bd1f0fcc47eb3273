"""Measure in pictures what a step along a latent direction does, and which layers should take it.

A few natural people are pictured on either side, once for every range of layers. Ranges that keep
most of the effect compete by how little else they move: pose is the work of the coarse layers,
colours are that of the fine ones (Karras et al., 2019, sec. 3.1; GANSpace, Härkönen et al., 2020).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.directions import RANGES, Direction
from pipeline.attributes.readings import readings_of
from pipeline.attributes.scorer import Scores
from pipeline.generators.generator import Generator, bands_of

STEPS = 1.5
"""Steps to either side."""

BATCH = 16
"""Pictures to a call: the last bits of a preview may depend on who shares it."""

TOLD = 0.05
"""Share of its readings that latents must tell for layers to be chosen: else they are all noise."""

KEPT = 0.5
"""Share of the effect of all layers that a range must keep."""

Images = NDArray[np.uint8]
Embed = Callable[[Images], NDArray[np.float32]]


@dataclass(frozen=True)
class Camera:
    """Pictures latents as calibrations do, and reads them.

    people: float32 [P, D], natural draws, who are pictured. size: px. embed: gives unit vectors,
    [B, E], whose cosines tell how alike people are; None where nothing knows them.
    """

    generator: Generator
    people: NDArray[np.float32]
    score: Callable[[Images], Scores]
    size: int
    embed: Embed | None = None

    def images(self, w: NDArray[np.float32]) -> Images:
        """uint8 [B, S, S, 3], of w on the values of float16."""
        w = w.astype(np.float16).astype(np.float32)
        return np.concatenate(
            [
                self.generator.preview(w[start : start + BATCH], self.size)
                for start in range(0, len(w), BATCH)
            ]
        )


def measured(
    direction: Direction, natural: Mapping[str, NDArray[np.generic]], camera: Camera
) -> Direction:
    """The direction with its effect, leakage and likeness, in the layers where it leaks least.

    Args:
        direction: as fitted.
        natural: name -> [N], readings of natural draws, for the scale of each.
        camera: takes the pictures.
    """
    several = bands_of(camera.generator) > 1 and direction.told >= TOLD
    ranges = RANGES if several else RANGES[:1]
    found = [_measured(replace(direction, bands=bands), natural, camera) for bands in ranges]
    strong = [one for one in found if one.effect >= KEPT * max(found[0].effect, 1e-9)]
    return min(strong or found[:1], key=_leaking)


def _leaking(direction: Direction) -> float:
    """What a direction moves of all that should stay, root of the sum of squares."""
    return float(np.sqrt(np.square(list(direction.leaks.values())).sum()))


def _measured(
    direction: Direction, natural: Mapping[str, NDArray[np.generic]], camera: Camera
) -> Direction:
    reading, bands = direction.reading, bands_of(camera.generator)
    people = np.tile(camera.people, (1, bands))
    offset = STEPS * direction.offset(bands)
    pictures = [camera.images(people + sign * offset) for sign in (1, -1)]
    up, down = (camera.score(one) for one in pictures)
    effect = _mean_step(reading.reading(up), reading.reading(down))
    moved = {
        one: _mean_step(one.share(up), one.share(down))
        / max(float(one.column(natural).std()), 1e-6)
        for one in readings_of(natural)
    }
    own = abs(moved[reading])
    leakage: dict[str, float] = {}
    for one, by in moved.items():
        if one.attribute != reading.attribute and own > 0:
            leakage[one.attribute] = max(leakage.get(one.attribute, 0.0), abs(by) / own)
    return replace(
        direction, effect=effect, leakage=leakage, identity=_alike(people, pictures, camera)
    )


def _mean_step(up: NDArray[np.float64], down: NDArray[np.float64]) -> float:
    return float((up - down).mean() / (2 * STEPS))


def _alike(people: NDArray[np.float32], pictures: list[Images], camera: Camera) -> float | None:
    """How alike people are after a step either way to what they were: a mean cosine."""
    if camera.embed is None:
        return None
    before = camera.embed(camera.images(people))
    after = [camera.embed(one) for one in pictures]
    return float(np.mean([(before * one).sum(1).mean() for one in after]))
