"""Say in words what a face looks like to the scorer, and what a view holds."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pipeline.attributes.bins import Bin
from pipeline.attributes.taxonomy import BY_NAME
from pipeline.catalog.facets import OUTSIDE
from pipeline.service.gallery.facets import Facet
from pipeline.service.gallery.view import View

LABEL_COLUMNS = (
    *("age", "gender_presentation", "skin_tone", "expression"),
    *("hair_length", "hair_color", "facial_hair", "glasses"),
)
"""The columns that `label_of` reads."""


def label_of(row: Mapping[str, Any]) -> str:
    """A face in a few words, for those who cannot see it: `feminine, about 28, skin tone 2 …`."""
    parts = [
        row.get("gender_presentation"),
        f"about {int(row['age'])}" if row.get("age") is not None else None,
        f"skin tone {row['skin_tone']}" if row.get("skin_tone") is not None else None,
        row.get("expression"),
        _hair(row),
        row["facial_hair"] if row.get("facial_hair") in ("stubble", "beard") else None,
        "glasses" if row.get("glasses") == "glasses" else None,
    ]
    return ", ".join(part for part in parts if part) or "a face"


def title_of(row: Mapping[str, Any]) -> str:
    """A face in the fewest words: `Feminine, about 28`."""
    first = ", ".join(label_of({k: row.get(k) for k in LABEL_COLUMNS[:2]}).split(", "))
    return first[:1].upper() + first[1:]


def _hair(row: Mapping[str, Any]) -> str | None:
    length, color = row.get("hair_length"), row.get("hair_color")
    if length == "bald":
        return "bald"
    if length is None and color is None:
        return None
    return " ".join(part for part in (length, color, "hair") if part)


def chips_of(facets: Sequence[Facet], view: View, similar_by: str) -> list[dict[str, str]]:
    """What narrows a view, each with the query of the view without it."""
    chips = []
    titles = {facet.name: facet for facet in facets}
    for name, labels in view.picked:
        facet = titles[name]
        for label in labels:
            rest = tuple(one for one in labels if one != label)
            pairs = [(n, rest if n == name else some) for n, some in view.picked]
            without = replace(view, picked=tuple((n, some) for n, some in pairs if some))
            title = facet.title_of(label)
            plain = title if facet.form == "list" and label != OUTSIDE else f"{facet.title} {title}"
            chips.append({"title": plain, "without": without.query()})
    if view.where is not None:
        chips.append({"title": view.where, "without": replace(view, where=None).query()})
    if view.person is not None:
        chips.append({"title": "One person", "without": replace(view, person=None).query()})
    if view.like is not None:
        chips.append(
            {
                "title": f"Similar to {view.like[:8]} by {similar_by}",
                "without": replace(view, like=None).query(),
            }
        )
    return chips


def condition_of(facets: Sequence[Facet], view: View) -> str | None:
    """The SQL condition of a view, for `populace pull --where`; None where it needs none.

    What is similar to a face is no condition: it is left out.
    """
    bins = {facet.name: facet.bins for facet in facets}
    parts = []
    for name, labels in view.picked:
        every = {one.label: _inside(one) for one in bins[name]}
        some = [every[label] for label in labels if label != OUTSIDE]
        if OUTSIDE in labels:
            some.append(f"{name} IS NULL OR NOT ({' OR '.join(every.values())})")
        joined = " OR ".join(some)
        parts.append(f"({joined})" if " OR " in joined else joined)
    if view.where is not None:
        parts.append(f"({view.where})")
    if view.person is not None:
        quoted = view.person.replace("'", "''")
        parts.append(f"person_id = '{quoted}'")
    return " AND ".join(parts) or None


def _inside(one: Bin) -> str:
    """The condition for a value to lie in a bin, as people write it."""
    name = one.attribute
    if one.classes:
        return " OR ".join(f"{name} = '{label}'" for label in sorted(one.classes))
    if BY_NAME[name].single_units and one.high == one.low + 1:
        return f"{name} = {one.low:g}"
    return f"{name} >= {one.low:g} AND {name} {'<=' if one.closed else '<'} {one.high:g}"


def value_of(name: str, value: Any) -> str:
    """The value of an attribute with its unit, as people read it."""
    if isinstance(value, str):
        return value
    unit = {"degrees": "°", "years": " years"}.get(BY_NAME[name].unit, "")
    if name == "age":
        return f"{value:.1f}{unit}"
    return f"{value:.0f}{unit}" if BY_NAME[name].high > 1 else f"{value:.2f}"
