"""Disturb training images as the world does: placement, mirroring, size, light, noise and JPEG."""

import io
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.attributes.resample import area_average, resized

MIRRORED = ("yaw", "light_azimuth")
"""Labels whose sign turns with a horizontal flip."""

MIRROR: tuple[int, ...] = (
    *range(16, -1, -1),  # jaw
    *range(26, 16, -1),  # brows
    *range(27, 31), *range(35, 30, -1),  # nose
    *(45, 44, 43, 42, 47, 46), *(39, 38, 37, 36, 41, 40),  # eyes
    *range(54, 47, -1), *range(59, 54, -1), *range(64, 59, -1), *(67, 66, 65),  # lips
)  # fmt: skip
"""The landmark that each one becomes in a mirrored picture."""

HARD_QUALITY = 60
"""JPEG quality of the hard conditions."""

_MARGIN = 0.2
"""How far beyond its edge a picture is continued before it is moved, in sides."""

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]


def moved(
    image: Bytes, mask: Bytes, landmarks: Floats, rng: np.random.Generator
) -> tuple[Bytes, Bytes, Floats]:
    """Turn by up to 5 degrees, scale within 8 % and shift within 6 % of the side.

    Args:
        image: uint8 [S, S, 3].
        mask: uint8 [M, M].
        landmarks: float32 [68, 2], fractions.
        rng: the only source of chance.
    """
    angle, scale = np.radians(rng.uniform(-5, 5)), rng.uniform(0.92, 1.08)
    turn = scale * np.array(
        [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    )  # from the new picture's points to the old one's
    shift = rng.uniform(-0.06, 0.06, 2)
    points = (landmarks - 0.5 - shift) @ np.linalg.inv(turn).T + 0.5
    return _placed(image, turn, shift), _placed(mask, turn, shift), points.astype(np.float32)


def _placed(image: Bytes, turn: NDArray[np.float64], shift: NDArray[np.float64]) -> Bytes:
    side = len(image)
    margin = round(_MARGIN * side)
    around = ((margin, margin), (margin, margin), (0, 0))[: image.ndim]
    source = Image.fromarray(np.pad(image, around, mode="edge"))
    (a, b), (d, e) = turn.tolist()
    c = side * (0.5 + shift[0] - 0.5 * (a + b)) + margin
    f = side * (0.5 + shift[1] - 0.5 * (d + e)) + margin
    affine, bilinear = Image.Transform.AFFINE, Image.Resampling.BILINEAR
    return np.asarray(source.transform((side, side), affine, (a, b, c, d, e, f), bilinear))


def mirrored(
    image: Bytes, mask: Bytes, landmarks: Floats, labels: Mapping[str, float]
) -> tuple[Bytes, Bytes, Floats, dict[str, float]]:
    """The picture, mask, landmarks and labels of the same person in a mirror."""
    points = landmarks[list(MIRROR)]
    points[:, 0] = 1 - points[:, 0]
    turned = {name: -value if name in MIRRORED else value for name, value in labels.items()}
    return image[:, ::-1], mask[:, ::-1], points, turned


def worn(image: Bytes, rng: np.random.Generator) -> Floats:
    """Picture quality as it comes: about a fifth of the images is left alone.

    Some are halved (and enlarged again), some pass through JPEG, some get another brightness and
    contrast or noise.

    Returns:
        float32 [S, S, 3], 0..255.
    """
    side = len(image)
    halved, pressed, relit, noisy = rng.random(4) < (0.5, 0.45, 0.3, 0.15)
    if halved:
        image = np.rint(area_average(image[None], side // 2)[0]).astype(np.uint8)
    if pressed:
        image = jpeg(image, int(rng.integers(55, 96)))
    x = resized(image[None], side)[0]
    if relit:
        gain, lift = rng.uniform(0.94, 1.06), rng.uniform(-6, 6)
        x = (x - 128) * np.float32(gain) + np.float32(128 + lift)
    if noisy:
        x = x + np.float32(rng.uniform(1, 5)) * rng.standard_normal(x.shape, np.float32)
    return np.asarray(np.clip(x, 0, 255), np.float32)


def hard_conditions(images: Bytes) -> Bytes:
    """Half the size, and JPEG of quality 60 after that: uint8 [B, S, S, 3] to [B, S/2, S/2, 3]."""
    side = images.shape[1] // 2
    small = np.rint(area_average(images, side)).astype(np.uint8)
    pressed = [jpeg(image, HARD_QUALITY) for image in small]
    return np.stack(pressed) if pressed else small


def jpeg(image: Bytes, quality: int) -> Bytes:
    """Through JPEG and back: uint8 [H, W, 3]."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(image)).save(file, "JPEG", quality=quality)
    with Image.open(file) as decoded:
        return np.asarray(decoded.convert("RGB"))
