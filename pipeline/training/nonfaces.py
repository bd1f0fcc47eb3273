"""Paint pictures that hold no face at all, for the scorer to refuse."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.attributes.network import SIZE

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]

_Y, _X = (np.mgrid[:SIZE, :SIZE] + 0.5) / SIZE


def flat(rng: np.random.Generator) -> Bytes:
    """One colour, or hardly more."""
    return _bytes(_colour(rng) + rng.uniform(0, 4) * rng.standard_normal((SIZE, SIZE, 3)))


def gradient(rng: np.random.Generator) -> Bytes:
    """One colour running into another."""
    angle = rng.uniform(0, 2 * np.pi)
    return _mixed(np.cos(angle) * (_X - 0.5) + np.sin(angle) * (_Y - 0.5) + 0.5, rng)


def noise(rng: np.random.Generator) -> Bytes:
    """Coarse or fine noise, grey or coloured."""
    cells = int(rng.choice([4, 8, 16, 32, 64, 128]))
    grain = rng.standard_normal((cells, cells, int(rng.choice([1, 3]))))
    return _bytes(_colour(rng) + rng.uniform(15, 110) * _enlarged(grain, bool(rng.random() < 0.5)))


def texture(rng: np.random.Generator) -> Bytes:
    """A weave of a few waves."""
    wave = np.zeros((SIZE, SIZE))
    for _ in range(int(rng.integers(1, 5))):
        u, v = rng.uniform(-16, 16, 2)
        wave += np.sin(2 * np.pi * (u * _X + v * _Y + rng.random()))
    return _mixed(0.5 + 0.4 * wave, rng)


def blobs(rng: np.random.Generator) -> Bytes:
    """Soft discs on a plain ground: the out-of-focus backdrop without anybody."""
    picture = np.broadcast_to(_colour(rng), (SIZE, SIZE, 3)).copy()
    for _ in range(int(rng.integers(2, 12))):
        x, y, r = rng.random(), rng.random(), rng.uniform(0.05, 0.4)
        edge = rng.uniform(0.02, 0.3)
        cover = np.clip((r - np.hypot(_X - x, _Y - y)) / edge, 0, 1)[..., None]
        picture += cover * rng.uniform(0.3, 1) * (_colour(rng) - picture)
    return _bytes(picture)


def checks(rng: np.random.Generator) -> Bytes:
    """A chessboard or stripes."""
    across, down = rng.integers(2, 20), rng.choice([0, int(rng.integers(2, 20))])
    return _mixed((np.floor(across * _X) + np.floor(down * _Y)) % 2, rng)


def rings(rng: np.random.Generator) -> Bytes:
    """Concentric waves around a point."""
    x, y = rng.uniform(0.2, 0.8, 2)
    return _mixed(
        0.5 + 0.5 * np.sin(2 * np.pi * rng.uniform(1, 12) * np.hypot(_X - x, _Y - y)), rng
    )


def cells(rng: np.random.Generator) -> Bytes:
    """A mosaic of plain polygons (Voronoi)."""
    count = int(rng.integers(4, 60))
    x, y = rng.random((2, count, 1, 1))
    nearest = ((_X - x) ** 2 + (_Y - y) ** 2).argmin(0)
    return _bytes(rng.uniform(0, 255, (count, 3))[nearest])


def clouds(rng: np.random.Generator) -> Bytes:
    """Noise with as much energy in every octave, as landscapes have (Field, 1987)."""
    total = sum(
        _enlarged(rng.standard_normal((n, n, 1)), smooth=True) for n in (2, 4, 8, 16, 32, 64)
    )
    return _mixed(0.5 + 0.25 * np.asarray(total)[..., 0], rng)


def _colour(rng: np.random.Generator) -> Floats:
    return rng.uniform(0, 255, 3)


def _mixed(share: Floats, rng: np.random.Generator) -> Bytes:
    one, other = _colour(rng), _colour(rng)
    return _bytes(one + np.clip(share, 0, 1)[..., None] * (other - one))


def _enlarged(grain: Floats, smooth: bool) -> Floats:
    method = Image.Resampling.BICUBIC if smooth else Image.Resampling.NEAREST
    layers = [
        Image.fromarray(grain[..., i].astype(np.float32)).resize((SIZE, SIZE), method)
        for i in range(grain.shape[2])
    ]
    return np.stack([np.asarray(layer, np.float64) for layer in layers], -1)


def _bytes(picture: Floats) -> Bytes:
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)
