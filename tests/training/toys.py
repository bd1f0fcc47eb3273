"""A generator so simple that tests render thousands: a coloured disc with a smile."""

import numpy as np
from numpy.typing import NDArray

from pipeline.attributes.color import srgb_from_hex
from pipeline.attributes.taxonomy import MONK_HEX
from pipeline.training.draws import Labels

MONK = np.stack([255 * srgb_from_hex(code) for code in MONK_HEX])


class Discs:
    """Faces as discs of a Monk colour: a bar above is hair, a bar within glasses."""

    digest = "discs"
    latent_size = 12

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
            "light_azimuth": number(6, -70, 70),
            "gender_presentation": index(7, 2),
            "hair_length": index(8, 4),
            "hair_color": index(9, 5),
            "facial_hair": index(10, 3),
            "glasses": index(11, 2),
        }

    def render_with_masks(
        self, w: NDArray[np.float32], size: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        truth = self.truth(w)
        y, x = np.mgrid[:size, :size] / size - 0.5
        images = np.empty((len(w), size, size, 3), np.uint8)
        masks = np.empty((len(w), size, size), np.float32)
        for i in range(len(w)):
            centre = float(truth["yaw"][i]) / 300
            masks[i] = (x - centre) ** 2 + y**2 < 0.1
            images[i] = (90, 90, 120)
            images[i][masks[i] > 0] = MONK[int(np.rint(truth["skin_tone"][i])) - 1]
            images[i][y < -0.45 + 0.05 * int(truth["hair_length"][i])] = (40, 20, 10)
            if truth["glasses"][i]:
                images[i][abs(y + 0.1) < 0.03] = 0
        return images, masks
