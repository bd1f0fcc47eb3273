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
            own = t[name] if name in _WHOLE else LIMIT * (VARIETY / LIMIT * t[name]).tanh()
            out[name] = own * (grown if name in _BONY else 1.0)
    out["chin_cleft"] = (t["chin_cleft"] - 0.6).clamp(min=0) * grown
    out["epicanthus"] = (t["epicanthus"] + 0.3).clamp(min=0)
    # No child is gaunt, and few adults; a child's cheeks are full as it is.
    out["fullness"] = out["fullness"] * torch.where(
        t["fullness"] < 0, 0.65 * grown, 1 - 0.5 * t["child"]
    )
    # No lid hides half the eye.
    out["lid"] = torch.where(t["lid"] > 0, 0.7, 1.0) * out["lid"]
    # A narrow chin soon looks like a beak, a wide one merely strong.
    out["chin_width"] = torch.where(t["chin_width"] < 0, 0.6, 1.0) * out["chin_width"]
    # The youngest change fastest.
    out["child"] = t["child"] ** 0.7 * (1 + 0.25 * t["child"] ** 3)
    # Even a faint frown must not pass for a calm face, nor a calm face's low brows for a frown.
    for name in ("anger", "sadness"):
        out[name] = t[name].sqrt()
    out["brow_raise"] = torch.where(t["brow_raise"] < 0, 0.4, 1.0) * t["brow_raise"]
    # The middle leans to the soft side: a face at rest should not look stern.
    for name in ("m_bone", "m_soft"):
        out[name] = 2.5 * t[name] - 1.45
    out |= _manner(t)
    # Little boys have no brow ridge yet.
    out["m_bone"] = out["m_bone"] * (1 - 0.4 * t["child"]) - 0.3 * t["child"]
    # Lips hold together at first and then part at once: nobody shows a mere slit for long.
    out["jaw"] = t["mouth_open"] * step(t["mouth_open"], 0.04, 0.09)
    bare = 0.5 + 2.2 * (t["smile"] - 0.4).clamp(min=0) + 1.1 * t["anger"]
    out["part_lips"] = step(t["mouth_open"], 0.045, 0.09) * bare
    # Flesh starts to slide early, and thins later; before thirty it is fuller than the template's.
    out["mature"] = 1.2 - 1.2 * (1 - t["old"] / SIXTY).clamp(min=0) ** 1.5
    out["mature"] = out["mature"] - 0.55 * youth(t["age"])
    out["old"] = ((t["old"] - 0.25) / 0.75).clamp(min=0) ** 1.2
    sunk = t["old"].clamp(max=1) ** 0.75
    # At rest the upper lid hides the top of the iris; narrow eyes need less of it for that.
    narrow = (0.5 * t["smile"] + t["laugh"] + out["anger"] + out["sadness"]).clamp(max=1)
    rest = (1.25 - 0.75 * t["m_soft"]) * (1 - 0.8 * narrow) * (1 - 0.5 * sunk)
    out["eye_open"] = -0.1 - rest + 0.3 * t["eye_open"] + 0.4 * t["child"] - 0.1 * sunk
    # Eyes stay on the camera when the head nods, and the lids go along.
    up = 0.045 * t["gaze_y"] - t["pitch"].deg2rad().tan()
    out["look_up"] = 0.6 * EYE_RADIUS * 0.34 * (up / 0.34).tanh()
    return out


def _manner(t: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """How each of B people moves the mouth in their own way, from who they are: [B] each."""
    glad = torch.maximum(t["smile"], t["laugh"])
    moved = glad + t["surprise"] + t["anger"] + t["sadness"]
    habit = (1.9 * t["mark_seed"] + 0.8 * t["cheekbones"]).sin()
    wide = (0.45 * t["mouth_width"] + 0.25 * t["face_width"] - 0.5 * habit).clamp(-1, 1)
    high = (0.7 * habit - 0.4 * t["lip_upper"]).clamp(-1, 1)
    return {
        "calm": (1 - moved).clamp(min=0),
        "smile_wide": (glad + 0.7 * t["surprise"]) * wide,
        "smile_curl": (glad - 0.6 * t["sadness"]) * habit.clamp(min=-0.4),
        "crooked": moved * t["asymmetry"],
        "lip_high": (t["laugh"] + 0.6 * t["surprise"]) * high,
    }


VARIETY, LIMIT = 1.2, 2.2
"""Scale of all that makes one person unlike another, and what the rarest come near to."""

SIXTY = 0.62
"""The trait `old` at sixty."""

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
