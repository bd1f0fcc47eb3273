"""Say what a checkpoint is once it is read: kind, plain description, tensors, origin."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor

Kind = Literal["stylegan2", "stylegan3"]


@dataclass(frozen=True)
class Checkpoint:
    """A generator's weights, whoever wrote them.

    kind: which network they are of.
    config: the fields of that network's Config, as plain values.
    state: tensors by the names of NVIDIA's code bases; buffers are among them.
    layout: the code base that wrote the file.
    ignored: what else the file held, and was left there.
    notes: what had to be added or worked out, in sentences.
    """

    kind: Kind
    config: Mapping[str, Any]
    state: Mapping[str, Tensor]
    layout: str
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def parameters(self) -> int:
        """How many numbers were trained: buffers are not counted."""
        return sum(t.numel() for name, t in self.state.items() if not is_buffer(name))

    @property
    def dtypes(self) -> tuple[str, ...]:
        """Kinds of numbers among the tensors, as `float32`."""
        return tuple(sorted({str(t.dtype).removeprefix("torch.") for t in self.state.values()}))

    def digest(self) -> str:
        """sha256 (hex) of kind, description and tensors: the same whatever file they came in."""
        total = hashlib.sha256(json.dumps([self.kind, dict(self.config)], sort_keys=True).encode())
        for name in sorted(self.state):
            tensor = self.state[name]
            total.update(f"\n{name} {tensor.dtype} {list(tensor.shape)}\n".encode())
            total.update(bytes_of(self.state[name]))
        return total.hexdigest()


def bytes_of(tensor: Tensor) -> memoryview:
    """A tensor's numbers as they lie in memory, not copied where they are contiguous."""
    return tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data


BUFFERS = (
    "resample_filter", "noise_const", "w_avg", "up_filter", "down_filter", "magnitude_ema",
    "transform", "freqs", "phases",
)  # fmt: skip
"""Last parts of the names of tensors that are not trained by descent."""


def is_buffer(name: str) -> bool:
    """Tell whether a tensor of this name is a buffer."""
    return name.rpartition(".")[2] in BUFFERS
