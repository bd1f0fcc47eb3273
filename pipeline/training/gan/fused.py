"""Fuse the arithmetic of a training, where its spec asks for that."""

from collections.abc import Callable
from functools import cache
from typing import ParamSpec, TypeVar

import torch

from pipeline.errors import SpecError
from pipeline.training.gan.spec import GanSpec

P = ParamSpec("P")
R = TypeVar("R")


def fused(function: Callable[P, R], spec: GanSpec) -> Callable[P, R]:
    """The same function; with `spec.compile`, made into one kernel a group of its operations.

    Gradients go through it, second derivatives do not.
    """
    return _compiled(function) if spec.compile else function


def check_compiler(spec: GanSpec) -> None:
    """Refuse, by SpecError, to compile where there is nothing to compile with."""
    try:
        fused(_twice, spec)(torch.zeros(8))
    except Exception as error:
        raise SpecError(
            f"compile: true needs a C++ compiler ({type(error).__name__}); install g++, or write "
            "false."
        ) from None


@cache
def _compiled(function: Callable[P, R]) -> Callable[P, R]:
    return torch.compile(function)


def _twice(x: torch.Tensor) -> torch.Tensor:
    return 2 * x + x.sin()
