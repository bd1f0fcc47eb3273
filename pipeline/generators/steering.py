"""Change what is perceived of a person by steps along latent directions, watching the scorer.

How far a step carries differs from person to person, so that each is looked at: the first step is
by the direction's measured effect, the next ones by the secant through what was read. What moves
besides, though nobody asked for it, is brought back along its own direction where there is a good
one.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.changes import ALONG, Changes, shown, slack
from pipeline.attributes.directions import Direction, Directions
from pipeline.attributes.readings import Reading
from pipeline.attributes.scorer import Scores
from pipeline.attributes.taxonomy import BY_NAME
from pipeline.errors import SpecError

LOOKS = 6
"""Pictures of one wish before it counts as out of reach."""

FARTHEST = 6.0
"""Steps from where the person is: beyond, latents are like none that are natural."""

AMENDS = 2.0
"""Steps that what was not asked for may be brought back by."""

_TOLD = 0.1
"""Share of its readings that latents must tell for an attribute to be brought back."""

_LONGEST = 2.5
"""Steps in one go."""

_CLOSE = 0.3
"""How near a number must come, as a share of how far off it may be read in the end."""

_AIM, _SURE = 1.5, 0.5
"""Log-odds of a class against the likeliest other: aimed at, and enough."""

_SHORTEST = 0.05
"""Steps below which a secant is all noise."""

_NO_WORSE = 0.1
"""Log-odds by which a class may be read less surely than before without having been passed."""

_STEEPER = 4.0
"""How many times a secant may be steeper, or flatter, than the measured effect."""

Latents = NDArray[np.float32]


@dataclass
class _Aim:
    """One attribute on its way to a value.

    sign: of a step that raises the reading. goal: of the reading. near: how far from it is enough;
    a class may be surer than that. slope: of the reading, a step. farthest: it may go. at: steps
    taken. best: the steps at which a class was surest, and what it lacked there.
    """

    name: str
    value: float
    direction: Direction
    reading: Reading
    sign: float
    goal: float
    near: float
    slope: float
    farthest: float = FARTHEST
    at: float = 0.0
    read: float = 0.0
    best: tuple[float, float] = (0.0, np.inf)

    @property
    def gap(self) -> float:
        return self.goal - self.read

    @property
    def reached(self) -> bool:
        enough = self.gap if self.reading.index is not None else abs(self.gap)
        return enough <= self.near

    def see(self, read: float, walked: float) -> None:
        """Take in what is read now, `walked` steps after what was read before."""
        if abs(walked) > _SHORTEST:
            effect = self.direction.effect
            secant = self.sign * (read - self.read) / walked
            self.slope = float(np.clip(secant, effect / _STEEPER, effect * _STEEPER))
        self.read = read
        if self.gap < self.best[1]:
            self.best = (self.at, self.gap)

    def walk(self) -> float:
        """Go on towards the goal; the steps taken."""
        before, (best, lacked) = self.at, self.best
        if self.reading.index is not None and self.gap > lacked + _NO_WORSE:
            # Too far, in another class, or the person lies beyond: back, and half as far.
            at = best - (self.at - best) / 2
        else:
            at = self.at + np.clip(self.sign * self.gap / self.slope, -_LONGEST, _LONGEST)
        self.at = float(np.clip(at, -self.farthest, self.farthest))
        return self.at - before


class _Walk:
    """One wish on its way: a person, the attributes that are to change, and those to stay."""

    def __init__(self, w: Latents, asked: Sequence[_Aim], held: Sequence[_Aim], bands: int) -> None:
        self._person, self._asked, self._aims, self._bands = w, asked, [*asked, *held], bands
        self._walked = {aim.name: 0.0 for aim in self._aims}
        self._stuck = False
        self._found: tuple[int, Latents] | None = None

    @property
    def w(self) -> Latents:
        """The latent where it is now, on the values of float16."""
        if not any(aim.at for aim in self._aims):
            return self._person
        moved = self._person.astype(np.float32)
        for aim in self._aims:
            if aim.at:
                moved = moved + aim.at * aim.direction.offset(self._bands)
        return np.asarray(moved, np.float16).astype(np.float32)

    @property
    def done(self) -> bool:
        """Whether all is as it should be, or nothing else can be done about it."""
        return self._stuck or all(aim.reached for aim in self._aims)

    def see(self, scores: Scores, index: int) -> None:
        """Take in what is read of the latest picture, and remember the best one."""
        for aim in self._aims:
            aim.see(float(aim.reading.reading(scores)[index]), self._walked[aim.name])
        astray = sum(not aim.reached for aim in self._aims)
        wanted = all(aim.reached for aim in self._asked)
        if wanted and (self._found is None or astray < self._found[0]):
            self._found = (astray, self.w)

    def go_on(self) -> bool:
        """Take the next steps; whether there was anywhere to go."""
        self._walked = {aim.name: 0.0 if aim.reached else aim.walk() for aim in self._aims}
        lost = any(not aim.reached and not self._walked[aim.name] for aim in self._asked)
        self._stuck = lost or not any(self._walked.values())
        return not self._stuck

    def found(self) -> Latents:
        """The latent at which all is read as asked, and most else as before.

        Raises:
            SpecError: there was none.
        """
        if self._found is not None:
            return self._found[1]
        aim = next((aim for aim in self._asked if not aim.reached), self._asked[0])
        came = f"it is read as {_told(aim.name, aim.read)}" if aim.reading.index is None else "not"
        raise SpecError(
            f"{aim.name}: this person cannot have {_told(aim.name, aim.value)}: {came} after "
            f"{abs(aim.at):.2g} steps along its direction, of {FARTHEST:g} that stay natural; ask "
            "for less."
        )


def layered(w: Latents, size: int, bands: int) -> Latents:
    """A latent, [D] or [bands * D], as one a band: float32 [bands * D].

    size: D.
    """
    return np.tile(w, bands) if len(w) == size else w


def steered(
    w: Latents,
    now: Scores,
    index: int,
    wishes: Sequence[Changes],
    directions: Directions,
    bands: int,
    look: Callable[[Latents], Scores],
) -> list[tuple[Latents, dict[str, float]]]:
    """A person's latent for each wish, and the values that its changes came to.

    Relative changes are added to what is read of the person. Other attributes are brought back as
    far as that goes; whether enough has stayed is for the caller to judge in the last pictures.

    Args:
        w: float32 [bands * D], the person.
        now: what is read of the person, in image `index`.
        wishes: what is to change, one picture each.
        directions: of this generator and scorer.
        bands: how many latents w holds.
        look: pictures latents, float32 [B, bands * D], and reads the pictures.

    Raises:
        SpecError: there is no direction for a wish, or this person cannot be changed so; names the
            attribute and what was come to.
    """
    asked = [
        {name: change.of(_value(now, index, name)) for name, change in changes.items()}
        for changes in wishes
    ]
    walks = [
        _Walk(
            w,
            [_aim(name, value, directions) for name, value in one.items()],
            _held(one, now, index, directions),
            bands,
        )
        for one in asked
    ]
    for walk in walks:
        walk.see(now, index)
    for _ in range(LOOKS):
        moved = [walk for walk in walks if not walk.done and walk.go_on()]
        if not moved:
            break
        scores = look(np.stack([walk.w for walk in moved]))
        for i, walk in enumerate(moved):
            walk.see(scores, i)
    return [(walk.found(), one) for walk, one in zip(walks, asked, strict=True)]


def _aim(name: str, value: float, directions: Directions) -> _Aim:
    entry = BY_NAME[name]
    direction, reading, sign = directions.of(name, value)
    if entry.kind == "class":
        return _Aim(name, value, direction, reading, sign, _AIM, _AIM - _SURE, direction.effect)
    if not entry.low <= value <= entry.high:
        raise SpecError(
            f"{name}: this person cannot have {value:g}; stay between {entry.low:g} and "
            f"{entry.high:g}."
        )
    near = max(_CLOSE * slack(name), 0.5 if entry.single_units else 0.0)
    return _Aim(name, value, direction, reading, sign, value, near, direction.effect)


def _held(
    asked: Mapping[str, float], now: Scores, index: int, directions: Directions
) -> list[_Aim]:
    """Aims for what is to stay as it is: all that is read, told by latents and not governed."""
    governed = set(asked).union(*(ALONG.get(name, ()) for name in asked))
    aims = []
    for name in now.values.keys() - governed if asked else ():
        value = float(now.values[name][index])
        with suppress(SpecError):  # no direction leads there
            aim = _aim(name, value, directions)
            if aim.direction.told >= _TOLD:
                near = slack(name) if aim.reading.index is None else aim.goal  # as it is read now
                aims.append(replace(aim, near=near, farthest=AMENDS))
    return sorted(aims, key=lambda aim: aim.name)


def _value(scores: Scores, index: int, name: str) -> float:
    if name not in scores.values:
        raise SpecError(f"{name}: the scorer does not read it; ask for something else.")
    return float(scores.values[name][index])


def _told(name: str, value: float) -> str:
    told = shown(name, value)
    return told if isinstance(told, str) else f"{told:g}"
