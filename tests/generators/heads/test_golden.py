"""Golden pictures: ten people come out as recorded, to the bit on the hardware that recorded them.

After a deliberate change of the look, or for another processor, run this file with python.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from pipeline.generators.heads import Heads
from pipeline.models.device import device_name
from pipeline.provenance.xmp import embed_xmp, synthetic_packet

HERE = Path(__file__).parent
PICTURES, DIGESTS = HERE / "golden.png", HERE / "golden.json"
SIZE, PEOPLE, SEED = 64, 10, 2026


def draw() -> np.ndarray:
    """The ten pictures, uint8 [10, 64, 64, 3], on one thread as workers use."""
    heads, threads = Heads(), torch.get_num_threads()
    normals = np.random.default_rng(SEED).standard_normal((PEOPLE, heads.latent_size), np.float32)
    torch.set_num_threads(1)
    try:
        return heads.render(heads.latents(normals), SIZE)
    finally:
        torch.set_num_threads(threads)


def hardware() -> str:
    """What float sums depend on: the processor and torch's version."""
    return f"{device_name(gpu=False)} {torch.__version__}"


def digests(images: np.ndarray) -> list[str]:
    return [hashlib.sha256(image.tobytes()).hexdigest() for image in images]


def test_ten_people_look_as_recorded() -> None:
    strip = np.asarray(Image.open(PICTURES).convert("RGB"))
    recorded = strip.reshape(SIZE, PEOPLE, SIZE, 3).transpose(1, 0, 2, 3)
    images = draw()
    known = json.loads(DIGESTS.read_text())
    assert digests(recorded) == next(iter(known.values())), "picture and digests are of one run"
    if hardware() in known:
        assert digests(images) == known[hardware()]
    difference = np.abs(images.astype(int) - recorded).mean((1, 2, 3))
    assert difference.max() < 1.5, "other hardware may round differently, no more"


def record() -> None:
    """Write the pictures and their digests; where they look as recorded, this hardware's alone."""
    images, known = draw(), json.loads(DIGESTS.read_text())
    strip = images.transpose(1, 0, 2, 3).reshape(SIZE, PEOPLE * SIZE, 3)
    recorded = np.asarray(Image.open(PICTURES).convert("RGB"))
    if np.abs(strip.astype(int) - recorded).mean() > 0.1:
        known = {}
        Image.fromarray(strip).save(PICTURES)
        PICTURES.write_bytes(embed_xmp(PICTURES.read_bytes(), synthetic_packet("golden")))
    known[hardware()] = digests(images)
    DIGESTS.write_text(json.dumps(known, indent=1) + "\n")


if __name__ == "__main__":
    record()
