"""Lay faces out on contact sheets: a labelled list, or a grid whose headings are the classes."""

from collections.abc import Mapping, Sequence
from itertools import groupby, product
from math import prod

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Pixels = NDArray[np.uint8]
"""uint8 [H, W, 3], sRGB."""

Axis = tuple[str, Sequence[str]]
"""An attribute's name and its bins in order."""

_PAPER, _INK, _QUIET, _RULE, _EMPTY = "#f7f6f3", "#21201d", "#7d7a72", "#cfccc4", "#eceae5"
_MARGIN = 40
_FACE_GUTTER, _CELL_GUTTER = 3, 16
_TITLE_SIZE, _TEXT_SIZE, _LABEL_SIZE = 40, 22, 15

_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def contact_sheet(
    faces: Sequence[tuple[str, Pixels]],
    *,
    columns: int = 8,
    title: str = "",
    subtitle: str = "",
    thumb: int = 128,
) -> Image.Image:
    """A sheet of labelled faces, `columns` to a row, each `thumb` px square above its label."""
    rows = -(-len(faces) // columns)
    pitch_x, pitch_y = thumb + _CELL_GUTTER, thumb + _LABEL_SIZE + _CELL_GUTTER + 10
    top = _MARGIN + _heading_height(title, subtitle)
    width = 2 * _MARGIN + columns * pitch_x - _CELL_GUTTER
    sheet = Image.new("RGB", (width, top + rows * pitch_y - _CELL_GUTTER + _MARGIN), _PAPER)
    draw = ImageDraw.Draw(sheet)
    _draw_heading(draw, title, subtitle, width)
    for index, (label, image) in enumerate(faces):
        x = _MARGIN + index % columns * pitch_x
        y = top + index // columns * pitch_y
        sheet.paste(_thumbnail(image, thumb), (x, y))
        _draw_text(draw, (x, y + thumb + 6), label, _font(_LABEL_SIZE), _QUIET, thumb)
    return sheet


def contact_grid(
    cells: Mapping[tuple[str, ...], Sequence[Pixels]],
    axes: Sequence[Axis],
    *,
    across: int,
    down: int = 1,
    title: str = "",
    subtitle: str = "",
    thumb: int = 128,
) -> Image.Image:
    """A sheet of one block a cell: rows are the first axis, columns all others, nested.

    cells: a tuple with one bin of each axis -> its faces, of which across * down are shown;
    a place without a face stays an empty tile.
    """
    (row_name, row_bins), column_axes = axes[0], axes[1:]
    columns = list(product(*(bins for _, bins in column_axes)))
    block_x = across * (thumb + _FACE_GUTTER) - _FACE_GUTTER
    block_y = down * (thumb + _FACE_GUTTER) - _FACE_GUTTER
    left = _MARGIN + _row_heading_width([name for name, _ in axes], row_bins)
    heading_line = _TEXT_SIZE + 14
    # A step between outer columns is a little wider, so that the eye keeps the groups apart.
    inner = len(column_axes[-1][1]) if len(column_axes) > 1 else len(columns)
    starts = [
        left + index * (block_x + _CELL_GUTTER) + index // inner * _CELL_GUTTER
        for index in range(len(columns))
    ]
    top = _MARGIN + _heading_height(title, subtitle) + len(column_axes) * heading_line
    width = starts[-1] + block_x + _MARGIN
    height = top + len(row_bins) * (block_y + _CELL_GUTTER) - _CELL_GUTTER + _MARGIN
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    _draw_heading(draw, title, subtitle, width)

    text = _font(_TEXT_SIZE)
    for depth, (name, _) in enumerate(column_axes):
        y = top - (len(column_axes) - depth) * heading_line
        _draw_text(draw, (_MARGIN, y), _words(name), text, _QUIET, left - _MARGIN - 16)
        for path, span in groupby(range(len(columns)), key=lambda i: columns[i][: depth + 1]):
            places = list(span)
            x, end = starts[places[0]], starts[places[-1]] + block_x
            _draw_text(draw, (x, y), _words(path[-1]), text, _INK, end - x)
            draw.line((x, y + _TEXT_SIZE + 6, end - 1, y + _TEXT_SIZE + 6), fill=_RULE)
    for row, label in enumerate(row_bins):
        y = top + row * (block_y + _CELL_GUTTER)
        _draw_text(draw, (_MARGIN, y - 2), _words(label), text, _INK, left - _MARGIN - 16)
        below = (_MARGIN, y + _TEXT_SIZE + 4)
        _draw_text(draw, below, _words(row_name), text, _QUIET, left - _MARGIN - 16)
        for x, column in zip(starts, columns, strict=True):
            faces = cells.get((label, *column), ())
            _paste_block(sheet, draw, (x, y), faces, across, down, thumb)
    return sheet


def grid_shape(axes: Sequence[Axis], faces: int) -> tuple[int, int] | None:
    """How many faces across and down each cell shows, for about `faces` in all; None if too many.

    Prefers sheets about one and a half times as wide as high, and full ones to sparse ones.
    """
    sizes = [len(bins) for _, bins in axes]
    if not 1 <= len(axes) <= 3 or prod(sizes) > faces or prod(sizes[1:]) > 16:
        return None
    budget = faces // prod(sizes)

    def fault(shape: tuple[int, int]) -> float:
        across, down = shape
        aspect = across * prod(sizes[1:]) / (down * sizes[0])
        return float(abs(np.log(aspect / 1.5)) + np.log(budget / (across * down)))

    shapes = [(across, down) for down in range(1, budget + 1) for across in range(1, budget + 1)]
    return min((shape for shape in shapes if prod(shape) <= budget), key=fault)


def _paste_block(
    sheet: Image.Image,
    draw: ImageDraw.ImageDraw,
    corner: tuple[int, int],
    faces: Sequence[Pixels],
    across: int,
    down: int,
    thumb: int,
) -> None:
    for place in range(across * down):
        x = corner[0] + place % across * (thumb + _FACE_GUTTER)
        y = corner[1] + place // across * (thumb + _FACE_GUTTER)
        if place < len(faces):
            sheet.paste(_thumbnail(faces[place], thumb), (x, y))
        else:
            draw.rectangle((x, y, x + thumb - 1, y + thumb - 1), fill=_EMPTY)


def _thumbnail(image: Pixels, size: int) -> Image.Image:
    return Image.fromarray(image).resize((size, size), Image.Resampling.LANCZOS)


def _font(size: int) -> _Font:
    return ImageFont.load_default(size)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _heading_height(title: str, subtitle: str) -> int:
    return (_TITLE_SIZE + 14 if title else 0) + (_TEXT_SIZE + 26 if subtitle else 0)


def _draw_heading(draw: ImageDraw.ImageDraw, title: str, subtitle: str, width: int) -> None:
    room = width - 2 * _MARGIN
    y = _MARGIN - 6
    if title:
        _draw_text(draw, (_MARGIN, y), title, _font(_TITLE_SIZE), _INK, room)
        y += _TITLE_SIZE + 12
    if subtitle:
        _draw_text(draw, (_MARGIN, y), subtitle, _font(_TEXT_SIZE), _QUIET, room)


def _row_heading_width(names: Sequence[str], row_bins: Sequence[str]) -> int:
    font = _font(_TEXT_SIZE)
    labels = [*map(_words, (*names, *row_bins))]
    return min(320, int(max(font.getlength(label) for label in labels)) + 28)


def _draw_text(
    draw: ImageDraw.ImageDraw,
    corner: tuple[int, int],
    text: str,
    font: _Font,
    color: str,
    room: int,
) -> None:
    """Draw one line, cut with an ellipsis where `room` px do not hold it."""
    if font.getlength(text) > room:
        while text and font.getlength(text + "…") > room:
            text = text[:-1]
        text = text.rstrip() + "…"
    draw.text(corner, text, fill=color, font=font)
