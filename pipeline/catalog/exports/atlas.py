"""Export texture atlases: pages of faces, and where each lies in TexturePacker's JSON (hash)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.assets.encode import DEFAULT_QUALITY, Format, decode_stored, encode
from pipeline.catalog.conversion import Picture
from pipeline.catalog.exports.about import LABEL
from pipeline.catalog.exports.index import write_index, write_json
from pipeline.catalog.exports.walk import Pack, Walk, suffix_of
from pipeline.catalog.fetch import Asset
from pipeline.errors import SpecError
from pipeline.provenance.xmp import DIGITAL_SOURCE_TYPE, embed_xmp, synthetic_packet

SMALLEST, LARGEST = 64, 8192
"""Sides of a page in px that can be asked for."""

_DESCRIPTION = "Synthetic faces made by software. The persons shown do not exist."


@dataclass(frozen=True)
class Grid:
    """How faces lie on a square page: from the left, row by row from the top.

    page: px a side, at most. face: px a side. padding: px between two faces, and at the edges.
    """

    page: int
    face: int
    padding: int

    @property
    def across(self) -> int:
        """Faces in a row."""
        return max(0, (self.page - self.padding) // (self.face + self.padding))

    @property
    def faces(self) -> int:
        """Faces on a page."""
        return self.across**2

    def fitting(self, count: int) -> "Grid":
        """The same on the smallest page that holds so many faces: 64 px a side, 128, 256 …"""
        page = SMALLEST
        while page < self.page:
            smaller = replace(self, page=page)
            if smaller.faces >= count:
                return smaller
            page *= 2
        return self

    def corner(self, place: int) -> tuple[int, int]:
        """x, y in px of the upper left corner of a face."""
        pitch = self.face + self.padding
        return (
            self.padding + place % self.across * pitch,
            self.padding + place // self.across * pitch,
        )


def write(walk: Walk, size: int | None, page: int, padding: int, format: Format) -> None:
    """Write faces-0000.png and .json … , index.csv, index.json and LICENCE.txt.

    size: px a side of what the walk gives, if it converts. page, padding: as in `Grid`, px.

    Raises SpecError where not all faces have the same size, or one does not fit on a page.
    """
    grid = _grid(walk, size, page, padding)
    place = partial(_place, suffix=suffix_of(format))
    recipe = f"atlas-1:{grid.page}:{grid.face}:{grid.padding}:{format}"
    walk.bring_packs(walk.packs(grid.faces), place, recipe, partial(_page, walk, grid, format))
    count = -(-walk.selection.count // grid.faces)
    for faces in walk.packs(grid.faces):
        with walk.document(_place(faces, "json")) as file:
            write_json(file, _document(walk, faces, grid, place(faces), count))
    write_index(walk, lambda: _entries(walk, grid, format))
    walk.licence()


def _grid(walk: Walk, size: int | None, page: int, padding: int) -> Grid:
    sizes = {(row["width"], row["height"]) for faces in walk.packs(4096) for row in faces.rows}
    (width, height), *others = sorted(sizes)
    if size is None and (others or width != height):
        raise SpecError(
            f"size: faces of an atlas are squares of one size, and these are of {width} x {height} "
            f"px{' and others' if others else ''}; give --size"
        )
    grid = Grid(page, size or width, padding)
    if not grid.across > 0:
        raise SpecError(
            f"page: {page} px cannot hold a face of {grid.face} px with {padding} px around it; "
            "ask for a larger page, or for smaller faces by --size"
        )
    return grid


def _place(pack: Pack, suffix: str) -> str:
    return f"faces-{pack.number:04d}.{suffix}"


def _page(
    walk: Walk, grid: Grid, format: Format, faces: Pack, pictures: Mapping[Asset, Picture]
) -> bytes:
    """The file of a page, with the label."""
    grid = grid.fitting(len(faces.rows))
    found = [_pixels(pictures[image]) for image, *_ in faces.files]
    channels = max(pixels.shape[2] for pixels in found)
    if channels == 4 and format == "jpeg":
        raise SpecError(
            "format: jpeg has no alpha channel, which these transparent faces need; "
            "ask for png or webp"
        )
    page = np.zeros((grid.page, grid.page, channels), np.uint8)
    for place, pixels in enumerate(found):
        x, y = grid.corner(place)
        page[y : y + grid.face, x : x + grid.face, :3] = pixels[..., :3]
        if channels == 4:
            page[y : y + grid.face, x : x + grid.face, 3] = (
                pixels[..., 3] if pixels.shape[2] == 4 else 255
            )
    packet = synthetic_packet(f"{walk.about.name}/{_place(faces, suffix_of(format))}", _DESCRIPTION)
    return embed_xmp(encode(page, format, DEFAULT_QUALITY), packet)


def _pixels(picture: Picture) -> NDArray[np.uint8]:
    return decode_stored(picture.file) if picture.pixels is None else picture.pixels


def _document(walk: Walk, faces: Pack, grid: Grid, image: str, count: int) -> dict[str, Any]:
    """TexturePacker's description of a page."""
    grid = grid.fitting(len(faces.rows))
    size = {"w": grid.face, "h": grid.face}
    frames = {}
    for place, row in enumerate(faces.rows):
        x, y = grid.corner(place)
        frames[row["asset_id"]] = {
            "frame": {"x": x, "y": y, **size},
            "rotated": False,
            "trimmed": False,
            "spriteSourceSize": {"x": 0, "y": 0, **size},
            "sourceSize": size,
            "pivot": {"x": 0.5, "y": 0.5},
        }
    meta = {
        "app": walk.about.software or "populace",
        "version": "1.0",
        "image": image,
        "format": "RGBA8888",
        "size": {"w": grid.page, "h": grid.page},
        "scale": "1",
        LABEL: DIGITAL_SOURCE_TYPE,
        "licence": walk.about.licence,
    }
    if not faces.number and count > 1:
        # Loaders of several pages begin at the first.
        meta["related_multi_packs"] = [f"faces-{number:04d}.json" for number in range(1, count)]
    return {"frames": frames, "meta": meta}


def _entries(walk: Walk, grid: Grid, format: Format) -> Iterator[dict[str, Any]]:
    """What the index says of each face: its page and place, then its labels."""
    for faces in walk.packs(grid.faces):
        found = grid.fitting(len(faces.rows))
        for place, (row, told) in enumerate(zip(faces.rows, faces.told, strict=True)):
            x, y = found.corner(place)
            where = {"page": _place(faces, suffix_of(format)), "x": x, "y": y}
            size = {"width": grid.face, "height": grid.face}
            yield {"asset_id": row["asset_id"], **where, **size, **told}
