"""Check what was read: a sound description, the tensors that it implies, finite numbers."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import torch

from pipeline.errors import SpecError
from pipeline.generators import stylegan2, stylegan3
from pipeline.generators.checkpoints.checkpoint import Checkpoint, Kind
from pipeline.generators.checkpoints.refusal import DAMAGED_MEND, Refusal, damaged
from pipeline.generators.checkpoints.shapes import Config, shapes_of


def config_of(kind: Kind, values: Mapping[str, Any]) -> Config:
    """Make the network's Config of plain values.

    Raises:
        Refusal: a field is unknown, missing or out of bounds.
    """
    made = stylegan2.Config if kind == "stylegan2" else stylegan3.Config
    names = {field.name for field in fields(made)}
    if wrong := sorted(names ^ values.keys()):
        state = "lacks" if wrong[0] in names else "has the unknown field"
        raise Refusal(f"describes a network that {state} {wrong[0][:80]!r}", DAMAGED_MEND)
    try:
        return made(**values)
    except (SpecError, TypeError, ValueError) as error:
        found = str(error).removeprefix(f"{kind}: ").rstrip(".")
        raise Refusal(f"describes a network that cannot be: {found}", DAMAGED_MEND) from None


def check(checkpoint: Checkpoint) -> None:
    """Check a checkpoint whole.

    Raises:
        Refusal: names the first tensor that is missing, too many, misshapen or not finite.
    """
    try:
        wanted = shapes_of(config_of(checkpoint.kind, checkpoint.config))
    except (ArithmeticError, ValueError, TypeError):
        damaged("describes a network that cannot be built")
    state = checkpoint.state
    for name in sorted(wanted.keys() | state.keys()):
        if name not in state:
            raise Refusal(f"lacks the tensor {name!r} that its description implies", DAMAGED_MEND)
        if name not in wanted:
            raise Refusal(
                f"holds the tensor {name[:200]!r}, which its description has no place for",
                DAMAGED_MEND,
            )
        if tuple(state[name].shape) != wanted[name]:
            raise Refusal(
                f"holds {name!r} as {list(state[name].shape)}, but its description implies "
                f"{list(wanted[name])}",
                DAMAGED_MEND,
            )
        if not state[name].is_floating_point():
            raise Refusal(f"holds {name!r} as {state[name].dtype}, no fractions", DAMAGED_MEND)
        if not bool(torch.isfinite(state[name]).all()):
            kind = "NaN" if bool(state[name].isnan().any()) else "infinity"
            raise Refusal(
                f"holds {kind} among the weights of {name!r}",
                "take an earlier snapshot: this training diverged",
            )
