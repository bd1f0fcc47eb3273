"""Choose faces from all over the cells and lay out the contact sheet of a catalog."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.assets.encode import decode, encode
from pipeline.assets.sheet import contact_grid, contact_sheet, grid_shape
from pipeline.catalog.fetch import asset_of, fetch_group, in_order
from pipeline.catalog.order import Order
from pipeline.provenance.xmp import embed_xmp, synthetic_packet
from pipeline.storage import Store

SHEET_KEY = "previews/contact-sheet.jpg"
_MOST_FACES = 120
_THUMB = 128
_QUALITY = 88

FirstOfCells = Callable[[Sequence[int], int], list[dict[str, Any]]]
"""Gives the rows of the first faces of cells: (cells, faces a cell) -> rows by cell, then slot."""


def contact_sheet_file(store: Store, order: Order, first: FirstOfCells, threads: int) -> bytes:
    """The contact sheet as a labelled JPEG: the first faces of every cell by slot, none picked.

    Up to three balanced attributes become the sheet's rows and columns; more, or a table too large
    for one sheet, become a plain sheet of faces from cells spread evenly over all.
    """
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
        full = [cell.index for cell in order.cells if cell.count]
        places = np.linspace(0, len(full) - 1, min(len(full), _MOST_FACES)).round().astype(int)
        chosen = [full[place] for place in places]
        rows = first(chosen, _MOST_FACES // len(chosen))[:_MOST_FACES]
        sheet = contact_sheet(
            [(_label(row), image) for row, image in _images(store, rows, threads)],
            columns=min(12, max(4, round((1.5 * len(rows)) ** 0.5))),
            title=order.name,
            subtitle=_subtitle(len(rows), order),
            thumb=_THUMB,
        )
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
