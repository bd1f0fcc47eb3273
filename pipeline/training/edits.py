"""Judge the identity network at its use: one thing changed in a picture, or the person."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.generators.heads import INDEX, truth
from pipeline.generators.heads_edit import edited
from pipeline.training.intervals import mean_interval
from pipeline.training.people import HAIR, PASSING, WORN

EDITS = ("age by 10", "age by 30", "expression", "yaw", "light_azimuth", "glasses", "hair_length")
"""What is changed of a person, one thing in a picture; ages in years."""

STRANGERS = ("somebody else", "somebody alike")
"""Who else is put into the very picture, as old and with the same light, pose, face, hair and
clothes; somebody alike has the same tone, presentation and texture of hair, too."""

_TURN, _LIGHT = 35, 70
"""Largest angles asked for, degrees."""

_MIDDLE_AGED = 45
"""Age up to which people are made older, and from which younger."""

_SCENE = (*PASSING, *WORN, *HAIR, "age")
_KIND = ("tone", "undertone", "presentation", "cue_bone", "cue_soft", "cue_style", "hair_texture")

Latents = NDArray[np.float32]


def edits_of(w: Latents, rng: np.random.Generator) -> dict[str, Latents]:
    """P people, 2 or more, once for each of EDITS and STRANGERS: float32 [P, D] to [P, D] each."""
    known = {name: np.asarray(values, np.float64) for name, values in truth(w).items()}
    found = {
        kind: np.stack(
            [
                edited(one, _change(kind, {name: float(v[i]) for name, v in known.items()}, rng))
                for i, one in enumerate(w)
            ]
        )
        for kind in EDITS
    }
    for kind, kept in zip(STRANGERS, (_SCENE, (*_SCENE, *_KIND)), strict=True):
        columns = [INDEX[name] for name in kept]
        found[kind] = np.roll(w, 1, 0)
        found[kind][:, columns] = w[:, columns]
    return found


def edit_figures(
    people: NDArray[np.float32],
    edits: Mapping[str, NDArray[np.float32]],
    limit: float,
    seed: int,
) -> dict[str, Any]:
    """How many edited people are confirmed, and how many others told apart.

    Args:
        people: embeddings, float32 [P, E].
        edits: those of the pictures of `edits_of`, each float32 [P, E].
        limit: cosine from which a person is confirmed.
        seed: of the bootstrap.

    Returns:
        people: how many; confirmed: each of EDITS -> [share, low, high]; told_apart: each of
        STRANGERS likewise.
    """
    rng = np.random.default_rng(seed)
    above = {kind: (people * found).sum(1) >= limit for kind, found in edits.items()}
    return {
        "people": len(people),
        "confirmed": {kind: mean_interval(above[kind], rng) for kind in EDITS},
        "told_apart": {kind: mean_interval(~above[kind], rng) for kind in STRANGERS},
    }


def _change(kind: str, known: Mapping[str, float], rng: np.random.Generator) -> dict[str, float]:
    """What to ask of `edited` for a person of whom this is true."""
    if kind.startswith("age by "):
        years = float(kind.removeprefix("age by "))
        return {"age": known["age"] + (years if known["age"] <= _MIDDLE_AGED else -years)}
    if kind == "yaw":
        return {kind: float(rng.uniform(-_TURN, _TURN))}
    if kind == "light_azimuth":
        return {kind: float(rng.uniform(-_LIGHT, _LIGHT))}
    # Children are never bald.
    classes = {"expression": range(6), "glasses": range(2), "hair_length": range(1, 4)}[kind]
    return {kind: float(rng.choice([one for one in classes if one != known[kind]]))}
