"""Read a checkpoint file of any layout, whole and checked, or say in one line why not."""

from pathlib import Path
from typing import BinaryIO

from pipeline.errors import SpecError
from pipeline.generators.checkpoints.check import check
from pipeline.generators.checkpoints.checkpoint import Checkpoint
from pipeline.generators.checkpoints.nvidia import is_nvidia, read_nvidia
from pipeline.generators.checkpoints.ours import read_ours
from pipeline.generators.checkpoints.pickles import read_pickle
from pipeline.generators.checkpoints.refusal import Refusal
from pipeline.generators.checkpoints.rosinality import read_rosinality
from pipeline.generators.checkpoints.torch_files import MAGIC, read_stream, read_zip
from pipeline.generators.checkpoints.window import Span, Window

_KINDS = "give an NVIDIA .pkl, a rosinality .pt, a populace .safetensors or an .onnx"
_STRANGERS = {
    b"version https://git-lfs": ("is a pointer of Git LFS", "run git lfs pull in its folder"),
    b"<": ("is a web page", "download the file itself: the address may need a log-in"),
    b"\x1f\x8b": ("is packed with gzip", "unpack it first"),
    b"BZh": ("is packed with bzip2", "unpack it first"),
    b"\xfd7zXZ": ("is packed with xz", "unpack it first"),
    b"7z\xbc\xaf": ("is a 7z archive", "unpack it first"),
    b"Rar!": ("is a RAR archive", "unpack it first"),
    b"\x89HDF": ("is an HDF5 file", _KINDS),
    b"\x89PNG": ("is a picture", _KINDS),
    b"\xff\xd8\xff": ("is a picture", _KINDS),
    b"\x7fELF": ("is a program", _KINDS),
}


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a StyleGAN2 or StyleGAN3 generator; nothing in the file is executed.

    Raises:
        SpecError: names the file, what was found in it, and the mend.
    """
    try:
        checkpoint = _read(path)
        check(checkpoint)
    except Refusal as refusal:
        raise SpecError(f"{path}: {refusal.found}; {refusal.mend}.") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SpecError(f"{path}: cannot be read ({reason}); give a checkpoint file.") from None
    return checkpoint


def _read(path: Path) -> Checkpoint:
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        start = file.read(64)
        if not start:
            raise Refusal("is empty", "fetch or save it again")
        if start.startswith(b"PK"):
            return read_rosinality(read_zip(file, size), file, size)
        if start.startswith(b"\x80"):
            return _read_pickle(file, size)
        for magic, (found, mend) in _STRANGERS.items():
            if start.lstrip().startswith(magic):
                raise Refusal(found, mend)
        if start[8:9] == b"{":
            return read_ours(file, size)
    if path.suffix == ".onnx":
        raise Refusal("is an ONNX model, whose network is its own", "use it as it is")
    raise Refusal("is no checkpoint of any kind known here", _KINDS)


def _read_pickle(file: BinaryIO, size: int) -> Checkpoint:
    root = read_pickle(Window(file, Span(0, size))).root
    if root == MAGIC:
        return read_rosinality(read_stream(Window(file, Span(0, size))), file, size)
    if is_nvidia(root):
        return read_nvidia(root, file, size)
    keys = ", ".join(sorted(str(key)[:40] for key in root)[:6]) if isinstance(root, dict) else ""
    held = f"it holds {keys}" if keys else f"it holds {type(root).__name__}"
    raise Refusal(f"is a pickle without a generator 'G_ema' ({held})", _KINDS)
