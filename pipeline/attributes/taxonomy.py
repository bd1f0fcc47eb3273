"""Name every perceived attribute: its kind, unit, range, classes and usual bins.

Everything here is *perceived* in the picture, never a claim about identity.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

AGE_BANDS = tuple(f"{low}-{low + 4}" for low in range(0, 100, 5))
"""Five-year bands over which scorers give `age_p` (20 probabilities, ages 0-99)."""

MONK_TONES = tuple(str(tone) for tone in range(1, 11))
"""The Monk Skin Tone scale, lightest to darkest (Monk, 2019; skintone.google)."""

MONK_HEX = (
    "#f6ede4", "#f3e7db", "#f7ead0", "#eadaba", "#d7bd96",
    "#a07e56", "#825c43", "#604134", "#3a312a", "#292420",
)  # fmt: skip
"""The published sRGB colour of each Monk tone."""

PRESETS: dict[str, dict[str, tuple[str, ...]]] = {
    "age": {
        "fairface": (
            "0-2", "3-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "70+",
        ),
    },
    "skin_tone": {"monk": MONK_TONES},
    "ita": {"delbino": ("-90..-30", "-30..10", "10..28", "28..41", "41..55", "55..90")},
}  # fmt: skip
"""Bins known by a name, by attribute: the age bands of FairFace (Karkkainen and Joo, 2021), every
Monk tone alone, and the six skin colour groups, dark to very light, of Del Bino and Bernerd (2013).
"""


@dataclass(frozen=True)
class Attribute:
    """One perceived attribute, a column of the manifest under its own name.

    `number`: a float in [low, high] in `unit`; `integer` ones (age bins, skin tones) are binned by
    whole units. `class`: one of `classes`. Where `classes` is set the scorer also gives
    `<name>_p`, one probability a class; for numbers the classes are ordered bands of the value.
    """

    name: str
    kind: Literal["number", "class"]
    doc: str
    unit: str = ""
    low: float = 0.0
    high: float = 1.0
    integer: bool = False
    classes: tuple[str, ...] = ()
    usual_bins: tuple[str, ...] = ()

    @property
    def single_units(self) -> bool:
        """Whether this is a number with one class for each whole unit, as the ten skin tones."""
        return (
            self.kind == "number" and self.integer and len(self.classes) == self.high - self.low + 1
        )


ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute(
        "age",
        "number",
        "perceived age",
        unit="years",
        high=99.0,
        integer=True,
        classes=AGE_BANDS,
        usual_bins=("18-29", "30-44", "45-59", "60-80"),
    ),
    Attribute(
        "gender_presentation",
        "class",
        "perceived presentation; its probabilities are the continuum",
        classes=("feminine", "masculine"),
        usual_bins=("feminine", "masculine"),
    ),
    Attribute(
        "skin_tone",
        "number",
        "nearest Monk Skin Tone, 1 lightest to 10 darkest",
        low=1.0,
        high=10.0,
        integer=True,
        classes=MONK_TONES,
        usual_bins=("1-3", "4-6", "7-10"),
    ),
    Attribute(
        "ita",
        "number",
        "individual typology angle of the skin pixels, atan((L*-50)/b*) (Chardon et al., 1991)",
        unit="degrees",
        low=-90.0,
        high=90.0,
        usual_bins=("-90..10", "10..41", "41..90"),
    ),
    Attribute("smile", "number", "strength of the smile", usual_bins=("0..0.5", "0.5..1")),
    Attribute("mouth_open", "number", "opening of the mouth", usual_bins=("0..0.3", "0.3..1")),
    Attribute(
        "expression",
        "class",
        "dominant expression",
        classes=("neutral", "smile", "laugh", "surprise", "anger", "sadness"),
        usual_bins=("neutral", "smile", "laugh", "surprise", "anger", "sadness"),
    ),
    Attribute(
        "hair_length",
        "class",
        "length of the head hair",
        classes=("bald", "short", "medium", "long"),
        usual_bins=("bald", "short", "medium", "long"),
    ),
    Attribute(
        "hair_color",
        "class",
        "colour of the head hair; of the brows when bald",
        classes=("black", "brown", "blond", "red", "grey"),
        usual_bins=("black", "brown", "blond", "red", "grey"),
    ),
    Attribute(
        "facial_hair",
        "class",
        "beard growth",
        classes=("none", "stubble", "beard"),
        usual_bins=("none", "stubble", "beard"),
    ),
    Attribute(
        "glasses",
        "class",
        "whether glasses are worn",
        classes=("none", "glasses"),
        usual_bins=("none", "glasses"),
    ),
    Attribute(
        "yaw",
        "number",
        "turn of the head, positive to the right of the picture",
        unit="degrees",
        low=-90.0,
        high=90.0,
        usual_bins=("-90..-10", "-10..10", "10..90"),
    ),
    Attribute(
        "pitch",
        "number",
        "nod of the head, positive upwards",
        unit="degrees",
        low=-90.0,
        high=90.0,
        usual_bins=("-90..0", "0..90"),
    ),
    Attribute(
        "light_azimuth",
        "number",
        "direction of the key light, positive from the right of the picture",
        unit="degrees",
        low=-180.0,
        high=180.0,
        usual_bins=("-180..0", "0..180"),
    ),
)
"""All attributes, in the order of the manifest's columns."""

BY_NAME = {attribute.name: attribute for attribute in ATTRIBUTES}


def presets(attribute: str) -> dict[str, tuple[str, ...]]:
    """Bins of an attribute by name: `uniform`, its usual ones, and its entries in PRESETS."""
    return {"uniform": BY_NAME[attribute].usual_bins, **PRESETS.get(attribute, {})}


def names(attributes: Sequence[Attribute] = ATTRIBUTES) -> str:
    """The attributes' names as a comma-separated phrase, for error lines."""
    return ", ".join(attribute.name for attribute in attributes)
