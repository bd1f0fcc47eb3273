"""Map standard normal draws to a person's traits, and say what is true of each person.

The layout is versioned: `LAYOUT_VERSION` is part of the generator's digest, and a dimension never
changes its place or meaning within a version. Appearance (geometry, shading) may.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, ndtr

LAYOUT_VERSION = 2

DIMENSIONS: tuple[tuple[str, str], ...] = (
    # who
    ("age", "quantile table: years 3-90, peak 20-39, 7 % over 60"),
    ("presentation", "58 % feminine, 42 % masculine; sets `masculinity`, 0..1, without a gap"),
    ("cue_bone", "how far jaw, brow ridge, nose and neck depart from `masculinity`"),
    ("cue_soft", "how far lips, eyes, brows and skin depart from it"),
    ("cue_style", "how far hair, make-up, jewellery and clothes depart from it"),
    ("tone", "quantile table: Monk 1-10, 58 % up to 3.5, 16 % from 6.5"),
    ("undertone", "skin colour, rosy to olive"),
    # camera, light, backdrop
    ("yaw", "normal, sd 14 degrees, limit 45"),
    ("pitch", "normal, sd 6 degrees, limit 20"),
    ("roll", "normal, sd 2.5 degrees, limit 8"),
    ("light_azimuth", "normal, sd 34 degrees, limit 80"),
    ("light_elevation", "mean 34 degrees, sd 10"),
    ("light_setup", "soft, beauty, window, sun, stage: size and contrast of the lights"),
    ("light_contrast", "share of the key light against the fill light"),
    ("light_warmth", "colour of the key light, cool to warm"),
    ("rim_light", "strength of the light from behind"),
    ("rim_hue", "colour of the rim light; 30 % are coloured"),
    ("backdrop", "plain, gradient or soft scene; hue"),
    ("backdrop_value", "lightness of the backdrop"),
    ("backdrop_seed", "layout of the soft scene"),
    # expression
    ("expression", "neutral 40, smile 33, laugh 9, surprise 6, anger 6, sadness 6 %"),
    ("expression_strength", "how marked the expression is"),
    ("smile", "smile within the expression"),
    ("mouth_open", "opening of the mouth within the expression"),
    ("brow_raise", "eyebrows raised or lowered"),
    ("eye_open", "lids wide or narrow"),
    ("gaze_x", "gaze left or right of the camera"),
    ("gaze_y", "gaze above or below the camera"),
    # bone and flesh
    ("skull_width", "width of the cranium"),
    ("skull_length", "length of the cranium from front to back"),
    ("skull_height", "height of the crown"),
    ("forehead", "slope of the forehead, upright to receding"),
    ("face_length", "length of the lower face"),
    ("face_width", "width over the cheekbones"),
    ("jaw_width", "width of the jaw at its angle"),
    ("jaw_angle", "height of the jaw's angle"),
    ("chin_width", "width of the chin"),
    ("chin_forward", "projection of the chin"),
    ("chin_cleft", "cleft in the chin"),
    ("cheekbones", "prominence of the cheekbones"),
    ("fullness", "fat of cheeks, chin and neck"),
    ("brow_ridge", "depth of the brow ridge"),
    ("nose_length", "length of the nose"),
    ("nose_width", "width of the wings"),
    ("nose_bridge", "height of the bridge"),
    ("nose_bridge_width", "width of the bridge"),
    ("nose_hump", "hump or hollow of the bridge"),
    ("nose_tip", "size of the tip"),
    ("nose_lift", "tip turned up or down"),
    ("eye_size", "size of the eyes"),
    ("eye_spacing", "distance between the eyes"),
    ("eye_tilt", "slant of the eyes"),
    ("eye_depth", "deep set or prominent"),
    ("lid", "fold of the upper lid, open to hooded"),
    ("epicanthus", "fold over the inner corner"),
    ("iris", "brown, hazel, green, blue, grey; depends on tone"),
    ("lip_upper", "height of the upper vermilion"),
    ("lip_lower", "height of the lower vermilion"),
    ("lip_forward", "projection of the lips"),
    ("mouth_width", "width of the mouth"),
    ("mouth_height", "mouth nearer the nose or the chin"),
    ("ear_size", "size of the ears"),
    ("ear_stand", "how far the ears stand out"),
    ("neck", "width of the neck"),
    ("shoulders", "width and slope of the shoulders"),
    ("asymmetry", "skew of the features"),
    # skin
    ("freckles", "freckles"),
    ("moles", "moles"),
    ("redness", "blood in cheeks, nose and ears"),
    ("oiliness", "matt to shiny"),
    ("blemishes", "blotches and spots"),
    ("weathering", "wrinkles and age spots beyond or below the age"),
    ("vitiligo", "2 % have pale patches"),
    ("scar", "4 % have a scar"),
    ("mark_seed", "where marks and moles are"),
    # hair
    ("hair_length", "bald, short, medium, long; shares depend on presentation and age"),
    ("hair_texture", "straight to coily; depends on tone"),
    ("hair_style", "style among those of the length and texture"),
    ("hair_color", "black, brown, blond, red; shares depend on tone"),
    ("hair_shade", "lighter or darker within the colour"),
    ("hair_volume", "thickness of the hair"),
    ("hair_parting", "where the hair parts: side, middle, side"),
    ("hair_mess", "sleek to flyaway"),
    ("hair_seed", "clumps and waves"),
    ("hairline", "height of the hairline"),
    ("grey", "greying: around 54 years"),
    ("recession", "temples and crown, more with age on masculine people"),
    ("brow_thickness", "thickness of the eyebrows"),
    ("brow_arch", "arch of the eyebrows"),
    ("facial_hair", "none, stubble, beard; masculine adults only"),
    ("beard_style", "moustache, goatee, circle, full"),
    ("beard_length", "length of the beard"),
    # worn
    ("makeup", "lip colour, eye line, shadow and blush on feminine adults"),
    ("makeup_hue", "colour of the make-up"),
    ("glasses", "18 % in all, more with age"),
    ("frame_shape", "round, oval, square, aviator, cat eye, half rim, panto"),
    ("frame_color", "black, brown, metal, clear, coloured"),
    ("frame_size", "size and thickness of the rims"),
    ("jewellery", "studs, hoops, drops, nose studs"),
    ("cloth_style", "crew neck, V-neck, shirt collar, turtleneck, hood, jacket"),
    ("cloth_hue", "hue of the clothing"),
    ("cloth_value", "lightness of the clothing"),
    ("cloth_pattern", "plain, knitted, striped"),
)
"""Name and meaning of each latent dimension, in order."""

INDEX = {name: i for i, (name, _) in enumerate(DIMENSIONS)}
LATENT_SIZE = len(DIMENSIONS)

AGE_TABLE = (
    (0, 3.0), (0.045, 12.0), (0.085, 18.0), (0.27, 24.0), (0.455, 30.0),
    (0.765, 45.0), (0.925, 60.0), (0.995, 81.0), (1, 90.0),
)  # fmt: skip
TONE_TABLE = (
    (0, 1.0), (0.12, 1.5), (0.38, 2.5), (0.58, 3.5), (0.72, 4.5),
    (0.80, 5.5), (0.84, 6.5), (0.90, 7.5), (0.96, 8.8), (1, 10.0),
)  # fmt: skip

NEUTRAL, SMILE, LAUGH, SURPRISE, ANGER, SADNESS = range(6)
EXPRESSION_SHARES = (0.40, 0.33, 0.09, 0.06, 0.06, 0.06)
BALD, SHORT, MEDIUM, LONG = range(4)
FEMININE_BELOW = 0.2018934791
"""Quantile of 58 %: draws of `presentation` below it are feminine."""

Array = NDArray[np.float64]
Traits = Mapping[str, Array]
"""Traits of B people by name, float64 [B] each, in the units of `traits`."""


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
    dimension and not set below are the draw itself, clipped to +-2.5 standard deviations; those
    ending in `_p` are its quantile, 0..1.
    """
    z = {name: np.asarray(w[:, i], np.float64) for name, i in INDEX.items()}
    p = {name: ndtr(value) for name, value in z.items()}
    out = {name: np.clip(value, -2.5, 2.5) for name, value in z.items()}
    out |= {f"{name}_p": value for name, value in p.items()}

    age = _table(p["age"], AGE_TABLE)
    adult = ramp(age, 13, 20)
    gap = z["presentation"] - FEMININE_BELOW
    masculinity = 0.5 + 0.5 * np.tanh(2.1 * gap)
    male = gap > 0
    tone = _table(p["tone"], TONE_TABLE)
    dark = ramp(tone, 4.0, 7.5)
    out["age"], out["tone"] = age, tone
    out["child"] = 1 - ramp(age, 2, 21)
    worn = np.clip((age - 22) / 62, 0, 1.1) ** 0.95
    out["old"] = np.clip(worn * (1 + 0.05 * out["weathering"]), 0, 1.1)
    out["adult"] = adult
    out["gender"] = male.astype(np.float64)
    out["masculinity"] = masculinity
    for cue in ("bone", "soft", "style"):
        # Children show less in bone and skin, and keep closer to it in hair and clothes.
        grown = 0.66 + 0.34 * adult if cue != "style" else 1.0
        part = np.clip(masculinity + (0.05 + 0.05 * adult) * out[f"cue_{cue}"], 0, 1)
        out[f"m_{cue}"] = 0.5 + (part - 0.5) * grown

    out["yaw"] = np.clip(14 * z["yaw"], -45, 45)
    out["pitch"] = np.clip(6 * z["pitch"], -20, 20)
    out["roll"] = np.clip(2.5 * z["roll"], -8, 8)
    out["light_azimuth"] = np.clip(34 * z["light_azimuth"], -80, 80)
    out["light_elevation"] = np.clip(34 + 10 * z["light_elevation"], 12, 60)

    shares = np.repeat(np.array(EXPRESSION_SHARES)[:, None], len(w), 1)
    expression = _choose(p["expression"], shares)
    strength = 0.7 + 0.3 * p["expression_strength"]
    out["expression"] = expression
    kinds = [expression == kind for kind in range(6)]
    smile = np.select(
        kinds,
        [0.04 + 0.16 * p["smile"], 0.5 + 0.45 * p["smile"], 0.8 + 0.2 * p["smile"],
         0.12 * p["smile"], 0 * age, 0 * age],
    )  # fmt: skip
    parted = np.select(
        kinds,
        [0.35 * np.clip(p["mouth_open"] - 0.75, 0, 1),
         0.28 * ramp(smile, 0.55, 0.85) * p["mouth_open"],
         0.38 + 0.42 * p["mouth_open"], 0.30 + 0.65 * p["mouth_open"] * strength,
         0.30 * np.clip(p["mouth_open"] - 0.6, 0, 1), 0.15 * np.clip(p["mouth_open"] - 0.7, 0, 1)],
    )  # fmt: skip
    out["smile"], out["mouth_open"] = smile, np.clip(parted, 0, 1)
    for kind, name in ((SURPRISE, "surprise"), (ANGER, "anger"), (SADNESS, "sadness")):
        out[name] = np.where(expression == kind, strength, 0.0)
    out["laugh"] = np.where(expression == LAUGH, strength, 0.0)
    # What people do by the way must not be taken for an expression.
    out["brow_raise"] *= 0.55

    for name in ("gaze_x", "gaze_y"):
        out[name] *= 0.55

    # Hair, beards and clothes change over gradually, so that the middle is truly ambiguous.
    style = ramp(out["m_style"], 0.25, 0.75)
    bald = (0.012 + style * (0.018 + 0.26 * ramp(age, 25, 65))) * adult
    late = ramp(age, 40, 70)
    feminine = np.array([bald, 0.13 + 0.15 * late, 0.38 + 0 * age, 0.46 - 0.2 * late])
    masculine = np.array([bald, 0.70 + 0 * age, 0.17 + 0 * age, 0.07 + 0 * age])
    hair = feminine + (masculine - feminine) * style
    out["hair_length"] = _choose(p["hair_length"], hair)
    out["curl"] = np.clip(ndtr(z["hair_texture"] * 1.0 - 0.45 + 1.8 * dark), 0, 1)
    light = [0.24, 0.44, 0.22, 0.10]
    deep = [0.86, 0.12, 0.01, 0.01]
    colors = np.array([a * (1 - dark) + b * dark for a, b in zip(light, deep, strict=True)])
    natural = _choose(p["hair_color"], colors)
    out["natural_color"] = natural
    # Single grey hairs come over twenty years, most of them within a few.
    since = age - 54 + 8 * z["grey"]
    out["grey_share"] = 0.4 * expit(since / 8) + 0.6 * expit(since / 2)
    out["hair_color"] = np.where(out["grey_share"] > 0.5, 4.0, natural)
    thinning = 0.25 * ramp(age, 45, 80) * (1 - style) + ramp(age, 22, 62) * style
    out["recession"] = np.clip(thinning * p["recession"] * 1.1, 0, 1)

    beard = ramp(masculinity, 0.5, 0.8) * ramp(age, 17, 24)
    facial = np.array([1 - 0.52 * beard, 0.24 * beard, 0.28 * beard])
    out["facial_hair"] = _choose(p["facial_hair"], facial)
    wears = 0.126 + 0.175 * ramp(age, 25, 60)
    out["glasses"] = (p["glasses"] < wears).astype(np.float64)
    out["iris"] = np.clip(ndtr(z["iris"]) - 0.62 * dark, 0, 1)
    out["makeup"] = np.clip((0.8 - style) * 1.6, 0, 1) * adult * p["makeup"]
    out["cloth_style"] = np.floor(p["cloth_style"] * 5.999)
    return out


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
        "gender_presentation": "gender", "expression": "expression", "hair_length": "hair_length",
        "hair_color": "hair_color", "facial_hair": "facial_hair", "glasses": "glasses",
    }  # fmt: skip
    result: dict[str, NDArray[np.generic]] = {}
    for name, source in numbers.items():
        result[name] = t[source].astype(np.float32)
    for name, source in classes.items():
        result[name] = t[source].astype(np.int64)
    return result
