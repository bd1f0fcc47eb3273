"""Deform the template into people: a basis of displacement fields and what each person takes of it.

Every shape is a plain function of rest points; a person is the template plus a weighted sum
(a hand-made morphable model, after Blanz and Vetter, 1999). Amounts are per standard deviation of
a trait, in mm, and deliberately generous: people should differ.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from pipeline.generators.heads.face import step
from pipeline.generators.heads.shapes.brushes import Shape
from pipeline.generators.heads.shapes.expressions import EXPRESSIONS
from pipeline.generators.heads.shapes.growth import GROWTH
from pipeline.generators.heads.shapes.identity import IDENTITY
from pipeline.generators.heads.template import EYE_RADIUS
from pipeline.generators.heads.wrinkles import youth

SHAPES: dict[str, Shape] = {**IDENTITY, **GROWTH, **EXPRESSIONS}
"""The basis: name -> displacement [V, 3] of rest points [V, 3], mm, at amount 1."""


def amounts(t: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """How much of each shape B people take, [B] each."""
    grown = 1 - 0.75 * t["child"]
    out = {}
    for name in SHAPES:
        if name in t:
            own = t[name] if name in _WHOLE else t[name] * (VARIETY + TAILS * t[name].abs())
            out[name] = own * (grown if name in _BONY else 1.0)
    out["chin_cleft"] = (t["chin_cleft"] - 0.6).clamp(min=0) * grown
    out["epicanthus"] = (t["epicanthus"] + 0.3).clamp(min=0)
    # No child is gaunt, and few adults.
    out["fullness"] = torch.where(t["fullness"] < 0, 0.7 * grown, 1.0) * out["fullness"]
    # The youngest change fastest.
    out["child"] = t["child"] * (1 + 0.25 * t["child"] ** 3)
    # Even a faint frown must not pass for a calm face, nor a calm face's low brows for a frown.
    for name in ("anger", "sadness"):
        out[name] = t[name].sqrt()
    out["brow_raise"] = torch.where(t["brow_raise"] < 0, 0.4, 1.0) * t["brow_raise"]
    # The middle leans to the soft side: a face at rest should not look stern.
    for name in ("m_bone", "m_soft"):
        out[name] = 2.5 * t[name] - 1.45
    # Lips hold together at first and then part at once: nobody shows a mere slit for long.
    out["jaw"] = t["mouth_open"] * step(t["mouth_open"], 0.02, 0.07)
    bare = 0.5 + 2.2 * (t["smile"] - 0.4).clamp(min=0) + 1.1 * t["anger"]
    out["part_lips"] = step(t["mouth_open"], 0.03, 0.07) * bare
    # Flesh starts to sink early; before thirty it is fuller than the template's.
    out["old"] = t["old"] ** 0.75 - 0.18 * youth(t["age"])
    # At rest the upper lid hides the top of the iris; narrow eyes need less of it for that.
    narrow = (0.5 * t["smile"] + t["laugh"] + out["anger"] + out["sadness"]).clamp(max=1)
    rest = (1.5 - 0.9 * t["m_soft"]) * (1 - 0.8 * narrow) * (1 - 0.5 * out["old"].clamp(0, 1))
    out["eye_open"] = (
        -0.1 - rest + 0.3 * t["eye_open"] + 0.5 * t["child"] - 0.45 * out["old"].clamp(max=1)
    )
    # Eyes stay on the camera when the head nods, and the lids go along.
    up = 0.045 * t["gaze_y"] - t["pitch"].deg2rad().tan()
    out["look_up"] = 0.6 * EYE_RADIUS * 0.34 * (up / 0.34).tanh()
    return out


VARIETY, TAILS = 0.85, 0.13
"""Scale of all that makes one person unlike another, and how much more the rare ones differ."""

_WHOLE = frozenset({
    "child", "old", "smile", "laugh", "surprise", "anger", "sadness", "brow_raise", "asymmetry",
})  # fmt: skip
"""Shapes that are taken as they are."""

_BONY = frozenset({
    "jaw_width", "jaw_angle", "chin_width", "chin_forward", "cheekbones", "brow_ridge",
    "nose_length", "nose_width", "nose_bridge", "nose_bridge_width", "nose_hump", "nose_tip",
    "forehead", "face_length",
})  # fmt: skip
"""Shapes of bone and cartilage: a child hardly has them yet."""
