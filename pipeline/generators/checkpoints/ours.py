"""Keep checkpoints as safetensors: tensors, and the description as JSON in the header."""

import json
import os
import struct
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import torch
from torch import Tensor

from pipeline.errors import SpecError
from pipeline.generators.checkpoints.checkpoint import Checkpoint, bytes_of
from pipeline.generators.checkpoints.refusal import TRUNCATED_MEND, Refusal, damaged
from pipeline.generators.checkpoints.tensors import Loader, View
from pipeline.generators.checkpoints.window import Span, Window

OURS = "populace safetensors"
KEY = "populace"
"""Name of the description in the header's metadata."""

_DTYPES = {"F16": torch.float16, "BF16": torch.bfloat16, "F32": torch.float32, "F64": torch.float64}
_CODES = {dtype: code for code, dtype in _DTYPES.items()}
_LONGEST_HEADER = 16 << 20
_MOST_TENSORS = 10_000


def read_ours(file: BinaryIO, size: int) -> Checkpoint:
    """Read a file that `write_ours` wrote.

    Raises:
        Refusal: it is damaged, cut off or of another writer.
    """
    window = Window(file, Span(0, size))
    length = window.number(8)
    if length > min(_LONGEST_HEADER, size - 8):
        raise Refusal(
            f"announces a header of {length:,} bytes, more than it has or any of ours needs",
            TRUNCATED_MEND,
        )
    try:
        header = json.loads(window.read(length))
    except (ValueError, RecursionError):
        damaged("is a safetensors file whose header is no JSON")
    if not isinstance(header, dict) or len(header) > _MOST_TENSORS:
        damaged("is a safetensors file whose header is no table of tensors, or an endless one")
    metadata = header.pop("__metadata__", None)
    kind, config, layout, notes = _description(metadata)
    data = Span(window.position, size - window.position)
    loader = Loader(file, size)
    state = {name: loader.load(name, _view(name, entry, data)) for name, entry in header.items()}
    return Checkpoint(kind, config, state, layout, notes=notes)


def write_ours(checkpoint: Checkpoint, path: Path, *, force: bool = False) -> None:
    """Write a checkpoint whole or not at all; an existing file only with `force`.

    Tensor by tensor, so that no second copy is in memory.

    Raises:
        SpecError: the file is there already, or cannot be written.
    """
    there = f"{path}: is there already; give another name, or --force to replace it."
    if path.exists() and not force:
        raise SpecError(there)
    hidden = path.with_name(f".part-{os.urandom(8).hex()}")
    try:
        with hidden.open("xb") as file:
            header = _header(checkpoint)
            file.write(struct.pack("<Q", len(header)) + header)
            for tensor in checkpoint.state.values():
                file.write(bytes_of(tensor))
            file.flush()
            os.fsync(file.fileno())
        if force:
            hidden.replace(path)
        else:
            path.hardlink_to(hidden)
    except FileExistsError:
        raise SpecError(there) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SpecError(f"{path}: cannot be written ({reason}); choose another place.") from None
    finally:
        hidden.unlink(missing_ok=True)


def _header(checkpoint: Checkpoint) -> bytes:
    about = {
        "kind": checkpoint.kind,
        "config": dict(checkpoint.config),
        "from": checkpoint.layout,
        "notes": list(checkpoint.notes),
    }
    entries: dict[str, Any] = {"__metadata__": {KEY: json.dumps(about), "format": "pt"}}
    at = 0
    for name, tensor in checkpoint.state.items():
        end = at + tensor.numel() * tensor.dtype.itemsize
        entries[name] = _entry(tensor, at, end)
        at = end
    text = json.dumps(entries, separators=(",", ":")).encode()
    return text + b" " * (-len(text) % 8)


def _entry(tensor: Tensor, start: int, end: int) -> dict[str, Any]:
    return {
        "dtype": _CODES[tensor.dtype],
        "shape": list(tensor.shape),
        "data_offsets": [start, end],
    }


def _view(name: str, entry: object, data: Span) -> View:
    match entry:
        case {
            "dtype": str(code),
            "shape": list(shape),
            "data_offsets": [int(start), int(end)],
        } if code in _DTYPES and len(shape) <= 8 and all(type(n) is int and n >= 0 for n in shape):
            dtype = _DTYPES[code]
        case _:
            damaged(f"describes {name[:200]!r} in a way that no tensor of ours is")
    if not 0 <= start <= end <= data.length:
        raise Refusal(
            f"announces {name!r} at the bytes {start:,} to {end:,} of {data.length:,}",
            TRUNCATED_MEND,
        )
    if prod(shape) * dtype.itemsize != end - start:
        damaged(f"describes {name!r} as {shape} numbers in {end - start:,} bytes")
    strides = tuple(prod(shape[i + 1 :]) for i in range(len(shape)))
    return View(dtype, Span(data.start + start, end - start), 0, tuple(shape), strides)


def _description(metadata: object) -> tuple[Any, dict[str, Any], str, tuple[str, ...]]:
    text = metadata.get(KEY) if isinstance(metadata, dict) else None
    if not isinstance(text, str):
        raise Refusal(
            "is a safetensors file without a description of ours",
            "give the original checkpoint to populace convert",
        )
    try:
        about = json.loads(text)
    except (ValueError, RecursionError):
        damaged("has a description that is no JSON")
    match about:
        case {"kind": "stylegan2" | "stylegan3" as kind, "config": dict(config)}:
            taps = config.get("resample_filter")
            if isinstance(taps, list):
                config["resample_filter"] = tuple(taps)
            notes = about.get("notes")
            sound = tuple(map(str, notes)) if isinstance(notes, list) else ()
            return kind, config, str(about.get("from", OURS)), sound
    return damaged("has a description of no network that this version knows")
