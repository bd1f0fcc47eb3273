"""Map standard normal draws to a person's traits, and say what is true of each person.

The layout is versioned: `LAYOUT_VERSION` is part of the generator's digest, and a dimension never
changes its place or meaning within a version. Appearance (geometry, shading) may.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

LAYOUT_VERSION = 1

DIMENSIONS: tuple[tuple[str, str], ...] = (
    ("age", "quantile table: years 5-90, peak 20-39, 7 % over 60"),
    ("presentation", "58 % feminine, 42 % masculine; its extremity drives `masculinity`"),
    ("androgyny", "how strongly the cues of presentation show, within the class"),
    ("tone", "quantile table: Monk 1-10, 58 % up to 3.5, 16 % from 6.5"),
    ("undertone", "skin colour, rosy to olive"),
    ("yaw", "normal, sd 14 degrees, limit 45"),
    ("pitch", "normal, sd 6.5 degrees, limit 20"),
    ("roll", "normal, sd 2.5 degrees, limit 8"),
    ("light_azimuth", "normal, sd 34 degrees, limit 70"),
    ("light_elevation", "mean 32 degrees, sd 9"),
    ("light_contrast", "share of the key light against the fill light"),
    ("light_warmth", "colour of the key light, cool to warm"),
    ("smile", "quantile table: 0-1, median 0.42"),
    ("mouth_open", "quantile table: 0-1, 60 % closed"),
    ("hair_length", "bald, short, medium, long; shares depend on presentation and age"),
    ("hair_texture", "straight to coily; depends on tone"),
    ("hair_color", "black, brown, blond, red; shares depend on tone"),
    ("hair_shade", "lighter or darker within the colour"),
    ("grey", "greying: logistic around 54 years"),
    ("recession", "hairline: height and temples, more with age on masculine people"),
    ("parting", "where the hair parts: side, middle, side"),
    ("hair_volume", "thickness of the hair"),
    ("hair_flow", "parted, swept or tied back"),
    ("fringe", "28 % of the medium and long hair has a fringe"),
    ("facial_hair", "none, stubble, beard; masculine adults only"),
    ("beard_shape", "length and spread of the beard, moustache to full"),
    ("glasses", "18 % in all, more with age"),
    ("frame_shape", "glasses: round to square"),
    ("frame_color", "glasses: black, brown, metal, coloured"),
    ("frame_size", "glasses: size and thickness of the rims"),
    ("skull_width", "width of the cranium"),
    ("face_length", "length of the lower face"),
    ("jaw_width", "width of the jaw"),
    ("chin_width", "width of the chin"),
    ("chin_forward", "projection and height of the chin"),
    ("cheekbones", "prominence of the cheekbones"),
    ("fullness", "cheek and neck fat"),
    ("brow_ridge", "depth of the brow ridge"),
    ("nose_length", "length of the nose"),
    ("nose_width", "width of the nostrils"),
    ("nose_bridge", "height of the bridge"),
    ("nose_tip", "size and lift of the tip"),
    ("eye_size", "size of the eyes"),
    ("eye_spacing", "distance between the eyes"),
    ("eye_tilt", "slant of the eyes"),
    ("lid", "height and fold of the upper lid"),
    ("iris", "brown, hazel, green, blue, grey; depends on tone"),
    ("lip_fullness", "height of the vermilion"),
    ("mouth_width", "width of the mouth"),
    ("ears", "size and stand of the ears"),
    ("neck", "width of neck and shoulders"),
    ("brow_thickness", "thickness of the eyebrows"),
    ("brow_arch", "arch of the eyebrows"),
    ("brow_raise", "eyebrows raised or lowered"),
    ("freckles", "freckles and age spots"),
    ("redness", "blood in cheeks, nose and ears"),
    ("makeup", "lip colour and eye line on feminine adults"),
    ("asymmetry", "skew of the features; also seeds the noise"),
    ("gaze", "small deviation of the gaze from the camera"),
    ("cloth_style", "crew neck, V-neck, shirt collar, turtleneck"),
    ("cloth_hue", "hue of the clothing"),
    ("cloth_value", "lightness of the clothing"),
    ("backdrop", "plain, gradient or blurred blobs; hue"),
    ("backdrop_value", "lightness of the backdrop"),
)
"""Name and meaning of each latent dimension, in order."""

INDEX = {name: i for i, (name, _) in enumerate(DIMENSIONS)}
LATENT_SIZE = len(DIMENSIONS)

AGE_TABLE = (
    (0, 5.0), (0.04, 12.0), (0.085, 18.0), (0.27, 24.0), (0.455, 30.0),
    (0.765, 45.0), (0.925, 60.0), (0.995, 81.0), (1, 90.0),
)  # fmt: skip
TONE_TABLE = (
    (0, 1.0), (0.12, 1.5), (0.38, 2.5), (0.58, 3.5), (0.72, 4.5),
    (0.80, 5.5), (0.84, 6.5), (0.90, 7.5), (0.96, 8.8), (1, 10.0),
)  # fmt: skip
SMILE_TABLE = ((0, 0.0), (0.22, 0.04), (0.5, 0.42), (0.8, 0.82), (1, 1.0))
OPEN_TABLE = ((0, 0.0), (0.6, 0.0), (0.85, 0.35), (1, 1.0))

Array = NDArray[np.float64]
Person = Mapping[str, float]
"""One person's traits by name, in the units of `traits`."""


def latents(normals: NDArray[np.float32]) -> NDArray[np.float32]:
    """Clip draws to +-6 and round them to float16: float32 [B, D]."""
    rounded: NDArray[np.float32] = np.clip(normals, -6, 6).astype(np.float16).astype(np.float32)
    return rounded


def ramp(x: Array, low: float, high: float) -> Array:
    """Smooth step: 0 at `low`, 1 at `high`."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def _table(p: Array, table: tuple[tuple[float, float], ...]) -> Array:
    return np.asarray(np.interp(p, [q for q, _ in table], [v for _, v in table]))


def _choose(p: Array, shares: Array) -> Array:
    """Class index per row: `shares` [C, B], first class at the low end of `p`."""
    edges = np.cumsum(shares / shares.sum(0), 0)
    return np.asarray((p[None] > edges[:-1]).sum(0).astype(np.float64))


def traits(w: NDArray[np.float32]) -> dict[str, Array]:
    """All traits of B people, float64 [B] each.

    Ages are years, angles degrees, classes indices in the taxonomy's order. Traits named like a
    dimension and not set below are the draw itself, clipped to +-2.5 standard deviations.
    """
    z = {name: np.asarray(w[:, i], np.float64) for name, i in INDEX.items()}
    p = {name: ndtr(value) for name, value in z.items()}
    out = {name: np.clip(value, -2.5, 2.5) for name, value in z.items()}

    age = _table(p["age"], AGE_TABLE)
    adult = ramp(age, 13, 20)
    male = z["presentation"] > 0.2018934791
    strength = 0.62 + 0.38 * ndtr(z["androgyny"])
    tone = _table(p["tone"], TONE_TABLE)
    dark = ramp(tone, 4.0, 7.5)
    out["age"], out["tone"] = age, tone
    out["child"] = 1 - ramp(age, 6, 18)
    out["old"] = ramp(age, 32, 80)
    out["gender"] = male.astype(np.float64)
    out["masculinity"] = 0.5 + np.where(male, 0.5, -0.5) * strength

    out["yaw"] = np.clip(14 * z["yaw"], -45, 45)
    out["pitch"] = np.clip(6.5 * z["pitch"], -20, 20)
    out["roll"] = np.clip(2.5 * z["roll"], -8, 8)
    out["light_azimuth"] = np.clip(34 * z["light_azimuth"], -70, 70)
    out["light_elevation"] = np.clip(32 + 9 * z["light_elevation"], 12, 55)
    out["light_contrast"] = p["light_contrast"]
    smile = _table(p["smile"], SMILE_TABLE)
    out["smile"] = smile
    out["mouth_open"] = np.maximum(
        _table(p["mouth_open"], OPEN_TABLE), 0.24 * ramp(smile, 0.5, 0.9)
    )

    bald = np.where(male, 0.03 + 0.28 * ramp(age, 25, 65), 0.012) * adult
    hair = np.where(
        male, [bald, 0.70 + 0 * age, 0.17 + 0 * age, 0.07 + 0 * age],
        [bald, 0.13 + 0.15 * ramp(age, 40, 70), 0.38 + 0 * age, 0.46 - 0.2 * ramp(age, 40, 70)],
    )  # fmt: skip
    out["hair_length"] = _choose(p["hair_length"], hair)
    out["curl"] = np.clip(ndtr(z["hair_texture"] * 1.0 - 0.45 + 2.2 * dark), 0, 1)
    light = [0.24, 0.44, 0.22, 0.10]
    deep = [0.86, 0.12, 0.01, 0.01]
    colors = np.array([a * (1 - dark) + b * dark for a, b in zip(light, deep, strict=True)])
    natural = _choose(p["hair_color"], colors)
    out["natural_color"] = natural
    out["grey_share"] = 1 / (1 + np.exp(-(age - 54 + 8 * z["grey"]) / 4.0))
    out["hair_color"] = np.where(out["grey_share"] > 0.5, 4.0, natural)
    male_age = np.where(male, ramp(age, 25, 65), 0.2 * ramp(age, 45, 80))
    out["recession"] = np.clip(
        0.15 + 0.75 * male_age * p["recession"] + 0.15 * p["recession"], 0, 1
    )
    out["has_fringe"] = ((p["fringe"] < 0.28) & (out["hair_length"] >= 2)).astype(np.float64)

    beard = np.where(male, ramp(age, 17, 24), 0.0)
    facial = np.array([1 - 0.52 * beard, 0.24 * beard, 0.28 * beard])
    out["facial_hair"] = _choose(p["facial_hair"], facial)
    out["beard_shape"] = p["beard_shape"]
    wears = 0.126 + 0.175 * ramp(age, 25, 60)
    out["glasses"] = (p["glasses"] < wears).astype(np.float64)
    out["frame_color"] = p["frame_color"]
    out["iris"] = np.clip(ndtr(z["iris"]) - 0.72 * dark, 0, 1)
    out["makeup"] = np.where(male, 0.0, adult * p["makeup"])
    out["cloth_style"] = np.floor(p["cloth_style"] * 3.999)
    for name in ("cloth_hue", "cloth_value", "backdrop", "backdrop_value", "parting", "hair_flow"):
        out[name] = p[name]
    return out


def people(w: NDArray[np.float32]) -> list[Person]:
    """The traits of each row of w: float32 [B, D], as plain floats."""
    columns = {name: values.tolist() for name, values in traits(w).items()}
    return [{name: v[i] for name, v in columns.items()} for i in range(len(w))]


def truth(w: NDArray[np.float32]) -> dict[str, NDArray[np.generic]]:
    """Ground truth of each row of w: float32 [B, D], to train and judge scorers.

    Every attribute of the taxonomy but `ita`: float32 [B] numbers (years, degrees, Monk 1..10,
    0..1) and int64 [B] class indices; besides `masculinity`, float32 in 0..1, the continuum
    behind `gender_presentation`.
    """
    t = traits(w)
    numbers = {
        "age": "age", "skin_tone": "tone", "smile": "smile", "mouth_open": "mouth_open",
        "yaw": "yaw", "pitch": "pitch", "light_azimuth": "light_azimuth",
        "masculinity": "masculinity",
    }  # fmt: skip
    classes = {
        "gender_presentation": "gender", "hair_length": "hair_length", "hair_color": "hair_color",
        "facial_hair": "facial_hair", "glasses": "glasses",
    }  # fmt: skip
    result: dict[str, NDArray[np.generic]] = {}
    for name, source in numbers.items():
        result[name] = t[source].astype(np.float32)
    for name, source in classes.items():
        result[name] = t[source].astype(np.int64)
    return result
