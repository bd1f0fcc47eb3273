"""Read NVIDIA's pickles: StyleGAN2 of the ADA and StyleGAN3 code bases, and StyleGAN3.

Their modules are pickled as records of the arguments they were made with and of their state. Only
`G_ema` is read: its arguments become the description, its parameters and buffers the tensors.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

import torch
from torch import Tensor

from pipeline.generators.checkpoints.checkpoint import Checkpoint, Kind
from pipeline.generators.checkpoints.names import PERSISTENT
from pipeline.generators.checkpoints.nvidia_options import (
    ADA,
    STYLEGAN2,
    STYLEGAN3,
    Options,
    stylegan2_config,
    stylegan3_config,
)
from pipeline.generators.checkpoints.pickles import Record, Storage, Value
from pipeline.generators.checkpoints.refusal import Refusal, damaged
from pipeline.generators.checkpoints.tensors import (
    Loader,
    View,
    is_tensor,
    storage_span,
    tensor_parts,
)
from pipeline.generators.checkpoints.torch_files import read_stream
from pipeline.generators.checkpoints.window import Span, Window

_DEEPEST = 16
_MOST_PARTS = 20_000
_LONGEST_NAME = 100
_MOST_STREAM_INSTRUCTIONS = 1_000
"""A tensor's nested stream has about 60."""

_ARGUMENTS = ("z_dim", "c_dim", "w_dim", "img_resolution", "img_channels")


def is_nvidia(root: Value) -> bool:
    """Tell whether a pickle is a training snapshot, or a generator alone, of these code bases."""
    return _is_module(root) or (isinstance(root, dict) and _is_module(root.get("G_ema")))


def read_nvidia(root: Value, file: BinaryIO, size: int) -> Checkpoint:
    """Read `G_ema` of a snapshot, or a generator pickled alone.

    Raises:
        Refusal: it holds code or no generator of ours, or is damaged.
    """
    snapshot = root if isinstance(root, dict) else {"G_ema": root}
    generator = _Module.of(snapshot["G_ema"])
    synthesis = generator.child("synthesis")
    made = _made_with(generator.state, file)
    kind: Kind = "stylegan3" if "input" in synthesis.children else "stylegan2"
    if kind == "stylegan3":
        layout, config = STYLEGAN3, stylegan3_config(made)
    else:
        old = "synthesis_kwargs" in made or "num_fp16_res" not in synthesis.state
        layout = ADA if old else STYLEGAN2
        config = stylegan2_config(made, layout)
    loader = Loader(file, size)
    state: dict[str, Tensor] = {}
    for name, value in _tensors(generator):
        tensor = loader.load(name, _view(name, value, file))
        square = name.endswith("resample_filter") and tensor.ndim == 1
        state[name] = torch.outer(tensor, tensor) if square else tensor
    return Checkpoint(
        kind,
        config,
        state,
        layout,
        ignored=tuple(sorted(str(key) for key in snapshot if key != "G_ema")),
    )


def _is_module(value: Value) -> bool:
    return isinstance(value, Record) and value.name == PERSISTENT


@dataclass(frozen=True)
class _Module:
    """A module's state as its record tells it."""

    state: Mapping[str, Value]

    @classmethod
    def of(cls, record: Value) -> "_Module":
        match record:
            case Record(name, ({"type": "class", "state": dict(state)},)) if name == PERSISTENT:
                return cls(state)
            case Record(_, _, dict(state)):  # A module of torch itself.
                return cls(state)
        return damaged("holds a module whose record is not what the code bases write")

    @property
    def children(self) -> Mapping[str, Value]:
        return self.table("_modules")

    def child(self, name: str) -> "_Module":
        if name not in self.children:
            raise Refusal(
                f"holds a network without the part {name!r}: no generator of StyleGAN's family",
                "give a snapshot of the ADA, StyleGAN2 or StyleGAN3 code base",
            )
        return _Module.of(self.children[name])

    def table(self, name: str) -> Mapping[str, Value]:
        found = self.state.get(name, {})
        if not isinstance(found, dict):
            damaged(f"holds a module whose {name} are no table")
        return found


def _tensors(module: _Module) -> Iterator[tuple[str, Value]]:
    """Walk through parameters and buffers by dotted names; a file cannot make this endless."""
    waiting = [("", module, 0)]
    count = 0
    while waiting:
        prefix, module, depth = waiting.pop()
        for table in ("_parameters", "_buffers", "_modules"):
            for name, value in module.table(table).items():
                count += 1
                if count > _MOST_PARTS or depth > _DEEPEST:
                    damaged("holds a network of endless parts, or one that contains itself")
                if not isinstance(name, str) or len(name) > _LONGEST_NAME:
                    damaged("holds a network with a part that has no fit name")
                if value is None:
                    continue
                if table == "_modules":
                    waiting.append((f"{prefix}{name}.", _Module.of(value), depth + 1))
                else:
                    yield prefix + name, value


def _view(name: str, value: Value, file: BinaryIO) -> View:
    """Find a tensor whose numbers are a stream of torch.save's within the pickle."""
    if not is_tensor(value):
        damaged(f"describes {name[:200]} in a way that no tensor is")
    storage, offset, shape, strides = tensor_parts(name, value)
    match storage:
        case Record("torch.storage._load_from_bytes", (Span() as span,)):
            stream = read_stream(Window(file, span), _MOST_STREAM_INSTRUCTIONS)
        case _:
            damaged(f"keeps the numbers of {name} in a way that these code bases do not")
    if not isinstance(stream.root, Storage):
        damaged(f"keeps the numbers of {name} in a stream of something else")
    dtype, span = storage_span(stream.root, stream.spans)
    return View(dtype, span, offset, shape, strides)


def _made_with(state: Mapping[str, Value], file: BinaryIO) -> Options:
    """The arguments the generator was made with, by name and as plain values."""
    named = state.get("_init_kwargs", {})
    placed = state.get("_init_args", ())
    if not isinstance(named, dict) or not isinstance(placed, tuple):
        damaged("does not tell what arguments its generator was made with")
    both = dict(zip((*_ARGUMENTS, "mapping_kwargs", "synthesis_kwargs"), placed, strict=False))
    plain: dict[str, Any] = _plain({**both, **named}, file, iter(range(_MOST_PARTS)), 0)
    if missing := [name for name in _ARGUMENTS if name not in plain]:
        damaged(f"does not tell its generator's {missing[0]}")
    return plain


def _plain(value: Value, file: BinaryIO, budget: Iterator[int], depth: int) -> Any:
    """Turn numpy's scalars into numbers; refuse what is no plain value, or more than `budget`."""
    if depth > _DEEPEST or next(budget, None) is None:
        damaged("was made with endless arguments, or with some that contain each other")
    match value:
        case None | bool() | int() | float() | str():
            return value
        case list() | tuple():
            return [_plain(item, file, budget, depth + 1) for item in value[:64]]
        case dict():
            return {str(key): _plain(item, file, budget, depth + 1) for key, item in value.items()}
        case Record(name, (Record("numpy.dtype", (str(code), *_)), data)) if name.endswith(
            "multiarray.scalar"
        ):
            return _number(code, data, file)
    return damaged("was made with an argument that is no plain value")


def _number(code: str, data: Value, file: BinaryIO) -> int | float | bool:
    import numpy as np

    if isinstance(data, Span):
        data = Window(file, data).read(min(data.length, 16))
    if code not in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "b1"):
        damaged(f"was made with a number of numpy's kind {code[:20]!r}")
    dtype = np.dtype("<" + code)
    if not isinstance(data, bytes) or len(data) != dtype.itemsize:
        damaged("was made with a number of numpy's that has the wrong length")
    number: int | float | bool = np.frombuffer(data, dtype)[0].item()
    return number
