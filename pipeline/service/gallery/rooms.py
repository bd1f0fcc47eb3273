"""Keep a catalog ready to be looked at, and say what its pages show."""

import shlex
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import numpy as np

from pipeline.catalog.read import Catalog
from pipeline.service.gallery.cards import version_of
from pipeline.service.gallery.detail import face_document
from pipeline.service.gallery.index import FaceIndex
from pipeline.service.gallery.pack import MOST_FACES as MOST_IN_PACK
from pipeline.service.gallery.sheets import SIZES, Sheets, row_name
from pipeline.service.gallery.view import View
from pipeline.service.gallery.words import LABEL_COLUMNS, chips_of, condition_of, label_of
from pipeline.service.refusal import Refusal


@dataclass(frozen=True)
class Room:
    """A catalog made ready to be looked at. version: changes with the catalog."""

    name: str
    index: FaceIndex
    sheets: Sheets
    version: str


def open_room(name: str, catalog: Catalog) -> Room:
    """Read a catalog's manifest."""
    index = FaceIndex(catalog)
    return Room(name, index, Sheets(index), version_of(catalog))


def view_document(here: Room, view: View, addresses: bool) -> dict[str, Any]:
    """What a view holds: how many faces, the counts of all choices, and what narrows it.

    addresses: show where a catalog of this machine lies.
    """
    index = here.index
    uri = index.catalog.store.uri
    shown = uri.removeprefix("file://") if addresses or uri.startswith("s3://") else "CATALOG"
    command = ["populace", "pull", shown, "--to", f"{here.name}-faces"]
    if (condition := condition_of(index.facets, view)) is not None:
        command += ["--where", condition]
    return {
        "total": index.total(view),
        "of": index.count,
        "counts": index.counts(view),
        "chips": chips_of(index.facets, view, index.neighbours.by if view.like else ""),
        "query": view.query(),
        "sort": view.sort,
        "like": view.like,
        "pull": " ".join(map(_quoted, command)) if view.like is None else None,
        "note": ", nearest first" if view.like else "",
        "version": here.version,
    }


def faces_of(here: Room, rows: list[int]) -> list[dict[str, Any]]:
    """Rows as a page shows them: the number for sheets, the asset_id, and the words."""
    columns = ["asset_id", *(name for name in LABEL_COLUMNS if name in here.index.columns)]
    found = here.index.places.rows(rows, columns)
    return [
        {"row": row_name(number), "id": row["asset_id"], "label": label_of(row)}
        for number, row in zip(rows, found, strict=True)
    ]


def face_values(here: Room, view: View, asset: str) -> dict[str, Any]:
    """What the page and the card of a face show."""
    document = face_document(here.index, asset)
    places = np.flatnonzero(here.index.rows(view) == document["number"])
    similar = replace(View(), like=asset)
    person = replace(View(), person=document["row"].get("person_id"))
    return {
        "face": document,
        "index": int(places[0]) if places.size else -1,
        "similar": similar.query(),
        "by": here.index.neighbours.by,
        "all_of_person": person.query(),
        "link": urlencode([*parse_qsl(view.query()), ("face", asset)]),
        "row_name": row_name,
    }


def _quoted(word: str) -> str:
    """A word for the shell; conditions, which hold single quotes, in double ones if they can be."""
    if "'" in word and not set(word) & set('"$`\\!'):
        return f'"{word}"'
    return shlex.quote(word)


def sizes_of(here: Room) -> list[int]:
    """The sizes on sheets that the catalog's pictures fill."""
    spec = here.index.catalog.document.get("spec", {})
    largest = spec.get("image", {}).get("size", SIZES[-1])
    return [size for size in SIZES if size <= max(SIZES[0], int(largest))]


def those_there(here: Room, names: str) -> list[tuple[str, str]]:
    """Of assets, with spaces between, those that the catalog has: asset_id and row, for sheets."""
    rows = [int(row) for row in here.index.places.numbers_of("asset_id", names.split())]
    found = here.index.places.rows(rows, ["asset_id"])
    return [(row["asset_id"], row_name(number)) for number, row in zip(rows, found, strict=True)]


def rows_for_pack(here: Room, view: View, names: str | None) -> list[int]:
    """The rows of these assets, with spaces between, or else the first of the view."""
    if names is None:
        return [int(row) for row in here.index.first_rows(view, MOST_IN_PACK)]
    wanted = names.split()
    rows = [int(row) for row in here.index.places.numbers_of("asset_id", wanted)]
    if len(rows) < len(set(wanted)):
        raise Refusal(
            404,
            "pack",
            f"{len(set(wanted)) - len(rows):,} of the selected faces are not in this catalog;"
            " clear the selection",
        )
    return rows
