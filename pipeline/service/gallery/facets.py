"""Say what of a catalog visitors can choose by, in which bins, and what these are called."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pipeline.attributes.bins import Bin, parse_bins
from pipeline.attributes.taxonomy import BY_NAME, MONK_HEX, MONK_TONES
from pipeline.catalog.facets import OUTSIDE
from pipeline.errors import SpecError

Form = Literal["list", "tones", "columns"]
"""How choices are shown: one below the other, as colours of skin, or as columns of a histogram."""

_TITLES = {
    "age": "Age",
    "gender_presentation": "Presentation",
    "skin_tone": "Skin tone",
    "expression": "Expression",
    "hair_length": "Hair",
    "hair_color": "Hair colour",
    "facial_hair": "Facial hair",
    "glasses": "Glasses",
    "yaw": "Pose",
    "light_azimuth": "Light",
    "pitch": "Tilt",
}
_BINS = {
    "age": (*(f"{low}-{low + 9}" for low in range(0, 80, 10)), "80+"),
    "skin_tone": MONK_TONES,
    "yaw": ("-90..-10", "-10..10", "10..90"),
    "pitch": ("-90..-6", "-6..6", "6..90"),
    "light_azimuth": ("-180..-15", "-15..15", "15..180"),
}
_FORMS: dict[str, Form] = {"skin_tone": "tones", "age": "columns"}
_WORDS = {
    ("yaw", "-90..-10"): "To the left",
    ("yaw", "-10..10"): "Facing us",
    ("yaw", "10..90"): "To the right",
    ("pitch", "-90..-6"): "Down",
    ("pitch", "-6..6"): "Level",
    ("pitch", "6..90"): "Up",
    ("light_azimuth", "-180..-15"): "From the left",
    ("light_azimuth", "-15..15"): "From the front",
    ("light_azimuth", "15..180"): "From the right",
    ("glasses", "none"): "No glasses",
    ("glasses", "glasses"): "Glasses",
    ("facial_hair", "none"): "Clean-shaven",
}
_HAIR_HEX = {
    "black": "#1d1a19",
    "brown": "#5a3c28",
    "blond": "#d2ae6d",
    "red": "#a2472a",
    "grey": "#a9a7a3",
}


@dataclass(frozen=True)
class Choice:
    """One bin of a facet. label: in addresses, as in specs. title: for people. color: or none."""

    label: str
    title: str
    color: str | None = None


@dataclass(frozen=True)
class Facet:
    """An attribute that visitors choose by.

    choices: one for each of the bins, and one more, OUTSIDE, for faces in none of them.
    """

    name: str
    title: str
    doc: str
    form: Form
    bins: tuple[Bin, ...]
    choices: tuple[Choice, ...]

    @property
    def labels(self) -> list[str]:
        """The labels of the choices."""
        return [choice.label for choice in self.choices]

    def title_of(self, label: str) -> str:
        """What a choice is called."""
        return next(choice.title for choice in self.choices if choice.label == label)


def facets_of(document: Mapping[str, Any]) -> tuple[Facet, ...]:
    """All facets of a catalog, whose `catalog.json` this is.

    Numbers have the bins that the job balanced, or else round ones; skin has its ten tones.
    """
    return tuple(_facet(name, document) for name in _TITLES)


def _facet(name: str, document: Mapping[str, Any]) -> Facet:
    bins = _ordered(name, document) or parse_bins(name, _BINS.get(name) or BY_NAME[name].classes)
    choices = [Choice(one.label, _title(name, one.label), _color(name, one.label)) for one in bins]
    choices.append(Choice(OUTSIDE, "Other"))
    form = _FORMS.get(name, "list")
    return Facet(name, _TITLES[name], BY_NAME[name].doc, form, bins, tuple(choices))


def _ordered(name: str, document: Mapping[str, Any]) -> tuple[Bin, ...]:
    """The bins of a number that the job balanced; none where it did not."""
    if BY_NAME[name].kind == "class" or name == "skin_tone":
        return ()
    cells = document.get("cells", ())
    labels = dict.fromkeys(cell["bins"][name] for cell in cells if name in cell.get("bins", ()))
    try:
        return parse_bins(name, [str(label) for label in labels]) if labels else ()
    except SpecError:
        return ()


def _title(name: str, label: str) -> str:
    if name == "age":
        return label.replace("-", "–")
    return _WORDS.get((name, label), label.replace("_", " ").capitalize())


def _color(name: str, label: str) -> str | None:
    if name == "skin_tone" and label in MONK_TONES:
        return MONK_HEX[int(label) - 1]
    return _HAIR_HEX.get(label) if name == "hair_color" else None
