"""Whatever a byte becomes, a file is read or refused; nothing else ever happens."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import SpecError
from pipeline.generators.checkpoints import read_checkpoint
from pipeline.generators.checkpoints.convert import convert

from .writer import SMALL2, ada, random_state, rosinality, saved

STATE = random_state(SMALL2)
HEAD = 6000
"""Most damage goes here, where pickles and headers are; far bytes are weights."""


def ours(folder: Path) -> bytes:
    convert(ada(folder / "made.pkl", STATE), folder / "made.safetensors")
    return (folder / "made.safetensors").read_bytes()


FILES: dict[str, Callable[[Path], bytes]] = {
    "NVIDIA": lambda folder: ada(folder / "made.pkl", STATE).read_bytes(),
    "archive": lambda folder: saved({"g_ema": rosinality(STATE)}),
    "stream": lambda folder: saved({"g_ema": rosinality(STATE)}, stream=True),
    "ours": ours,
}


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Cut off, overwrite, take out or put in."""
    at, length = chance.randrange(HEAD), chance.randrange(1, 50)
    match chance.randrange(4):
        case 0:
            return content[: chance.randrange(len(content))]
        case 1:
            return content[:at] + chance.randbytes(min(length, 4)) + content[at + 4 :]
        case 2:
            return content[:at] + content[at + length :]
    other = chance.randrange(HEAD)
    return content[:at] + content[other : other + length] + content[at:]


@pytest.mark.parametrize("kind", FILES)
def test_damage_is_survived(kind: str, tmp_path: Path) -> None:
    content, chance = FILES[kind](tmp_path), random.Random(0)
    path = tmp_path / "damaged"
    lines = []
    for _ in range(150):
        path.write_bytes(damaged(content, chance))
        try:
            read_checkpoint(path)
        except SpecError as error:
            lines.append(str(error))
    assert len(lines) > 75
    assert all(line.startswith(f"{path}: ") and "\n" not in line for line in lines)
