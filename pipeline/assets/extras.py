"""Write files beside an image that tell what its generator knows: landmarks, depth and the like."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.assets.encode import encode_png
from pipeline.generators.generator import SEGMENTS, Pictures
from pipeline.provenance.xmp import DESCRIPTION, DIGITAL_SOURCE_TYPE, embed_xmp, synthetic_packet
from pipeline.spec import Extra

DEPTH_UNIT = 0.1
"""mm to a step of the depth image."""

PALETTE = (
    "#1d1d20", "#e8b48c", "#7a4a2a", "#f4f4f0", "#3f7fbf", "#c8485a", "#fffbe0", "#5a1420",
    "#8a6a3c", "#b08850", "#3ccfc0", "#f2c230", "#6a60b8",
)  # fmt: skip
"""The colour of each segment, in the order of SEGMENTS: near what it shows, and far from the rest.
"""


@dataclass(frozen=True)
class Kind:
    """One kind of extra: how its files end, their media type, and what they say of the picture."""

    suffix: str
    media_type: str
    doc: str
    facts: Mapping[str, Any]


EXTRAS: dict[Extra, Kind] = {
    "landmarks": Kind(
        "landmarks.json",
        "application/json",
        "68 points of the face and the camera",
        {
            "scheme": "iBUG 300-W, 68 points",
            "unit": "px from the left and top edge, the first pixel's centre at 0.5, 0.5",
            "camera": "3 x 4 matrix by rows: head space (mm; origin between the eyes, x right in "
            "the picture, y up, z to the viewer) to homogeneous px",
        },
    ),
    "segmentation": Kind(
        "segmentation.png",
        "image/png",
        "what each pixel shows",
        {"encoding": "palette, the index is the class", "classes": SEGMENTS, "palette": PALETTE},
    ),
    "alpha": Kind(
        "alpha.png",
        "image/png",
        "how much of each pixel the person covers",
        {"encoding": "8 bit grey, 255 is all of it"},
    ),
    "depth": Kind(
        "depth.png",
        "image/png",
        "distance from the camera along its axis",
        {"encoding": "16 bit grey", "unit_mm": DEPTH_UNIT, "background": 0},
    ),
}
"""Every kind of extra, in the order of the manifest's columns."""


@dataclass(frozen=True)
class Truth:
    """What is known of one picture of S x S px; the fields are those of `Pictures`, for one."""

    alpha: NDArray[np.uint8]
    segmentation: NDArray[np.uint8]
    depth: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    camera: NDArray[np.float32]

    def without_pixels(self) -> "Truth":
        """Only landmarks and camera: for a row."""
        none = np.zeros((0, 0), np.uint8)
        return Truth(none, none, none.astype(np.float32), self.landmarks, self.camera)


def truth_of(pictures: Pictures, index: int) -> Truth:
    """The truth of one picture, copied, so that it keeps nothing else in memory."""
    return Truth(
        pictures.alpha[index].copy(),
        pictures.segmentation[index].copy(),
        pictures.depth[index].copy(),
        pictures.landmarks[index].copy(),
        pictures.cameras[index].copy(),
    )


def describe(kind: Extra) -> dict[str, Any]:
    """What `catalog.json` says of a kind of extra: how to read its files."""
    entry = EXTRAS[kind]
    return {"file": f"<asset>.{entry.suffix}", "what": entry.doc, **entry.facts}


def encode_extra(kind: Extra, truth: Truth, asset: str) -> bytes:
    """The file of an extra, labelled as synthetic; the same truth gives the same bytes."""
    if kind == "landmarks":
        return _landmarks(truth, asset)
    image = {"segmentation": _segmentation, "alpha": _alpha, "depth": _depth}[kind](truth)
    words = f"{kind.capitalize()} of a picture: {EXTRAS[kind].doc}. {DESCRIPTION}"
    return embed_xmp(image, synthetic_packet(asset, words))


def _landmarks(truth: Truth, asset: str) -> bytes:
    height, width = truth.alpha.shape
    document = {
        "asset_id": asset,
        "description": DESCRIPTION,
        "digital_source_type": DIGITAL_SOURCE_TYPE,
        "width": width,
        "height": height,
        "scheme": EXTRAS["landmarks"].facts["scheme"],
        "landmarks": [_plain(point) for point in truth.landmarks],
        "camera": [_plain(row) for row in truth.camera],
    }
    return (json.dumps(document) + "\n").encode()


def _plain(values: NDArray[np.float32]) -> list[float]:
    """The shortest decimals that give the same float32 values back."""
    return [float(str(value)) for value in values]


def _segmentation(truth: Truth) -> bytes:
    height, width = truth.segmentation.shape
    image = Image.frombytes("P", (width, height), truth.segmentation.tobytes())
    image.putpalette(bytes.fromhex("".join(color[1:] for color in PALETTE)))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def _alpha(truth: Truth) -> bytes:
    return encode_png(truth.alpha)


def _depth(truth: Truth) -> bytes:
    # In float64: float32 is exact to a step only up to 1.6 m.
    steps = np.rint(truth.depth.astype(np.float64) / DEPTH_UNIT)
    return encode_png(np.clip(steps, 0, 65535).astype(np.uint16))
