"""A generator and its scorer whose readings are linear in latents, so that directions are known."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from pipeline.attributes.directions import Directions
from pipeline.attributes.scorer import Scores
from pipeline.training.directions import fit_directions

D, PX = 24, 48
DIGESTS = ("1" * 64, "2" * 64)
NAMES = ("age", "yaw", "skin_tone")
UNITS = {"age": (45.0, 8.0), "yaw": (0.0, 10.0), "skin_tone": (5.0, 1.0)}


class World:
    """Latents that vary more along some axes than others, and readings that are linear in them.

    normals: float64 [D, 5], how age, yaw, skin tone, glasses and anger grow; ages and tones share
    a good part of theirs.
    """

    digest = DIGESTS[0]
    latent_size = D

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.mixing = np.linalg.qr(rng.standard_normal((D, D)))[0] * np.linspace(0.3, 2, D)
        whitened = rng.standard_normal((D, 5))
        whitened[:, 2] = whitened[:, 0] + 0.8 * whitened[:, 2]
        whitened /= np.linalg.norm(whitened, axis=0)
        self.whitened = whitened
        self.normals = np.linalg.inv(self.mixing).T @ whitened

    def latents(self, normals: NDArray[np.float32]) -> NDArray[np.float32]:
        w = normals @ self.mixing.T.astype(np.float32)
        return w.astype(np.float16).astype(np.float32)

    def render(self, w: NDArray[np.float32], size: int) -> NDArray[np.uint8]:
        images = np.zeros((len(w), size * size * 3), np.uint8)
        images[:, : 2 * D] = np.ascontiguousarray(w.astype(np.float16)).view(np.uint8)
        return images.reshape(len(w), size, size, 3)

    preview = render

    def read(self, w: NDArray[np.float32]) -> Scores:
        told = w.astype(np.float64) @ self.normals
        values: dict[str, NDArray[np.generic]] = {
            name: (UNITS[name][0] + UNITS[name][1] * told[:, k]).astype(np.float32)
            for k, name in enumerate(NAMES)
        }
        glasses = expit(3 * told[:, 3] - 2)
        anger = expit(3 * told[:, 4] - 2)
        odds = {
            "glasses": np.stack([1 - glasses, glasses], 1).astype(np.float32),
            "expression": np.stack([1 - anger, *[0 * anger] * 3, anger, 0 * anger], 1).astype("f"),
        }
        values |= {name: p.argmax(1) for name, p in odds.items()}
        return Scores(values, odds, {})

    def score(self, images: NDArray[np.uint8]) -> Scores:
        flat = np.ascontiguousarray(images.reshape(len(images), -1)[:, : 2 * D])
        return self.read(flat.view(np.float16).astype(np.float32))


def drawn(world: World, count: int = 4000) -> NDArray[np.float32]:
    return world.latents(np.random.default_rng(7).standard_normal((count, D)).astype(np.float32))


def fitted(world: World, count: int = 4000, orthogonal: bool = True) -> Directions:
    w = drawn(world, count)
    return fit_directions(w, world.read(w).values, DIGESTS, orthogonal)
