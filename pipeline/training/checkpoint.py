"""Keep a training run's state on disk, so that a run broken off goes on where it was."""

from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer


@dataclass(frozen=True)
class Checkpoint:
    """Where a run's state lies, and which run it is of.

    path: the file; run: digest (hex) of everything that decides how the run goes; begun: that of
    the weights it began from, empty where it began from nothing.
    """

    path: Path
    run: str
    begun: str = ""

    def save(self, step: int, model: nn.Module, average: nn.Module, optimizer: Optimizer) -> None:
        """Replace the file by the state before `step`, whole or not at all."""
        part = self.path.with_suffix(".part")
        state = {
            "run": self.run,
            "begun": self.begun,
            "step": step,
            "model": model.state_dict(),
            "average": average.state_dict(),
            "optimizer": optimizer.state_dict(),
        }
        torch.save(state, part)
        part.replace(self.path)

    def restore(self, model: nn.Module, average: nn.Module, optimizer: Optimizer) -> int:
        """Bring back what was saved and say the step to go on with; 0 without a file of this run.

        The file is read as tensors and plain values; nothing in it is executed.
        """
        state = _read(self.path)
        if state is None or state.get("run") != self.run:
            return 0
        model.load_state_dict(state["model"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        return int(state["step"])

    def remove(self) -> None:
        """Delete the file; the run is done."""
        self.path.unlink(missing_ok=True)


def beginning(path: Path) -> str | None:
    """`begun` of the run whose state lies at `path`, whichever it is; None without a whole file."""
    state = _read(path)
    return None if state is None else str(state.get("begun", ""))


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, ValueError, UnpicklingError):
        return None
    return found
