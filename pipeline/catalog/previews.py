"""Choose faces from all over the cells and lay out the contact sheet of a catalog."""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.assets.encode import decode, encode
from pipeline.assets.sheet import contact_grid, contact_sheet, grid_shape
from pipeline.catalog.fetch import asset_of, fetch_group, in_order
from pipeline.catalog.order import Order
from pipeline.provenance.xmp import embed_xmp, synthetic_packet
from pipeline.storage import Store

SHEET_KEY = "previews/contact-sheet.jpg"
_MOST_FACES = 120
_MOST_COLUMNS = 20
_WHOLE = "variation"
_THUMB = 128
_QUALITY = 88

FirstOfCells = Callable[[Sequence[int], int], list[dict[str, Any]]]
"""Gives the rows of the first faces of cells: (cells, faces a cell) -> rows by cell, then slot."""


def contact_sheet_file(store: Store, order: Order, first: FirstOfCells, threads: int) -> bytes:
    """The contact sheet as a labelled JPEG: the first faces of every cell by slot, none picked.

    Up to three balanced attributes become the sheet's rows and columns; more, or a table too large
    for one sheet, become a plain sheet of faces from cells spread evenly over all. Where there are
    variations, people have a row each.
    """
    if order.variations:
        return _labelled(_sheet_of_people(store, order, first, threads), order)
    axes = order.axes()
    shape = grid_shape(axes, min(_MOST_FACES, order.count))
    if shape is not None:
        across, down = shape
        rows = first([cell.index for cell in order.cells], across * down)
        bins = {
            cell.index: tuple(cell.bins.get(name, "") for name, _ in axes) for cell in order.cells
        }
        cells: dict[tuple[str, ...], list[NDArray[np.uint8]]] = {}
        for row, image in _images(store, rows, threads):
            cells.setdefault(bins[row["cell"]], []).append(image)
        sheet = contact_grid(
            cells,
            axes,
            across=across,
            down=down,
            title=order.name,
            subtitle=_subtitle(len(rows), order),
            thumb=_THUMB,
        )
    else:
        chosen = _spread(order, _MOST_FACES)
        rows = first(chosen, _MOST_FACES // len(chosen))[:_MOST_FACES]
        sheet = contact_sheet(
            [(_label(row), image) for row, image in _images(store, rows, threads)],
            columns=min(12, max(4, round((1.5 * len(rows)) ** 0.5))),
            title=order.name,
            subtitle=_subtitle(len(rows), order),
            thumb=_THUMB,
        )
    return _labelled(sheet, order)


def _sheet_of_people(store: Store, order: Order, first: FirstOfCells, threads: int) -> Image.Image:
    """A row a person, from cells spread evenly over all; what varies becomes the columns."""
    shown = order.variations[:_MOST_COLUMNS]
    most = max(1, _MOST_FACES // len(shown))
    cells = _spread(order, most)
    each = len(order.variations)
    rows = first(cells, most // len(cells) * each)
    rows = [row for row in rows if row["variation"] in shown][: most * len(shown)]
    columns = _columns(shown)
    images: dict[tuple[str, ...], list[NDArray[np.uint8]]] = {}
    for row, image in _images(store, rows, threads):
        label = str(row["variation"])
        place = [label] if columns[0][0] == _WHOLE else _values(label)
        images[(_person(row, order), *place)] = [image]
    people = list(dict.fromkeys(_person(row, order) for row in rows))
    return contact_grid(
        images,
        [("person", people), *columns],
        across=1,
        title=order.name,
        subtitle=_people_shown(len(people), order, len(shown)),
        thumb=_THUMB,
    )


def _columns(labels: Sequence[str]) -> list[tuple[str, list[str]]]:
    """One or two attributes that vary, where the labels are all their combinations; or one axis."""
    names = [part.partition("=")[0] for part in labels[0].split(", ")]
    values = [list(dict.fromkeys(column)) for column in zip(*map(_values, labels), strict=True)]
    if len(names) <= 2 and prod(len(column) for column in values) == len(labels):
        return list(zip(names, values, strict=True))
    return [(_WHOLE, list(labels))]


def _values(label: str) -> list[str]:
    return [part.partition("=")[2] for part in label.split(", ")]


def _person(row: Mapping[str, Any], order: Order) -> str:
    """A person in words, each in others: slot and bins."""
    return f"{row['slot']}: {', '.join(order.cells[row['cell']].bins.values())}".rstrip(": ")


def _people_shown(shown: int, order: Order, variations: int) -> str:
    people = f"{shown} of {order.people:,}" if shown < order.people else f"{shown}"
    each = len(order.variations)
    pictures = f"{variations} of {each}" if variations < each else f"{each}"
    noun = "people" if order.people > 1 else "person"
    return f"{people} {noun} who do{'es' * (order.people == 1)} not exist, {pictures} pictures each"


def _spread(order: Order, most: int) -> list[int]:
    """Cells with faces, evenly from all of them, `most` at the most."""
    full = [cell.index for cell in order.cells if cell.count]
    places = np.linspace(0, len(full) - 1, min(len(full), most)).round().astype(int)
    return [full[place] for place in places]


def _labelled(sheet: Image.Image, order: Order) -> bytes:
    """The sheet as a JPEG that says what it is."""
    data = encode(np.asarray(sheet), "jpeg", _QUALITY)
    packet = synthetic_packet(
        f"{order.name} contact sheet",
        "A sheet of synthetic faces made by software. The people shown do not exist.",
    )
    return embed_xmp(data, packet)


def _images(
    store: Store, rows: Sequence[Mapping[str, Any]], threads: int
) -> list[tuple[Mapping[str, Any], NDArray[np.uint8]]]:
    def read(row: Mapping[str, Any]) -> tuple[Mapping[str, Any], NDArray[np.uint8]]:
        ((_, data),) = fetch_group(store, [asset_of(row)])
        return row, decode(data)

    return list(in_order(read, rows, threads))


def _subtitle(shown: int, order: Order) -> str:
    what = f"{shown} of {order.count:,}" if shown < order.count else f"{shown}"
    return f"{what} faces of people who do not exist, the first of every cell"


def _label(row: Mapping[str, Any]) -> str:
    parts = []
    if row["age"] is not None:
        parts.append(f"{row['age']:.0f}")
    if row["gender_presentation"] is not None:
        parts.append(row["gender_presentation"])
    if row["skin_tone"] is not None:
        parts.append(f"tone {row['skin_tone']}")
    return ", ".join(parts) or row["asset_id"]
