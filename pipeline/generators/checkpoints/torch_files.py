"""Open what torch.save writes: zip archives, and the plain streams from before them."""

import re
import zipfile
from dataclasses import dataclass
from typing import BinaryIO

from pipeline.generators.checkpoints.pickles import MOST_INSTRUCTIONS, Storage, Value, read_pickle
from pipeline.generators.checkpoints.refusal import TRUNCATED_MEND, Refusal, damaged
from pipeline.generators.checkpoints.tensors import DTYPES, View, storage_span, tensor_parts
from pipeline.generators.checkpoints.window import Span, Window

MAGIC = 0x1950A86A20F9469CFC6C
"""The number that a plain stream begins with."""

_PROTOCOL = 1001
_LOCAL_HEADER = 30
_MOST_MEMBERS = 100_000


@dataclass(frozen=True)
class TorchFile:
    """What one torch.save wrote: an object, and where the numbers of its storages lie."""

    root: Value
    spans: dict[str, Span]

    def view(self, name: str, value: Value) -> View:
        """Find the tensor that a record stands for.

        Raises:
            Refusal: the record is no tensor's, or its numbers are not there.
        """
        storage, offset, shape, strides = tensor_parts(name, value)
        if not isinstance(storage, Storage):
            damaged(f"keeps the numbers of {name} in a way that torch.save does not")
        dtype, span = storage_span(storage, self.spans)
        return View(dtype, span, offset, shape, strides)


def read_stream(window: Window, most: int = MOST_INSTRUCTIONS) -> TorchFile:
    """Read a plain stream: magic number, protocol, machine, object, keys, numbers.

    Raises:
        Refusal: it is no such stream, holds code, is damaged or ends too early.
    """
    if read_pickle(window, most).root != MAGIC or read_pickle(window, most).root != _PROTOCOL:
        damaged("holds a stream that torch.save did not write")
    machine = read_pickle(window, most).root
    if isinstance(machine, dict) and machine.get("little_endian") is False:
        raise Refusal("was saved on a big-endian machine", "save it again on a common one")
    pickle = read_pickle(window, most)
    keys = read_pickle(window, most).root
    if not isinstance(keys, list) or not all(key in pickle.storages for key in keys):
        damaged("lists storages that it does not use")
    spans = {}
    for key in keys:
        dtype = DTYPES.get(pickle.storages[key].kind)
        if dtype is None:
            damaged(f"holds numbers of the kind {pickle.storages[key].kind}")
        spans[key] = window.skip(window.number(8) * dtype.itemsize)
    return TorchFile(pickle.root, spans)


def read_zip(file: BinaryIO, size: int) -> TorchFile:
    """Read an archive: `NAME/data.pkl`, and the numbers in `NAME/data/KEY`, all stored plainly.

    Raises:
        Refusal: it is no such archive, plays tricks, holds code, is damaged or ends too early.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, zipfile.LargeZipFile, ValueError, OSError, NotImplementedError):
        raise Refusal("is a zip archive that is cut off or damaged", TRUNCATED_MEND) from None
    names = _sound_names(members, size)
    pickles = [name for name in names if re.fullmatch(r"[^/]+/data\.pkl", name)]
    if len(pickles) != 1:
        raise Refusal(
            "is a zip archive, but none that torch.save wrote",
            "give the checkpoint itself, not an archive it came in",
        )
    root = pickles[0].partition("/")[0]
    if any(name.startswith((f"{root}/code/", f"{root}/constants.pkl")) for name in names):
        raise Refusal(
            "is a TorchScript archive, which holds a program",
            "save the network's state_dict() instead, or export it to ONNX",
        )
    spans = {name: _content(file, size, member) for name, member in names.items()}
    order = spans.get(f"{root}/byteorder")
    if order is not None and Window(file, order).read(order.length) != b"little":
        raise Refusal("was saved on a big-endian machine", "save it again on a common one")
    pickle = read_pickle(Window(file, spans[pickles[0]]))
    data = f"{root}/data/"
    return TorchFile(
        pickle.root,
        {name.removeprefix(data): span for name, span in spans.items() if name.startswith(data)},
    )


def _sound_names(members: list[zipfile.ZipInfo], size: int) -> dict[str, zipfile.ZipInfo]:
    mend = "get the file from its publisher again"
    if len(members) > _MOST_MEMBERS or sum(member.file_size for member in members) > size:
        raise Refusal("is an archive that unpacks to more than its own size", mend)
    named = {}
    for member in members:
        name = member.filename
        parts = name.split("/")
        if name.startswith("/") or "\\" in name or ".." in parts or name in named:
            raise Refusal(f"is an archive with the member {name[:200]!r}, a path trick", mend)
        if member.compress_type != zipfile.ZIP_STORED or member.flag_bits & 1:
            raise Refusal(
                f"is an archive with the packed member {name[:200]!r}, which torch.save never "
                "writes",
                "save it again with torch.save",
            )
        named[name] = member
    return named


def _content(file: BinaryIO, size: int, member: zipfile.ZipInfo) -> Span:
    """Find a member's bytes: its local header tells how long its own name and padding are."""
    window = Window(file, Span(member.header_offset, size - member.header_offset))
    header = window.read(_LOCAL_HEADER)
    if header[:4] != b"PK\x03\x04":
        damaged(f"is an archive whose member {member.filename[:200]!r} is not where it should be")
    window.skip(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"))
    return window.skip(member.file_size)
