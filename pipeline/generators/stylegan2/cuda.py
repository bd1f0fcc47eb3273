"""Find the kernels for a card, where there is one."""

from functools import cache
from importlib.util import find_spec
from types import ModuleType

from torch import Tensor


def kernels(x: Tensor) -> ModuleType | None:
    """The module of kernels for `x`; None on a CPU, and where Triton is not installed."""
    return _module() if x.is_cuda else None


@cache
def _module() -> ModuleType | None:
    if find_spec("triton") is None:
        return None
    from pipeline.generators.stylegan2 import kernels

    return kernels
