"""Pictures with one thing changed, or the person."""

import numpy as np

from pipeline.generators.heads import INDEX, truth
from pipeline.training.edits import EDITS, STRANGERS, edit_figures, edits_of
from pipeline.training.people import people


def test_one_thing_changes_or_the_person_in_the_same_scene() -> None:
    w = people(12, 1, np.random.default_rng(0))[:, 0]
    edits = edits_of(w, np.random.default_rng(1))
    assert set(edits) == {*EDITS, *STRANGERS}
    was, bone = truth(w), INDEX["jaw_width"]
    for kind in EDITS:
        assert np.array_equal(edits[kind][:, bone], w[:, bone])
    now = truth(edits["age by 30"])["age"]
    assert np.allclose(np.abs(now - was["age"]), 30, atol=2)
    assert (truth(edits["glasses"])["glasses"] != was["glasses"]).all()
    assert (truth(edits["hair_length"])["hair_length"] != was["hair_length"]).all()
    assert (truth(edits["expression"])["expression"] != was["expression"]).all()
    for kind in STRANGERS:
        assert np.array_equal(edits[kind][:, bone], np.roll(w[:, bone], 1))
        for name in ("yaw", "cloth_hue", "hair_seed", "age"):
            assert np.array_equal(edits[kind][:, INDEX[name]], w[:, INDEX[name]])
    assert np.array_equal(truth(edits["somebody alike"])["skin_tone"], was["skin_tone"])
    assert not np.array_equal(truth(edits["somebody else"])["skin_tone"], was["skin_tone"])


def test_shares_are_of_what_reaches_the_limit() -> None:
    people = np.tile(np.eye(4, dtype=np.float32)[0], (10, 1))
    other = np.tile(np.eye(4, dtype=np.float32)[1], (10, 1))
    found = edit_figures(
        people,
        dict.fromkeys(EDITS, people) | {"somebody else": other, "somebody alike": people},
        0.5,
        0,
    )
    assert found["people"] == 10
    assert all(share == [1.0, 1.0, 1.0] for share in found["confirmed"].values())
    assert found["told_apart"] == {
        "somebody else": [1.0, 1.0, 1.0],
        "somebody alike": [0.0, 0.0, 0.0],
    }
