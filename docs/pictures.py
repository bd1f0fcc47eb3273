"""Render the strips of docs/attributes.md: a face for every class, of one person where possible.

python docs/pictures.py            # all of them, a minute or so
python docs/pictures.py age yaw    # these

Run by hand when the generator or the taxonomy changes; files go to docs/attributes/<name>.jpg.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sheets import GREY, over, person

from pipeline.assets.encode import encode
from pipeline.assets.sheet import contact_sheet
from pipeline.attributes import load_scorer
from pipeline.attributes.taxonomy import ATTRIBUTES, BY_NAME, Attribute
from pipeline.generators.heads import Heads, truth
from pipeline.provenance.xmp import embed_xmp, synthetic_packet

FOLDER = Path(__file__).parent / "attributes"
SIZE, THUMB, QUALITY = 256, 128, 85

ALONG: dict[str, Sequence[float]] = {
    "age": (4, 12, 20, 30, 40, 50, 60, 70, 80, 90),
    "skin_tone": range(1, 11),
    "smile": (0, 0.25, 0.5, 0.75, 1),
    "mouth_open": (0, 0.25, 0.5, 0.75, 1),
    "yaw": (-45, -30, -15, 0, 15, 30, 45),
    "pitch": (-20, -10, 0, 10, 20),
    "light_azimuth": (-80, -40, 0, 40, 80),
}
"""Where a number is shown; `ita` is measured on the skin tones."""

PLAIN: Mapping[str, float] = {
    "age": 30, "gender_presentation": 0, "skin_tone": 4, "smile": 0.1, "mouth_open": 0,
    "expression": 0, "hair_length": 2, "hair_color": 1, "facial_hair": 0, "glasses": 0,
    "yaw": 0, "pitch": 0, "light_azimuth": 20,
}  # fmt: skip
"""The person of all strips, in the taxonomy's units."""

MASCULINE: Mapping[str, float] = {**PLAIN, "gender_presentation": 1, "hair_length": 1}
"""The one with a beard."""

FOLLOWS = {
    "age": ("hair_color", "hair_length", "facial_hair"),
    "smile": ("mouth_open", "expression"),
    "mouth_open": ("smile", "expression"),
    "expression": ("smile", "mouth_open"),
    "hair_length": ("hair_color",),
    "gender_presentation": ("hair_length", "facial_hair"),
}
"""What may change along with an attribute."""

Latent = NDArray[np.float32]


def main(names: Sequence[str]) -> None:
    """Write the strips of these attributes, or of all."""
    FOLDER.mkdir(exist_ok=True)
    heads = Heads()
    plain_one = search(heads, person(0), PLAIN, ())
    bearded = search(heads, person(1), MASCULINE, ())
    known = truth(plain_one)
    for attribute in ATTRIBUTES:
        name = attribute.name
        if (names and name not in names) or (name not in known and name != "ita"):
            continue
        base, plain = (bearded, MASCULINE) if name == "facial_hair" else (plain_one, PLAIN)
        faces = strip(heads, attribute, base, plain)
        sheet = contact_sheet(faces, columns=len(faces), thumb=THUMB)
        packet = synthetic_packet(f"docs {name}", "Synthetic faces. The people do not exist.")
        data = embed_xmp(encode(np.asarray(sheet), "jpeg", QUALITY), packet)
        (FOLDER / f"{name}.jpg").write_bytes(data)
        print(f"{name}: {len(faces)} faces, {len(data):,} bytes", flush=True)


def strip(
    heads: Heads, attribute: Attribute, base: Latent, plain: Mapping[str, float]
) -> list[tuple[str, NDArray[np.uint8]]]:
    """The faces of an attribute, each with its label."""
    name = attribute.name
    shown = "skin_tone" if name == "ita" else name
    values = ALONG.get(shown, range(len(BY_NAME[shown].classes)))
    labels = [f"{value:g}" for value in values]
    if attribute.kind == "class":
        labels = [attribute.classes[int(value)] for value in values]
    found = [
        search(heads, base, {**plain, shown: value}, (shown, *FOLLOWS.get(shown, ())))
        for value in values
    ]
    shots = heads.pictures(np.concatenate(found), SIZE)
    images = np.stack([over(shots, n, GREY) for n in range(len(values))])
    if name == "ita":
        labels = [
            f"{value:.0f}°" for value in load_scorer("builtin:heads").score(images).values["ita"]
        ]
    return list(zip(labels, images, strict=True))


def search(heads: Heads, start: Latent, wanted: Mapping[str, float], free: Sequence[str]) -> Latent:
    """The latent near `start`, [1, D], whose truth is as wanted; `free` attributes may differ.

    One dimension after another is scanned over its whole range, and the best value of all kept;
    dimensions are monotone in what they mean, so a few rounds suffice. `free[0]` is the attribute
    that is shown, and must be met.
    """
    scan = np.linspace(-4, 4, 161, dtype=np.float32)
    best, loose = start, free[1:]
    for _ in range(8):
        tries = np.repeat(best, heads.latent_size * len(scan), 0)
        rows = np.arange(len(tries))
        tries[rows, rows // len(scan)] = scan[rows % len(scan)]
        tries = heads.latents(np.concatenate([best, tries]))
        moved = 0.01 * np.abs(tries - start).sum(1)
        total = cost(tries, wanted, loose) + moved
        if total.argmin() == 0:
            break
        best = tries[total.argmin()][None]
    return best


def cost(people: Latent, wanted: Mapping[str, float], loose: Sequence[str]) -> NDArray[np.float64]:
    """How far people, [B, D], are from what is wanted; float64 [B].

    A class apart costs 1, as does a tenth of a number's range; what is loose, a twentieth of that.
    """
    total = np.zeros(len(people))
    for name, values in truth(people).items():
        if name not in wanted:
            continue
        attribute = BY_NAME[name]
        off = np.abs(np.asarray(values, np.float64) - wanted[name])
        if attribute.kind == "class":
            apart = (off > 0).astype(np.float64)
        else:
            apart = 10 * off / (attribute.high - attribute.low)
        total += apart * (0.05 if name in loose else 1.0)
    return total


if __name__ == "__main__":
    main(sys.argv[1:])
