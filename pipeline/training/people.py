"""Draw several pictures of each of many invented people: what stays, and what does not."""

import numpy as np
from numpy.typing import NDArray

from pipeline.generators.heads.layout import INDEX, LATENT_SIZE, latents

PASSING = (
    "yaw", "pitch", "roll", "light_azimuth", "light_elevation", "light_setup", "light_contrast",
    "light_warmth", "rim_light", "rim_hue", "backdrop", "backdrop_value", "backdrop_seed",
    "expression", "expression_strength", "smile", "mouth_open", "brow_raise", "eye_open",
    "gaze_x", "gaze_y", "cloth_style", "cloth_hue", "cloth_value", "cloth_pattern",
)  # fmt: skip
"""What differs between any two pictures of a person."""

WORN = ("glasses", "frame_shape", "frame_color", "frame_size", "jewellery", "makeup", "makeup_hue")
HAIR = (
    "hair_length", "hair_style", "hair_parting", "hair_mess", "hair_seed", "hair_volume",
    "hair_color", "hair_shade", "grey", "facial_hair", "beard_style", "beard_length",
)  # fmt: skip
"""What people put on, and do with their hair: differs in some of their pictures."""

OFTEN_WORN, OFTEN_HAIR = 0.5, 0.35
"""Shares of the pictures in which these are drawn anew."""

OFTEN_OLDER, OFTEN_ANY_AGE = 0.35, 0.2
"""Shares of the pictures in which a person is some years off, or of any age."""

WIDE = ("yaw", "pitch", "light_azimuth", "light_elevation", "expression")
"""What half of the pictures have drawn `STRETCH` times wider: profiles, side light, rare faces."""

STRETCH = 1.5

_YEARS = 0.9
"""Standard deviations of the age's draw by which a picture's age may be off: some 15 years."""


def people(
    count: int, views: int, rng: np.random.Generator, stretch: float = 1.0
) -> NDArray[np.float32]:
    """Latents of `views` pictures of each of `count` people: float32 [count, views, D].

    Pose, light, expression, clothes and backdrop differ in all of them, and in some age, what is
    worn and hair.

    Args:
        count: of people.
        views: pictures of each.
        rng: the only source of chance.
        stretch: age and tone of every second person are drawn so much wider than natural, so that
            rare groups hold more than a handful; 1 draws natural people.
    """
    person = rng.standard_normal((count, 1, LATENT_SIZE), np.float32)
    person[1::2, :, [INDEX["age"], INDEX["tone"]]] *= np.float32(stretch)
    other = rng.standard_normal((count, views, LATENT_SIZE), np.float32)
    wide = rng.random((count, views, 1)) < 0.5
    columns = [INDEX[name] for name in WIDE]
    other[..., columns] *= np.where(wide, np.float32(STRETCH), np.float32(1))
    w = np.repeat(person, views, 1)
    renewed = ((PASSING, 1.0), (WORN, OFTEN_WORN), (HAIR, OFTEN_HAIR), (("age",), OFTEN_ANY_AGE))
    for names, often in renewed:
        anew = rng.random((count, views, 1)) < often
        columns = [INDEX[name] for name in names]
        w[..., columns] = np.where(anew, other[..., columns], w[..., columns])
    older = rng.random((count, views)) < OFTEN_OLDER
    years = rng.uniform(-_YEARS, _YEARS, (count, views)).astype(np.float32)
    w[..., INDEX["age"]] += np.where(older, years, np.float32(0))
    return latents(w.reshape(count * views, -1)).reshape(w.shape)
