"""Edits bring about what is asked, and leave the rest of the person alone."""

import numpy as np
import pytest

from pipeline.attributes.changes import ALONG, combined
from pipeline.attributes.taxonomy import BY_NAME
from pipeline.errors import SpecError
from pipeline.generators.heads.layout import INDEX, LATENT_SIZE, latents, truth
from pipeline.generators.heads_edit import DIMENSIONS, KEPT, edited, reach, varied


def persons(count: int = 12) -> np.ndarray:
    return latents(np.random.default_rng(3).standard_normal((count, LATENT_SIZE)).astype("f"))


@pytest.mark.parametrize(
    ("name", "value", "near"),
    [
        ("age", 60, 0.5), ("age", 8, 0.5), ("yaw", -30, 0.5), ("pitch", 10, 0.5),
        ("light_azimuth", 60, 0.5), ("smile", 1.0, 0.02), ("smile", 0.1, 0.02),
        ("skin_tone", 9, 0.1),
    ],
)  # fmt: skip
def test_numbers_are_met_by_their_own_dimensions_alone(
    name: str, value: float, near: float
) -> None:
    for w in persons():
        found = edited(w, {name: value})
        assert abs(float(truth(found[None])[name][0]) - value) <= near
        moved = {INDEX[one] for kept in (name, *KEPT) for one in DIMENSIONS[kept]}
        same = [i for i in range(LATENT_SIZE) if i not in moved]
        assert np.array_equal(found[same], w[same])
        assert np.array_equal(found, found.astype(np.float16).astype(np.float32))


@pytest.mark.parametrize("name", ["expression", "glasses", "hair_length", "gender_presentation"])
def test_every_class_can_be_had(name: str) -> None:
    for w in persons(4):
        w = edited(w, {"age": 40})
        for index in range(len(BY_NAME[name].classes)):
            assert truth(edited(w, {name: index})[None])[name][0] == index


def test_what_is_so_already_stays() -> None:
    for w in persons(6):
        true = truth(w[None])
        kept = edited(w, {"expression": float(true["expression"][0])})
        assert truth(kept[None])["expression"][0] == true["expression"][0]
        assert np.abs(kept - w).max() <= 0.11


def test_nobody_puts_on_glasses_or_grows_hair_by_ageing() -> None:
    for w in persons(30):
        grown = edited(w, {"age": 30})
        before, after = truth(grown[None]), truth(edited(grown, {"age": 75})[None])
        for name in KEPT:
            assert after[name][0] == before[name][0], name


def test_several_changes_hold_together() -> None:
    asked = {"age": 70, "expression": 1, "yaw": 20, "glasses": 1}
    true = truth(edited(persons(1)[0], asked)[None])
    assert abs(true["age"][0] - 70) < 0.5
    assert (true["expression"][0], true["glasses"][0]) == (1, 1)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"ita": 10.0}, "^ita: builtin:heads cannot change it"),
        ({"yaw": 80.0}, "^yaw: this person cannot have 80; 45 comes nearest"),
        ({"age": 5, "facial_hair": 2}, "^facial_hair: this person cannot have beard"),
    ],
)
def test_what_cannot_be_is_named(changes: dict[str, float], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        edited(persons(1)[0], changes)


def test_relative_changes_are_added_to_what_is_true_of_the_person() -> None:
    nothing, more = combined({"age": ["+0", "+20"]}, "variations")
    for w in persons():
        before = float(truth(w[None])["age"][0])
        same, asked = varied(w, nothing)
        assert np.array_equal(same, w)
        assert asked == {"age": before}
        if before > 70:
            with pytest.raises(SpecError, match=r"^age: this person cannot have"):
                varied(w, more)
            continue
        older, asked = varied(w, more)
        assert asked == {"age": before + 20}
        assert abs(float(truth(older[None])["age"][0]) - before - 20) <= 0.5


def test_what_goes_along_is_told() -> None:
    """Whatever else changes in somebody is governed, kept where it can be, or listed in ALONG."""
    values = {"age": 70, "expression": 2, "smile": 0.9, "skin_tone": 9, "light_azimuth": 60}
    for w in persons(30):
        if truth(w[None])["age"][0] < 20:
            continue
        before = truth(w[None])
        for name, value in values.items():
            after = truth(edited(w, {name: value})[None])
            for other in BY_NAME.keys() & before.keys() - {name, *ALONG.get(name, ()), *KEPT}:
                assert before[other][0] == after[other][0], (name, other)


def test_the_reach_of_a_number_is_that_of_everybody() -> None:
    assert reach("age") == (3, 90)
    assert reach("yaw") == (-45, 45)
    assert reach("mouth_open") == (0, 1)
