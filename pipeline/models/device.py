"""Name the hardware that renders and scores."""

import importlib
import platform
from pathlib import Path

import torch

_MODEL = ("vendor_id", "cpu family", "model", "CPU implementer", "CPU part")
"""What Linux calls maker and model, on x86 and on ARM."""


def device_name(gpu: bool) -> str:
    """The hardware of this machine that networks run on, as rows record it.

    gpu: whether any of them takes a GPU where there is one.
    """
    if gpu and torch.cuda.is_available():
        return str(torch.cuda.get_device_name())
    return f"cpu {platform.machine()} {_processor()} {torch.backends.cpu.get_cpu_capability()}"


def _processor() -> str:
    """Maker and model: of two processors with one vector unit, libraries take unlike kernels."""
    try:
        first = Path("/proc/cpuinfo").read_text().split("\n\n")[0]
    except OSError:  # no Linux
        return platform.processor() or "unknown"
    about = {name.strip(): value.strip() for name, _, value in (
        line.partition(":") for line in first.splitlines())}  # fmt: skip
    return "-".join(about[name] for name in _MODEL if name in about)


def onnx_takes_gpu() -> bool:
    """Whether the ONNX Runtime that is installed, if any, can use a GPU."""
    try:
        providers = importlib.import_module("onnxruntime").get_available_providers()
    except ImportError:
        return False
    return "CUDAExecutionProvider" in providers
