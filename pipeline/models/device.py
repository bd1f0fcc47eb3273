"""Name the hardware that renders and scores."""

import platform

import torch


def device_name() -> str:
    """The hardware of this machine, as rows record it."""
    if torch.cuda.is_available():
        return str(torch.cuda.get_device_name())
    return f"cpu {platform.machine()} {torch.backends.cpu.get_cpu_capability()}"
