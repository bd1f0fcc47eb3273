"""People are changed along latent directions until the scorer reads what was asked, or refused."""

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.attributes.changes import Changes, combined, slack
from pipeline.attributes.directions import BANDS, Direction, Directions
from pipeline.attributes.scorer import Scores
from pipeline.errors import SpecError
from pipeline.generators.steering import LOOKS, layered, steered
from pipeline.training.direction_effects import Camera, measured
from tests.training.linear_world import DIGESTS, PX, World, drawn, fitted

Latents = NDArray[np.float32]


@lru_cache
def world() -> World:
    return World(11)


@lru_cache
def directions(orthogonal: bool = True) -> Directions:
    natural = world().read(drawn(world())).values
    camera = Camera(world(), drawn(world())[:12], world().score, PX)
    found = fitted(world(), orthogonal=orthogonal)
    each = tuple(measured(one, natural, camera) for one in found.each)
    return Directions(each, found.draws, *DIGESTS)


def changed(
    w: Latents, wishes: Sequence[Changes], look: Callable[[Latents], Scores] | None = None
) -> list[tuple[Latents, dict[str, float]]]:
    now = world().read(w[None])
    return steered(w, now, 0, wishes, directions(), 1, look or world().read)


def value(w: Latents, name: str) -> float:
    return float(world().read(w[None]).values[name][0])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 3999), st.floats(-12, 12), st.floats(-12, 12))
def test_what_is_asked_is_read_and_the_rest_hardly_moves(row: int, age: float, yaw: float) -> None:
    person = drawn(world())[row]
    yaw += value(person, "yaw")
    ((w, asked),) = changed(person, combined({"age": f"{age:+f}", "yaw": yaw}, "variations"))
    assert (w == w.astype(np.float16)).all()
    for name, wanted in asked.items():
        assert abs(value(w, name) - wanted) <= slack(name) / 2
    assert abs(value(w, "skin_tone") - value(person, "skin_tone")) < 0.5


def test_what_moves_besides_is_brought_back() -> None:
    """Directions that are not free of each other: ages take tones with them."""
    people, wish = drawn(world())[:40], combined({"age": "+12"}, "variations")
    before = world().read(people)
    drifts = []
    for i, person in enumerate(people):
        ((w, asked),) = steered(person, before, i, wish, directions(False), 1, world().read)
        assert abs(value(w, "age") - asked["age"]) <= 3
        drifts.append(abs(value(w, "skin_tone") - value(person, "skin_tone")))
        assert value(w, "glasses") == value(person, "glasses")
    assert np.quantile(drifts, 0.9) <= slack("skin_tone")
    step = directions(False).each[0]
    alone = 12 / step.effect * (step.step.astype(np.float64) @ world().normals[:, 2])
    assert alone > 1.2 * slack("skin_tone")


def test_classes_are_put_on_and_taken_off() -> None:
    people = drawn(world())
    worn = next(i for i in range(200) if value(people[i], "glasses") == 1)
    for wish, wanted in (("none", 0), ("glasses", 1)):
        ((w, asked),) = changed(people[worn], combined({"glasses": wish}, "variations"))
        assert (asked, value(w, "glasses")) == ({"glasses": wanted}, wanted)
        # Who has it stays as is, to the last bit.
        assert (w.tobytes() == people[worn].tobytes()) == (wish == "glasses")


def test_changes_with_a_sign_start_from_what_is_read() -> None:
    person = drawn(world())[0]
    made = changed(person, combined({"age": ["+0", "+10", "-10"]}, "variations"))
    now = value(person, "age")
    assert [one["age"] for _, one in made] == [now, now + 10, now - 10]
    assert made[0][0].tobytes() == person.tobytes()
    for w, asked in made[1:]:
        assert abs(value(w, "age") - asked["age"]) < 3


def test_a_person_is_looked_at_few_times_and_wishes_together() -> None:
    seen: list[int] = []

    def look(w: Latents) -> Scores:
        seen.append(len(w))
        return world().read(w)

    wishes = combined({"age": [30, 40, 50, 60], "yaw": [-10, 10]}, "variations")
    changed(drawn(world())[3], wishes, look)
    assert seen[0] == 8
    assert len(seen) <= 3


def test_a_scorer_that_bends_what_is_linear_is_followed() -> None:
    """Effects were measured far from here, and the secant corrects them."""

    def look(w: Latents) -> Scores:
        plain = world().read(w)
        age = plain.values["age"].astype(np.float64)
        bent = np.where(age > 50, 50 + (age - 50) * 0.5, age).astype(np.float32)
        return Scores({**plain.values, "age": bent}, plain.probabilities, {})

    person = drawn(world())[0]
    ((w, _),) = steered(
        person, look(person[None]), 0, combined({"age": 62}, "v"), directions(), 1, look
    )
    assert look(w[None]).values["age"][0] == pytest.approx(62, abs=3)


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        ({"age": 98}, "age: this person cannot have 98: it is read as [0-9.]+ after 6 steps"),
        (
            {"expression": "surprise"},
            "expression: no latent direction leads to expression=surprise",
        ),
        ({"age": "+90"}, "age: this person cannot have 1[0-9.]+; stay between 0 and 99"),
        ({"smile": 0.5}, "smile: the scorer does not read it"),
    ],
)
def test_what_cannot_be_reached_is_refused_with_its_name(
    asked: dict[str, object], line: str
) -> None:
    with pytest.raises(SpecError, match=line):
        changed(drawn(world())[0], combined(asked, "variations"))


def test_a_scorer_that_never_agrees_is_not_asked_for_ever() -> None:
    person, looks = drawn(world())[0], 0

    def look(w: Latents) -> Scores:
        nonlocal looks
        looks += 1
        plain = world().read(w)
        drifting = np.full(len(w), 20 + 0.01 * looks, np.float32)
        return Scores({**plain.values, "age": drifting}, plain.probabilities, {})

    with pytest.raises(SpecError, match=r"age: this person cannot have \d+"):
        changed(person, combined({"age": "+15"}, "variations"), look)
    assert looks <= LOOKS


def test_a_direction_may_be_for_some_bands_only() -> None:
    person = drawn(world())[0]
    age = directions().each[0]
    limited = Direction(age.reading, age.step, age.told, (1,), age.effect)
    only = Directions((limited,), 10, *DIGESTS)
    wide = layered(person, len(person), len(BANDS))
    assert layered(wide, len(person), len(BANDS)) is wide

    def look(w: Latents) -> Scores:
        """Reads what the middle band draws."""
        return world().read(w.reshape(len(w), 3, -1)[:, 1])

    wish = combined({"age": 55}, "variations")
    ((w, _),) = steered(wide, look(wide[None]), 0, wish, only, 3, look)
    coarse, middle, fine = w.reshape(3, -1)
    assert coarse.tobytes() == fine.tobytes() == person.tobytes()
    assert value(middle, "age") == pytest.approx(55, abs=3)


def test_a_class_that_was_passed_is_come_back_to() -> None:
    """A class that lies between two others along its direction."""

    def look(w: Latents) -> Scores:
        plain = world().read(w)
        place = w.astype(np.float64) @ world().normals[:, 4]
        odds = np.exp(-np.square((place[:, None] - np.array([-2, 99, 99, 99, 1.0, 2.5])) / 0.6))
        odds = (odds / odds.sum(1, keepdims=True)).astype(np.float32)
        values = {**plain.values, "expression": odds.argmax(1)}
        return Scores(values, {**plain.probabilities, "expression": odds}, {})

    for person in drawn(world())[:30]:
        now, wish = look(person[None]), combined({"expression": "anger"}, "v")
        ((w, _),) = steered(person, now, 0, wish, directions(), 1, look)
        assert look(w[None]).values["expression"][0] == 4
