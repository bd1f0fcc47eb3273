"""Read tensors out of the records that stand for them, straight from the file, once each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import BinaryIO

import torch
from torch import Tensor

from pipeline.generators.checkpoints.pickles import Record, Storage, Value
from pipeline.generators.checkpoints.refusal import TRUNCATED_MEND, Refusal, damaged
from pipeline.generators.checkpoints.window import Span

DTYPES = {
    "FloatStorage": torch.float32,
    "DoubleStorage": torch.float64,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
"""Kinds of numbers that torch.save writes, and networks of ours may be made of."""

_PARAMETERS = ("torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state")
_TENSORS = ("torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor")


@dataclass(frozen=True)
class View:
    """A tensor that lies in the file: its numbers, and how its shape walks through them."""

    dtype: torch.dtype
    data: Span
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


@dataclass
class Loader:
    """Loads views from `file`; never more than the file holds, however often views repeat."""

    file: BinaryIO
    size: int
    taken: int = field(default=0)

    def load(self, name: str, view: View) -> Tensor:
        """Copy a view out of the file, contiguous, with its own dtype.

        Raises:
            Refusal: the file does not hold as many numbers as the shape needs.
        """
        width = view.dtype.itemsize
        count = prod(view.shape)
        self.taken += count * width
        if self.taken > self.size:
            raise Refusal(
                f"claims more numbers in its tensors than the file has bytes (at {name}, of "
                f"shape {list(view.shape)})",
                "get the file from its publisher again",
            )
        if not count:
            damaged(f"describes {name} as {list(view.shape)}, no numbers at all")
        reach = 1 + sum(
            (side - 1) * step for side, step in zip(view.shape, view.strides, strict=True)
        )
        if (view.offset + reach) * width > view.data.length or reach > 2 * count + 1024:
            damaged(
                f"describes {name} as {list(view.shape)} numbers that its storage of "
                f"{view.data.length:,} bytes does not hold"
            )
        raw = torch.empty(reach * width, dtype=torch.uint8)
        self.file.seek(view.data.start + view.offset * width)
        if self.file.readinto(raw.numpy()) < raw.numel():  # type: ignore[attr-defined]
            raise Refusal(f"ends within the numbers of {name}", TRUNCATED_MEND)
        return raw.view(view.dtype).as_strided(view.shape, view.strides).contiguous()


def storage_span(storage: Storage, spans: Mapping[str, Span]) -> tuple[torch.dtype, Span]:
    """Find a storage's numbers in the file and check that they are all there.

    Raises:
        Refusal: no such numbers, fewer than announced, or of a kind no network is made of.
    """
    dtype = DTYPES.get(storage.kind)
    if dtype is None:
        damaged(f"holds numbers of the kind {storage.kind}, which no network of ours is made of")
    span = spans.get(storage.key)
    if span is None:
        damaged(f"lacks the numbers of its storage {storage.key!r}")
    if storage.count < 0 or storage.count * dtype.itemsize > span.length:
        damaged(
            f"announces {storage.count:,} numbers in its storage {storage.key!r}, which has "
            f"{span.length:,} bytes"
        )
    return dtype, Span(span.start, storage.count * dtype.itemsize)


def is_tensor(value: Value) -> bool:
    """Tell whether a value stands for a tensor or a parameter."""
    return isinstance(value, Record) and value.name in (*_PARAMETERS, *_TENSORS)


def tensor_parts(name: str, value: Value) -> tuple[Value, int, tuple[int, ...], tuple[int, ...]]:
    """Take a tensor's record apart: its storage, offset, shape and strides, all counts sound.

    Raises:
        Refusal: the record is no tensor's.
    """
    if isinstance(value, Record) and value.name in _PARAMETERS and value.arguments:
        value = value.arguments[0]
    if isinstance(value, Record) and value.name in _TENSORS:
        match value.arguments:
            case (storage, int(offset), tuple(shape), tuple(strides), *_) if len(shape) == len(
                strides
            ) <= 8 and all(isinstance(n, int) and n >= 0 for n in (offset, *shape, *strides)):
                return storage, offset, shape, strides
    return damaged(f"describes {name[:200]} in a way that no tensor is")
