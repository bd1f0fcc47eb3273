"""Break pictures of faces: damaged as a whole, or with features erased, moved or pasted over."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy.ndimage import map_coordinates

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]

_FEATURES = {
    "right eye": (range(36, 42), 1.9),
    "left eye": (range(42, 48), 1.9),
    "mouth": (range(48, 60), 1.4),
}
"""Landmarks of each feature, and how much larger than their extent a patch of it is."""

_EYES = ("right eye", "left eye")


@dataclass(frozen=True)
class Face:
    """A proper picture to break: image uint8 [S, S, 3], landmarks float32 [68, 2] in fractions."""

    image: Bytes
    landmarks: NDArray[np.float32]


@dataclass(frozen=True)
class _Patch:
    """An ellipse in px: centre and half axes."""

    x: float
    y: float
    across: float
    down: float

    def cover(self, side: int) -> Floats:
        """1 inside, 0 outside, soft at the edge: float64 [side, side, 1]."""
        y, x = np.mgrid[:side, :side] + 0.5
        radius = np.hypot((x - self.x) / self.across, (y - self.y) / self.down)
        return np.asarray(np.clip(4 * (1.15 - radius), 0, 1)[..., None])


def negative(face: Face, other: Face, rng: np.random.Generator) -> Bytes:
    """Black for white and blue for orange."""
    return 255 - face.image


def upside_down(face: Face, other: Face, rng: np.random.Generator) -> Bytes:
    """Standing on its head."""
    return face.image[::-1, ::-1] if rng.random() < 0.5 else face.image[::-1]


def shuffled(face: Face, other: Face, rng: np.random.Generator) -> Bytes:
    """Cut into squares that are laid out anew."""
    n = int(rng.choice([2, 4, 8, 16]))
    step = len(face.image) // n
    tiles = face.image.reshape(n, step, n, step, 3).swapaxes(1, 2).reshape(n * n, step, step, 3)
    order = rng.permutation(n * n)
    if np.array_equal(order, np.arange(n * n)):
        order = order[::-1]
    rows = tiles[order].reshape(n, n, step, step, 3).swapaxes(1, 2)
    return rows.reshape(face.image.shape)


def blurred(face: Face, other: Face, rng: np.random.Generator) -> Bytes:
    """So soft that eyes and mouth are gone."""
    blur = ImageFilter.GaussianBlur(len(face.image) * rng.uniform(0.05, 0.15))
    return np.asarray(Image.fromarray(face.image).filter(blur))


def backdrop(face: Face, other: Face, rng: np.random.Generator) -> Bytes:
    """The strip above the head, stretched over the picture: nobody there."""
    side = len(face.image)
    strip = Image.fromarray(face.image[: side // 16])
    return np.asarray(strip.resize((side, side), Image.Resampling.BICUBIC))


def swapped_halves(face: Face, other: Face, rng: np.random.Generator) -> Bytes:
    """Cut across or down near the middle, and the parts put together the wrong way round."""
    cut = round(len(face.image) * rng.uniform(0.35, 0.65))
    return np.roll(face.image, cut, int(rng.integers(0, 2)))


def warped(face: Face, other: Face, rng: np.random.Generator) -> Bytes:
    """Drawn this way and that, like rubber."""
    side = len(face.image)
    cells = int(rng.integers(3, 8))
    reach = side * rng.uniform(0.45, 0.9) / cells
    fields = [
        np.asarray(
            Image.fromarray(grain).resize((side, side), Image.Resampling.BICUBIC), np.float64
        )
        for grain in rng.standard_normal((2, cells, cells)).astype(np.float32)
    ]
    return _sampled(face.image, reach * fields[0], reach * fields[1])


def squeezed(face: Face, other: Face, rng: np.random.Generator) -> Bytes:
    """Much too broad or much too tall."""
    side = len(face.image)
    part = round(side * rng.uniform(0.3, 0.5))
    at = round((side - part) * rng.uniform(0.3, 0.7))
    strip = face.image[at : at + part] if rng.random() < 0.5 else face.image[:, at : at + part]
    image = Image.fromarray(np.ascontiguousarray(strip))
    return np.asarray(image.resize((side, side), Image.Resampling.BILINEAR))


def erased(face: Face, other: Face, rng: np.random.Generator) -> Bytes:
    """One feature or more under plain skin."""
    image = face.image
    names = _visible(face)
    for name in rng.permutation(names)[: int(rng.integers(1, len(names) + 1))]:
        image = _without(image, face, _patch(face, name))
    return image


def covered(face: Face, other: Face, rng: np.random.Generator) -> Bytes:
    """A plain block over the eyes or the mouth."""
    side = len(face.image)
    patch = _patch(face, str(rng.choice(_visible(face))))
    x, y = (int(v) for v in (patch.x + patch.across * rng.uniform(-0.5, 0.5), patch.y))
    across, down = (int(side * v) for v in rng.uniform(0.1, 0.3, 2))
    image = face.image.copy()
    rows, columns = slice(max(y - down, 0), y + down), slice(max(x - across, 0), x + across)
    image[rows, columns] = rng.integers(0, 256, 3)
    return image


def misplaced(face: Face, other: Face, rng: np.random.Generator) -> Bytes:
    """An eye or the mouth where it does not belong, mostly with skin in its place."""
    side = len(face.image)
    patch = _patch(face, str(rng.choice(_visible(face))))
    image = _without(face.image, face, patch) if rng.random() < 0.7 else face.image
    angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(0.14, 0.4) * side
    return _pasted(image, face.image, patch, far * np.cos(angle), far * np.sin(angle))


def pasted(face: Face, other: Face, rng: np.random.Generator) -> Bytes:
    """A piece of another picture, from elsewhere in it, over the middle of the face."""
    side = len(face.image)
    height, width = (int(side * v) for v in rng.uniform(0.25, 0.55, 2))
    image = face.image.copy()
    y, x = (int(side * v) for v in rng.uniform(0.3, 0.6, 2))
    y, x = min(y, side - height), min(x, side - width)
    while True:
        v, u = rng.integers(0, side - height), rng.integers(0, side - width)
        if np.hypot(v - y, u - x) > 0.16 * side:
            break
    image[y : y + height, x : x + width] = other.image[v : v + height, u : u + width]
    return image


def sideways(face: Face, other: Face, rng: np.random.Generator) -> Bytes:
    """Lying on one ear."""
    return np.rot90(face.image, int(rng.choice([1, 3])))


def swirled(face: Face, other: Face, rng: np.random.Generator) -> Bytes:
    """Turned the more, the nearer to the middle."""
    side = len(face.image)
    y, x = np.mgrid[:side, :side] / side - 0.5
    fall = np.clip(1 - np.hypot(x, y) / 0.5, 0, 1)
    angle = rng.choice([-1, 1]) * rng.uniform(1.5, 3.5) * fall
    turned_x, turned_y = (
        np.cos(angle) * x - np.sin(angle) * y,
        np.sin(angle) * x + np.cos(angle) * y,
    )
    return _sampled(face.image, side * (turned_y - y), side * (turned_x - x))


def rippled(face: Face, other: Face, rng: np.random.Generator) -> Bytes:
    """Rows pushed to and fro, as seen through moving water."""
    side = len(face.image)
    wave = np.sin(2 * np.pi * (rng.uniform(2, 6) * np.arange(side) / side + rng.random()))
    push = np.broadcast_to(rng.uniform(0.05, 0.1) * side * wave[:, None], (side, side))
    return _sampled(face.image, np.zeros((side, side)), push)


def mosaic(face: Face, other: Face, rng: np.random.Generator) -> Bytes:
    """Only 6 to 10 pixels across."""
    side, n = len(face.image), int(rng.integers(6, 11))
    small = Image.fromarray(face.image).resize((n, n), Image.Resampling.BOX)
    return np.asarray(small.resize((side, side), Image.Resampling.NEAREST))


def strips(face: Face, other: Face, rng: np.random.Generator) -> Bytes:
    """Cut into strips that are laid out anew."""
    n = int(rng.choice([4, 8]))
    parts = np.split(face.image, n, axis=(axis := int(rng.integers(0, 2))))
    order = rng.permutation(n)
    if np.abs(order - np.arange(n)).max() < 2:
        order = order[::-1]
    return np.concatenate([parts[i] for i in order], axis)


def eyes_for_mouth(face: Face, other: Face, rng: np.random.Generator) -> Bytes:
    """An eye where the mouth was, and the mouth over an eye."""
    eye, mouth = _patch(face, _visible(face)[0]), _patch(face, "mouth")
    image = _without(_without(face.image, face, eye), face, mouth)
    image = _pasted(image, face.image, eye, mouth.x - eye.x, mouth.y - eye.y)
    return _pasted(image, face.image, mouth, eye.x - mouth.x, eye.y - mouth.y)


def two_people(face: Face, other: Face, rng: np.random.Generator) -> Bytes:
    """The upper part of one person on the lower part of another, shifted."""
    side = len(face.image)
    cut = round(side * float(face.landmarks[27:31, 1].mean()))
    shift = int(rng.choice([-1, 1]) * rng.uniform(0.15, 0.3) * side)
    image = np.roll(other.image, shift, 1)
    image[:cut] = face.image[:cut]
    return image


def ghost(face: Face, other: Face, rng: np.random.Generator) -> Bytes:
    """Two people on one picture, the second shifted."""
    shift = [int(v * len(face.image)) for v in rng.uniform(0.1, 0.25, 2) * rng.choice([-1, 1], 2)]
    second = np.roll(other.image, shift, (0, 1))
    return np.asarray((face.image.astype(np.uint16) + second) // 2, np.uint8)


def _visible(face: Face) -> list[str]:
    """Features that the picture shows: both eyes unless the head's turn hides one; the mouth."""
    width = {name: float(np.ptp(face.landmarks[list(_FEATURES[name][0]), 0])) for name in _EYES}
    return [*(n for n in _EYES if width[n] > 0.6 * max(width.values())), "mouth"]


def _patch(face: Face, name: str) -> _Patch:
    points, larger = _FEATURES[name]
    side = len(face.image)
    of_it = side * face.landmarks[list(points)].astype(np.float64)
    x, y = of_it.mean(0)
    # A turned head narrows its features; a patch must hide them all the same.
    across = max(larger * np.ptp(of_it[:, 0]) / 2, 0.05 * side)
    down = max(larger * np.ptp(of_it[:, 1]) / 2, 0.045 * side)
    return _Patch(float(x), float(y), float(across), float(down))


def _without(image: Bytes, face: Face, patch: _Patch) -> Bytes:
    """The picture with the patch under the colour of the cheeks."""
    side = len(image)
    marks = face.landmarks.astype(np.float64)
    cheeks = [(marks[a] + marks[b]) / 2 for a, b in ((31, 3), (35, 13), (41, 48), (46, 54))]
    at = np.clip(np.rint(side * np.array(cheeks) - 0.5), 0, side - 1).astype(np.int64)
    skin = np.median(face.image[at[:, 1], at[:, 0]].astype(np.float64), 0)
    cover = patch.cover(side)
    return _bytes(image + cover * (skin - image))


def _pasted(image: Bytes, source: Bytes, patch: _Patch, right: float, down: float) -> Bytes:
    """The picture with the source's patch laid over it, moved by so many px."""
    side = len(image)
    shift = (round(down), round(right))
    there = _Patch(patch.x + shift[1], patch.y + shift[0], patch.across, patch.down)
    return _bytes(image + there.cover(side) * (np.roll(source, shift, (0, 1)) - 1.0 * image))


def _sampled(image: Bytes, down: Floats, right: Floats) -> Bytes:
    """Take each pixel from so many px further down and to the right."""
    y, x = np.mgrid[: len(image), : len(image)].astype(np.float64)
    at = (y + down, x + right)
    layers = [map_coordinates(image[..., i], at, order=1, mode="nearest") for i in range(3)]
    return np.stack(layers, -1)


def _bytes(picture: Floats) -> Bytes:
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)
