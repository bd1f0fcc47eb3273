"""Name the hardware that renders and scores."""

import importlib
import platform

import torch


def device_name(gpu: bool) -> str:
    """The hardware of this machine that networks run on, as rows record it.

    gpu: whether any of them takes a GPU where there is one.
    """
    if gpu and torch.cuda.is_available():
        return str(torch.cuda.get_device_name())
    return f"cpu {platform.machine()} {torch.backends.cpu.get_cpu_capability()}"


def onnx_takes_gpu() -> bool:
    """Whether the ONNX Runtime that is installed, if any, can use a GPU."""
    try:
        providers = importlib.import_module("onnxruntime").get_available_providers()
    except ImportError:
        return False
    return "CUDAExecutionProvider" in providers
