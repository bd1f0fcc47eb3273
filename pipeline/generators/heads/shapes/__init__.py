"""Deform the template into people: a basis of displacement fields and what each person takes of it.

Every shape is a plain function of rest points; a person is the template plus a weighted sum
(a hand-made morphable model, after Blanz and Vetter, 1999). Amounts are per standard deviation of
a trait, in mm, and deliberately generous: people should differ.
"""

from collections.abc import Mapping

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
    for name in ("m_bone", "m_soft"):
        out[name] = 2 * t[name] - 1
    # Lips hold together at first; once they part, a smile and anger bare the teeth.
    bare = 1 + 1.6 * (t["smile"] - 0.55).clamp(min=0) + 1.3 * t["anger"]
    out["jaw"] = t["mouth_open"] * step(t["mouth_open"], 0.0, 0.05)
    out["part_lips"] = step(t["mouth_open"], 0.02, 0.12) * bare
    # Flesh starts to sink early; before thirty it is fuller than the template's.
    out["old"] = t["old"] ** 0.75 - 0.18 * youth(t["age"])
    out["eye_open"] = (
        -0.25 + 0.3 * t["eye_open"] + 0.5 * t["child"] - 0.45 * out["old"].clamp(max=1)
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
