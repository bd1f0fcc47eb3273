"""Read what a visitor looks at from an address, and write it into one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from pipeline.errors import SpecError, suggestion
from pipeline.service.gallery.facets import Facet

SORTS = {
    "mixed": "Mixed",
    "quality": "Best first",
    "youngest": "Youngest first",
    "oldest": "Oldest first",
    "last": "Last slots first",
    "people": "People together",
}
"""Orders of faces and what they are called. Mixed: one of every cell by turns."""

_LONGEST = 2000


@dataclass(frozen=True)
class View:
    """Some faces of a catalog in an order; its address reproduces it.

    picked: facet -> labels of its choices, one of which each face has; in the facets' order.
    where: a SQL condition. person: a person_id. like: the asset_id of a face to be similar to.
    """

    picked: tuple[tuple[str, tuple[str, ...]], ...] = ()
    where: str | None = None
    person: str | None = None
    like: str | None = None
    sort: str = "mixed"

    @property
    def narrowing(self) -> "View":
        """The same faces in no order of note: what counts depend on."""
        return replace(self, sort="mixed")

    def query(self) -> str:
        """The query part of its address, without `?`; empty for all faces."""
        pairs = [(name, ",".join(labels)) for name, labels in self.picked]
        pairs += [
            (name, value)
            for name in ("where", "person", "like")
            if (value := getattr(self, name)) is not None
        ]
        if self.sort != "mixed":
            pairs.append(("sort", self.sort))
        return urlencode(pairs, safe=",")


def read_view(facets: Sequence[Facet], params: Sequence[tuple[str, str]]) -> View:
    """The view that the parameters of an address tell of; what is none of its own is left alone.

    Raises SpecError for a value that cannot be meant.
    """
    given: dict[str, list[str]] = {}
    for name, value in params:
        given.setdefault(name, []).append(value)
    picked = tuple((facet.name, some) for facet in facets if (some := _picked(facet, given)))
    sort = _one(given, "sort") or "mixed"
    if sort not in SORTS:
        mend = suggestion(sort, SORTS, f"choose from {', '.join(SORTS)}")
        raise SpecError(f"sort: {sort!r} is no order of faces; {mend}")
    return View(picked, _one(given, "where"), _one(given, "person"), _one(given, "like"), sort)


def _picked(facet: Facet, given: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    asked = {part for value in given.get(facet.name, ()) for part in value.split(",") if part}
    for label in asked.difference(facet.labels):
        mend = suggestion(label, facet.labels, f"choose from {', '.join(facet.labels)}")
        raise SpecError(f"{facet.name}: {label!r} is none of its choices here; {mend}")
    return tuple(label for label in facet.labels if label in asked)


def _one(given: Mapping[str, Sequence[str]], name: str) -> str | None:
    value = given.get(name, [""])[-1].strip()
    if len(value) > _LONGEST:
        raise SpecError(f"{name}: has {len(value):,} characters; at most {_LONGEST:,} are read")
    return value or None
