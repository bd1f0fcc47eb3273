"""Make the parts that hostile files are made of."""

import copy
import io
import json
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch

from .writer import Module


class Calls:
    """Pickles as a call of `function`."""

    def __init__(self, function: Callable[..., Any], *arguments: Any, state: Any = None) -> None:
        self.reduced = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.reduced


def tensor(storage: Any, shape: Any, strides: Any, offset: int = 0) -> Calls:
    rebuild = torch._utils._rebuild_tensor_v2
    return Calls(rebuild, storage, offset, shape, strides, False, OrderedDict())


def stream(count: int = 8, what: Any = None) -> Calls:
    """A tensor's nested stream of eight floats; it announces `count`, or holds `what` instead."""
    data = object()

    class Pickler(pickle.Pickler):
        def persistent_id(self, obj: Any) -> Any:
            return ("storage", torch.FloatStorage, "0", "cpu", count, None) if obj is data else None

    content = io.BytesIO()
    for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
        content.write(pickle.dumps(part, 2))
    Pickler(content, 2).dump(data if what is None else what)
    content.write(pickle.dumps(["0"] if what is None else [], 2) + struct.pack("<q", 8))
    return Calls(torch.storage._load_from_bytes, content.getvalue() + bytes(32))


def archive(members: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", how) as out:
        for name, content in members.items():
            out.writestr(name, content)
    return buffer.getvalue()


def overlapping() -> bytes:
    """An archive whose central directory names the same bytes again and again."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as out:
        out.writestr("a/data.pkl", b"N." * 50_000)
        for number in range(1000):
            again = copy.copy(out.filelist[0])
            again.filename = f"a/data/{number}"
            out.filelist.append(again)
    return buffer.getvalue()


def safetensors(header: Any, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def endless() -> Any:
    """Parts of a network that contain themselves."""
    parts: dict[str, Any] = OrderedDict()
    parts["again"] = Module({"_modules": parts})
    return parts


def doubled(levels: int) -> Any:
    """A list that refers 64 times to one that refers 64 times to another, and so on."""
    held: Any = {"z_dim": 1}
    for _ in range(levels):
        held = [held] * 64
    return {"x": held}
