"""Turn any checkpoint into our safetensors."""

from dataclasses import replace
from pathlib import Path

import torch

from pipeline.errors import SpecError
from pipeline.generators.checkpoints.checkpoint import Checkpoint
from pipeline.generators.checkpoints.ours import write_ours
from pipeline.generators.checkpoints.read import read_checkpoint

_FOURIER = "synthesis.input."


def convert(source: Path, target: Path, *, half: bool = False, force: bool = False) -> Checkpoint:
    """Read `source`, write `target`, and give what was written.

    Raises:
        SpecError: either cannot be; names the file and the mend.
    """
    if target.suffix != ".safetensors":
        raise SpecError(f"{target}: is no name for safetensors; end it in .safetensors.")
    checkpoint = read_checkpoint(source)
    if half:
        checkpoint = _halved(checkpoint, source)
    write_ours(checkpoint, target, force=force)
    return checkpoint


def _halved(checkpoint: Checkpoint, source: Path) -> Checkpoint:
    """Keep matrices and kernels in float16; vectors, means and Fourier features as they are."""
    state = {}
    for name, tensor in checkpoint.state.items():
        state[name] = tensor
        if tensor.ndim >= 2 and not name.startswith(_FOURIER):
            state[name] = tensor.half()
            if not bool(torch.isfinite(state[name]).all()):
                raise SpecError(
                    f"{source}: has weights in {name!r} that float16 cannot hold; "
                    "convert without --half."
                )
    return replace(checkpoint, state=state)
