"""Edits bring about what is asked, and leave the rest of the person alone."""

import numpy as np
import pytest

from pipeline.attributes.taxonomy import BY_NAME
from pipeline.errors import SpecError
from pipeline.generators.heads.layout import INDEX, LATENT_SIZE, latents, truth
from pipeline.generators.heads_edit import DIMENSIONS, KEPT, edited


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
