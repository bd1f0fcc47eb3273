"""Understand what visitors type: words for choices, the name of an asset, or a SQL condition."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline.attributes.taxonomy import BY_NAME
from pipeline.errors import SpecError
from pipeline.service.gallery.facets import Facet
from pipeline.service.gallery.index import FaceIndex
from pipeline.service.gallery.view import View

_WORDS: Mapping[str, tuple[str, str]] = {
    **dict.fromkeys(
        ("feminine", "female", "woman", "women", "girl", "girls"),
        ("gender_presentation", "feminine"),
    ),
    **dict.fromkeys(
        ("masculine", "male", "man", "men", "boy", "boys"), ("gender_presentation", "masculine")
    ),
    **dict.fromkeys(("smile", "smiling", "smiles", "happy"), ("expression", "smile")),
    **dict.fromkeys(("laugh", "laughing", "laughs"), ("expression", "laugh")),
    **dict.fromkeys(("neutral", "serious"), ("expression", "neutral")),
    **dict.fromkeys(("surprise", "surprised"), ("expression", "surprise")),
    **dict.fromkeys(("anger", "angry"), ("expression", "anger")),
    **dict.fromkeys(("sadness", "sad"), ("expression", "sadness")),
    **dict.fromkeys(("glasses", "spectacles"), ("glasses", "glasses")),
    "no glasses": ("glasses", "none"),
    **dict.fromkeys(("beard", "bearded", "beards"), ("facial_hair", "beard")),
    "stubble": ("facial_hair", "stubble"),
    **dict.fromkeys(("clean-shaven", "clean shaven", "no beard"), ("facial_hair", "none")),
    "bald": ("hair_length", "bald"),
    **{f"{length} hair": ("hair_length", length) for length in ("short", "medium", "long")},
    **{f"{color} hair": ("hair_color", color) for color in ("black", "brown", "blond", "red")},
    **dict.fromkeys(("blonde hair", "blond", "blonde"), ("hair_color", "blond")),
    **dict.fromkeys(("redhead", "red-haired", "ginger"), ("hair_color", "red")),
    **dict.fromkeys(("grey hair", "gray hair"), ("hair_color", "grey")),
    **{f"tone {tone}": ("skin_tone", str(tone)) for tone in range(1, 11)},
}
_BETWEEN = {"and", "with", "a", "the", "faces", "face", "people", "person", "of", ",", "or"}
_SQL = re.compile(r"[=<>()'\"]|\b(between|in|like|ilike|is|not)\b", re.I)
_AGE = re.compile(r"(?:age[sd]? )?(\d{1,2})(?:\s*[-–]\s*(\d{1,2})|(\+)|(s))?")
_MOST_NAMES = 2


def suggestions(facets: Sequence[Facet]) -> list[str]:
    """Words that `understood` understands here, for a list below the field."""
    known = {facet.name: facet.labels for facet in facets}
    seen: dict[tuple[str, str], str] = {}
    for words, choice in _WORDS.items():
        if choice[1] in known.get(choice[0], ()):
            seen.setdefault(choice, words)
    return [*seen.values()]


def understood(index: FaceIndex, view: View, text: str) -> tuple[View, str | None]:
    """The view narrowed by what was typed, and the asset to open, where its name was.

    Words add to what is picked, as `long red hair smiling 30s`; a name of an asset, or its first
    six letters or more, opens it; anything with an operator is a SQL condition.

    Raises SpecError where it is none of these.
    """
    text = " ".join(text.split())
    if not text:
        return replace(view, where=None), None
    if re.fullmatch(r"[0-9a-f]{6,64}", text.lower()):
        names = index.places.beginning_with(text.lower(), _MOST_NAMES)
        if len(names) == 1:
            return view, names[0]
    picks = _picks(index.facets, text.lower())
    if picks is not None:
        return picked_too(index.facets, view, picks), None
    if _SQL.search(text):
        narrowed = replace(view, where=text)
        index.counts(narrowed)
        return narrowed, None
    raise SpecError(
        f"search: {text!r} is not understood; write words such as “long hair smiling 30-44”, "
        "the name of an asset, or a condition such as age >= 30 AND smile > 0.5"
    )


def picked_too(facets: Sequence[Facet], view: View, picks: Mapping[str, Sequence[str]]) -> View:
    """The view with more choices picked."""
    before = dict(view.picked)
    every = {
        facet.name: {*before.get(facet.name, ()), *picks.get(facet.name, ())} for facet in facets
    }
    picked = tuple(
        (facet.name, tuple(label for label in facet.labels if label in every[facet.name]))
        for facet in facets
        if every[facet.name]
    )
    return replace(view, picked=picked)


def _picks(facets: Sequence[Facet], text: str) -> dict[str, list[str]] | None:
    """The choices that words stand for; None where some word stands for none."""
    known = {facet.name: facet for facet in facets}
    text = re.sub(
        r"\b(long|short|medium) (black|brown|blonde?|red|gr[ea]y) hair\b", r"\1 hair \2 hair", text
    )
    words = text.replace(",", " ").split()
    picks: dict[str, list[str]] = {}
    while words:
        for size in (3, 2, 1):
            phrase = " ".join(words[:size])
            found = _choices(known, phrase) if len(words) >= size else None
            if found:
                for name, label in found:
                    picks.setdefault(name, []).append(label)
                words = words[size:]
                break
            if size == 1 and phrase in _BETWEEN:
                words = words[1:]
                break
        else:
            return None
    return picks or None


def _choices(known: Mapping[str, Facet], phrase: str) -> list[tuple[str, str]]:
    """The choices that a phrase stands for; none where it is not known here."""
    if phrase in _WORDS:
        name, label = _WORDS[phrase]
        return [(name, label)] if name in known and label in known[name].labels else []
    for facet in known.values():
        for choice in facet.choices[:-1]:
            if phrase == choice.title.lower():
                return [(facet.name, choice.label)]
    return _ages(known, phrase)


def _ages(known: Mapping[str, Facet], phrase: str) -> list[tuple[str, str]]:
    """The bins of age that hold some of `34`, `30s`, `30-44` or `60+`."""
    match = _AGE.fullmatch(phrase)
    if match is None or "age" not in known:
        return []
    low = int(match[1])
    last = int(match[2]) if match[2] else low + 9 if match[4] else low
    last = int(BY_NAME["age"].high) if match[3] else last
    return [("age", one.label) for one in known["age"].bins if one.low <= last and low < one.high]
