"""A generator so simple that tests render thousands: a coloured disc with eyes and a mouth."""

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.color import srgb_from_hex
from pipeline.attributes.taxonomy import MONK_HEX
from pipeline.generators.generator import LANDMARKS, SEGMENTS, Pictures
from pipeline.training.draws import Labels

MONK = np.stack([255 * srgb_from_hex(code) for code in MONK_HEX])
SKIN = SEGMENTS.index("skin")
EYES = (-0.12, 0.12)


def ellipse(count: int, x: float, y: float, across: float, down: float) -> NDArray[np.float64]:
    """Points on an ellipse, from its left over the top: float64 [count, 2]."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([x - across * np.cos(angle), y - down * np.sin(angle)], 1)


def marks() -> NDArray[np.float64]:
    """68 points on a face around 0, 0, in sides: float64 [68, 2]."""
    jaw = np.linspace(np.pi, 0, 17)
    points = [
        np.stack([0.3 * np.cos(jaw), 0.3 * np.sin(jaw)], 1),
        *(np.stack([np.linspace(x - 0.06, x + 0.06, 5), np.full(5, -0.15)], 1) for x in EYES),
        np.stack([np.zeros(4), np.linspace(-0.1, 0.02, 4)], 1),
        np.stack([np.linspace(-0.04, 0.04, 5), np.full(5, 0.05)], 1),
        *(ellipse(6, x, -0.08, 0.05, 0.02) for x in EYES),
        ellipse(12, 0, 0.15, 0.1, 0.04),
        ellipse(8, 0, 0.15, 0.07, 0.02),
    ]
    return np.concatenate(points)


class Discs:
    """Faces as discs of a Monk colour: a bar above is hair, a bar within glasses."""

    digest = "discs"
    latent_size = 13

    def latents(self, normals: NDArray[np.float32]) -> NDArray[np.float32]:
        return normals.astype(np.float16).astype(np.float32)

    def truth(self, w: NDArray[np.float32]) -> Labels:
        def number(at: int, low: float, high: float) -> NDArray[np.float32]:
            return np.clip(low + (high - low) * (0.5 + w[:, at] / 4), low, high)

        def index(at: int, count: int) -> NDArray[np.int64]:
            return np.clip(w[:, at] + count / 2, 0, count - 1).astype(np.int64)

        return {
            "age": number(0, 5, 90),
            "skin_tone": number(1, 1, 10),
            "smile": number(2, 0, 1),
            "mouth_open": number(3, 0, 1),
            "yaw": number(4, -45, 45),
            "pitch": number(5, -20, 20),
            "light_azimuth": number(6, -90, 90),
            "gender_presentation": index(7, 2),
            "masculinity": number(7, 0, 1),
            "hair_length": index(8, 4),
            "hair_color": index(9, 5),
            "facial_hair": index(10, 3),
            "glasses": index(11, 2),
            "expression": index(12, 6),
        }

    def render(self, w: NDArray[np.float32], size: int) -> NDArray[np.uint8]:
        return self.pictures(w, size).images

    def pictures(self, w: NDArray[np.float32], size: int) -> Pictures:
        truth = self.truth(w)
        y, x = (np.mgrid[:size, :size] + 0.5) / size - 0.5
        images = np.empty((len(w), size, size, 3), np.uint8)
        skin = np.empty((len(w), size, size), bool)
        landmarks = np.empty((len(w), LANDMARKS, 2), np.float32)
        for i in range(len(w)):
            right, down = float(truth["yaw"][i]) / 300, float(truth["pitch"][i]) / 200
            skin[i] = (x - right) ** 2 + (y - down) ** 2 < 0.1
            images[i] = (90, 90, 120)
            images[i][skin[i]] = MONK[int(np.rint(truth["skin_tone"][i])) - 1]
            for eye in EYES:
                images[i][np.hypot(x - right - eye, 2 * (y - down + 0.08)) < 0.05] = (200, 220, 250)
            images[i][np.hypot(x - right, 2.5 * (y - down - 0.15)) < 0.1] = (180, 30, 30)
            images[i][y < -0.45 + 0.05 * int(truth["hair_length"][i])] = (40, 20, 10)
            if truth["glasses"][i]:
                images[i][abs(y - down + 0.15) < 0.02] = 0
            landmarks[i] = size * (marks() + np.array([0.5 + right, 0.5 + down]))
        return Pictures(
            images=images,
            alpha=np.where(skin, 255, 0).astype(np.uint8),
            cutout=images,
            segmentation=np.where(skin, SKIN, 0).astype(np.uint8),
            depth=np.where(skin, 800, 0).astype(np.float32),
            landmarks=landmarks,
            cameras=np.zeros((len(w), 3, 4), np.float32),
        )
