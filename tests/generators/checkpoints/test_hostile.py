"""Hostile and broken files: each is refused with its line, by exit code 2, and nothing runs."""

import json
import os
import pickle
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner

from pipeline.cli import main

from .hostile import Calls, archive, doubled, endless, overlapping, safetensors, stream, tensor
from .writer import SMALL2, ada, arguments2, nvidia, random_state, rosinality, saved

STATE = random_state(SMALL2)
MARK = "executed"


def with_mean(value: Any) -> dict[str, Any]:
    """The network's tensors, with something else in place of the mean w."""
    return {**STATE, "mapping.w_avg": value}


def described(config: dict[str, Any] | None = None, **tensors: Any) -> dict[str, Any]:
    about = {"kind": "stylegan2", "config": config or {}}
    return {"__metadata__": {"populace": json.dumps(about)}, **tensors}


def snapshot(folder: Path, state: dict[str, Any], **more: Any) -> bytes:
    return ada(folder / "made", state, **more).read_bytes()


def marks(folder: Path) -> str:
    return f"touch {folder / MARK}"


def nan(name: str, value: float) -> dict[str, Any]:
    broken = STATE[name].clone()
    broken.view(-1)[0] = value
    return {**STATE, name: broken}


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in STATE.items() if key != name}


def bad_option(folder: Path, **changed: Any) -> bytes:
    made = {**arguments2(SMALL2), "synthesis_kwargs": {}, **changed}
    return nvidia(folder / "made", STATE, made).read_bytes()


CODE = "holds code: its pickle names "
SAFE = "get the weights from a publisher you trust"
AGAIN = "fetch or save it again, and compare its size"

CASES: dict[str, tuple[Callable[[Path], bytes], str, str]] = {
    "code beside the generator": (
        lambda f: snapshot(f, STATE, augment_pipe=Calls(os.system, marks(f))),
        CODE + "posix.system", SAFE,
    ),
    "code in an unused network": (
        lambda f: snapshot(f, STATE, D=Calls(eval, f"open({str(f / MARK)!r}, 'w')")),
        CODE + "builtins.eval", SAFE,
    ),
    "code in place of a tensor": (
        lambda f: snapshot(f, with_mean(Calls(subprocess.Popen, ["touch", str(f / MARK)]))),
        CODE + "subprocess.Popen", SAFE,
    ),
    "code in a tensor's stream": (
        lambda f: snapshot(f, with_mean(
            tensor(stream(what=Calls(os.system, marks(f))), (8,), (1,)))),
        CODE + "posix.system", SAFE,
    ),
    "code by way of getattr": (
        lambda f: snapshot(f, STATE, D=Calls(getattr, Calls(__import__, "os"), "system")),
        CODE + "builtins.getattr", SAFE,
    ),
    "code in an archive": (
        lambda f: archive({"a/data.pkl": pickle.dumps(Calls(os.system, marks(f)), 2)}),
        CODE + "posix.system", SAFE,
    ),
    "code in a stream of torch.save": (
        lambda f: b"".join(pickle.dumps(part, 2) for part in (
            0x1950A86A20F9469CFC6C, 1001, {}, {"g_ema": Calls(exec, "1")}, [])),
        CODE + "builtins.exec", SAFE,
    ),
    "an extension code": (
        lambda f: b"\x80\x02\x82\x01.",
        "holds the pickle instruction b'\\x82'", "fetch it again",
    ),
    "a TensorFlow pickle": (
        lambda f: b"\x80\x03cdnnlib.tflib.network\nNetwork\nq\x00)\x81q\x01.",
        "of the TensorFlow code base", "convert it with legacy.py",
    ),
    "a pickle cut off": (
        lambda f: snapshot(f, STATE)[:20_000], "ends at byte 20,000, where", AGAIN,
    ),
    "a pickle of something else": (
        lambda f: pickle.dumps({"weights": [1.0]}),
        "without a generator 'G_ema' (it holds weights)", "give an NVIDIA .pkl",
    ),
    "a memory of 4 billion places": (
        lambda f: b"\x80\x02Nr\xff\xff\xff\xff}.", "is a pickle without a generator", "give an",
    ),
    "a key nested a million deep": (
        lambda f: b"\x80\x02})" + b"\x85" * 1_000_000 + b"Ns.",
        "dictionary key that is neither text nor number", "fetch it again",
    ),
    "calls nested 300,000 deep": (
        lambda f: b"\x80\x02ctorch\nSize\nq\0N" + b"q\1h\0h\1\x85R" * 300_000 + b".",
        "is a pickle without a generator", "give an NVIDIA .pkl",
    ),
    "a network that contains itself": (
        lambda f: snapshot(f, STATE, synthesis={"_modules": endless()}),
        "endless parts, or one that contains itself", "fetch it again",
    ),
    "arguments that refer to each other 2^72 times": (
        lambda f: bad_option(f, mapping_kwargs=doubled(12)),
        "was made with endless arguments", "fetch it again",
    ),
    "a latent of 2.5 million numbers": (
        lambda f: saved({"g_ema": {
            **rosinality(STATE), "style.1.weight": torch.zeros(1, 2_500_000)}}),
        "cannot be: z_dim is 2500000", "fetch it again",
    ),
    "a tensor of 10^12 numbers": (
        lambda f: snapshot(f, with_mean(tensor(stream(), (10**6, 10**6), (10**6, 1)))),
        "claims more numbers in its tensors than the file has bytes", "publisher",
    ),
    "a storage of 10^12 numbers": (
        lambda f: snapshot(f, with_mean(tensor(stream(10**12), (8,), (1,)))),
        "announces 1,000,000,000,000 numbers in its storage", "fetch it again",
    ),
    "one number repeated": (
        lambda f: snapshot(f, with_mean(tensor(stream(), (10**6, 10**6), (0, 0)))),
        "claims more numbers in its tensors than the file has bytes", "publisher",
    ),
    "a tensor beyond its storage": (
        lambda f: snapshot(f, with_mean(tensor(stream(), (8,), (1,), offset=4))),
        "that its storage of 32 bytes does not hold", "fetch it again",
    ),
    "NaN": (
        lambda f: snapshot(f, nan("synthesis.b8.conv1.weight", float("nan"))),
        "holds NaN among the weights of 'synthesis.b8.conv1.weight'", "earlier snapshot",
    ),
    "infinity": (
        lambda f: snapshot(f, nan("mapping.fc0.bias", float("inf"))),
        "holds infinity among the weights of 'mapping.fc0.bias'", "earlier snapshot",
    ),
    "a tensor of another shape": (
        lambda f: snapshot(f, with_mean(torch.zeros(9))),
        "holds 'mapping.w_avg' as [9], but its description implies [8]", "fetch it again",
    ),
    "a tensor that is missing": (
        lambda f: snapshot(f, without("synthesis.b16.torgb.bias")),
        "lacks the tensor 'synthesis.b16.torgb.bias'", "fetch it again",
    ),
    "a tensor too many": (
        lambda f: snapshot(f, {**STATE, "synthesis.b4.spare": torch.zeros(2)}),
        "holds the tensor 'synthesis.b4.spare', which its description has no place for", "fetch",
    ),
    "a resolution that cannot be": (
        lambda f: bad_option(f, img_resolution=10**9),
        "cannot be: resolution is 1000000000; it must be", "fetch it again",
    ),
    "an archive with a path trick": (
        lambda f: archive({"a/data.pkl": b"N.", "../../.bashrc": b"x"}),
        "with the member '../../.bashrc', a path trick", "publisher",
    ),
    "an archive that unpacks to more than it is": (
        lambda f: archive({"a/data.pkl": b"N.", "a/data/0": b"\0" * 2**24}, zipfile.ZIP_DEFLATED),
        "an archive that unpacks to more than its own size", "publisher",
    ),
    "an archive of overlapping members": (
        lambda f: overlapping(), "an archive that unpacks to more than its own size", "publisher",
    ),
    "an archive with packed members": (
        lambda f: archive({"a/data.pkl": os.urandom(999)}, zipfile.ZIP_DEFLATED),
        "with the packed member 'a/data.pkl'", "save it again with torch.save",
    ),
    "an archive cut off": (
        lambda f: saved({"g_ema": rosinality(STATE)})[:-500],
        "is a zip archive that is cut off or damaged", AGAIN,
    ),
    "an archive of something else": (
        lambda f: archive({"readme.txt": b"hello"}),
        "is a zip archive, but none that torch.save wrote", "give the checkpoint itself",
    ),
    "a program of TorchScript": (
        lambda f: archive({"a/data.pkl": b"N.", "a/code/x.py": b"pass"}),
        "is a TorchScript archive, which holds a program", "state_dict()",
    ),
    "a checkpoint of another network": (
        lambda f: saved({"g_ema": {"conv.weight": torch.zeros(3)}}),
        "'conv.weight', which rosinality's StyleGAN2 does not have", "give a checkpoint with",
    ),
    "an encoder without a decoder": (
        lambda f: saved({"state_dict": {"encoder.x": torch.zeros(3)}, "opts": {}}),
        "holds no generator (it holds opts, state_dict)", "'decoder.' in its state_dict",
    ),
    "a header of 10^12 numbers": (
        lambda f: safetensors(described(w={
            "dtype": "F32", "shape": [10**6, 10**6], "data_offsets": [0, 4 * 10**12]})),
        "announces 'w' at the bytes 0 to 4,000,000,000,000", AGAIN,
    ),
    "a header that lies about a shape": (
        lambda f: safetensors(described(w={
            "dtype": "F32", "shape": [10**6, 10**6], "data_offsets": [0, 8]}), b"\0" * 8),
        "describes 'w' as [1000000, 1000000] numbers in 8 bytes", "fetch it again",
    ),
    "a header longer than the file": (
        lambda f: safetensors(described(), length=2**62),
        "announces a header of 4,611,686,018,427,387,904 bytes", AGAIN,
    ),
    "a header nested 100,000 deep": (
        lambda f: safetensors(b'{"a":' * 100_000), "whose header is no JSON", "fetch it again",
    ),
    "safetensors of somebody else": (
        lambda f: safetensors({"__metadata__": {"format": "pt"}}),
        "a safetensors file without a description of ours", "to populace convert",
    ),
    "a description with a field too many": (
        lambda f: safetensors(described({**asdict(SMALL2), "reslution": 64})),
        "describes a network that has the unknown field 'reslution'", "fetch it again",
    ),
    "a web page": (
        lambda f: b"<!DOCTYPE html><html>Sign in</html>", "is a web page", "log-in",
    ),
    "a pointer of Git LFS": (
        lambda f: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        "is a pointer of Git LFS", "run git lfs pull",
    ),
    "nothing": (lambda f: b"", "is empty", "fetch or save it again"),
    "noise": (lambda f: b"\x01\x02\x03" * 99, "is no checkpoint of any kind known", "give an"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_refused_with_one_line(case: str, tmp_path: Path) -> None:
    make, found, mend = CASES[case]
    path = tmp_path / "hostile"
    path.write_bytes(make(tmp_path))
    result = CliRunner().invoke(main, ["inspect", str(path)])
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith(f"populace: {path}: ")
    assert len(result.stderr.splitlines()) == 1
    assert found in result.stderr
    assert mend in result.stderr
    assert not (tmp_path / MARK).exists()
