"""Put faces onto sprite sheets: few requests for many small pictures, all verified."""

import io
import re
from collections.abc import Sequence

import numpy as np
from PIL import Image

from pipeline.assets.encode import MID_GREY, decode, encode
from pipeline.catalog.fetch import COLUMNS, Asset, asset_of, fetch_group, group, in_order
from pipeline.catalog.read import Catalog
from pipeline.errors import CatalogError
from pipeline.provenance.xmp import embed_xmp, synthetic_packet
from pipeline.service.gallery.cache import Cache
from pipeline.service.gallery.index import FaceIndex
from pipeline.service.refusal import Refusal

SIZES = (96, 160, 256, 384)
"""Sides of a face on a sheet, px."""

MOST_FACES = 32
"""On one sheet."""

_KEPT_BYTES = 128 << 20
_THREADS = 4
_QUALITY = 88
_PACKET = synthetic_packet(
    "sheet of faces",
    "Synthetic faces made by software. The people shown do not exist.",
)


class Sheets:
    """Sheets of a catalog's faces as JPEG files, the last ones kept."""

    def __init__(self, index: FaceIndex) -> None:
        self._index = index
        self._kept: Cache[bytes] = Cache(_KEPT_BYTES, len)

    def sheet(self, size: int, names: str) -> bytes:
        """Faces side by side, `size` px each, larger pictures made smaller, as a JPEG.

        names: numbers of rows with `-` between, as `row_name` writes them. Raises Refusal for
        what no page asks for.
        """
        rows = _rows_in(names, self._index.count)
        if size not in SIZES:
            raise Refusal(
                404,
                "sheet",
                f"{size} px is no size of a sheet; choose from {', '.join(map(str, SIZES))}",
            )
        return self._kept.get((size, rows), lambda: self._make(size, rows))

    def _make(self, size: int, rows: Sequence[int]) -> bytes:
        assets = [asset_of(row) for row in self._index.places.rows(rows, COLUMNS)]
        return sheet_of(self._index.catalog, assets, size)


def sheet_of(catalog: Catalog, assets: Sequence[Asset], size: int) -> bytes:
    """Assets side by side, `size` px each, as a labelled JPEG."""
    pictures = _thumbnails(catalog, assets, size)
    sheet = np.concatenate([pictures[asset.asset_id] for asset in assets], axis=1)
    return embed_xmp(encode(sheet, "jpeg", _QUALITY), _PACKET)


def row_name(row: int) -> str:
    """The number of a row as it stands in the address of a sheet: base 36."""
    return np.base_repr(row, 36).lower()


def _rows_in(names: str, count: int) -> tuple[int, ...]:
    if not re.fullmatch(r"[0-9a-z]{1,8}(-[0-9a-z]{1,8})*", names):
        raise Refusal(404, "sheet", f"{names[:80]!r} names no faces; reload the page")
    rows = tuple(int(name, 36) for name in names.split("-"))
    if len(rows) > MOST_FACES or max(rows) >= count:
        raise Refusal(
            404, "sheet", f"at most {MOST_FACES} of the {count:,} faces are on one; reload the page"
        )
    return rows


def _thumbnails(catalog: Catalog, assets: Sequence[Asset], size: int) -> "dict[str, np.ndarray]":
    """The pictures by asset_id, uint8 [size, size, 3], neighbours in packs read together."""

    def read(some: list[Asset]) -> "list[tuple[str, np.ndarray]]":
        files = fetch_group(catalog.store, some)
        return [(asset.asset_id, thumbnail(data, size)) for asset, data in files]

    return dict(pair for pairs in in_order(read, group(assets), _THREADS) for pair in pairs)


def thumbnail(data: bytes, size: int) -> "np.ndarray":
    """A picture as a square: uint8 [size, size, 3] sRGB, alpha laid over MID_GREY.

    JPEG files are decoded at an eighth, quarter or half of their size where that is enough. Raises
    CatalogError for what is no picture.
    """
    image = _jpeg(data, size) if data.startswith(b"\xff\xd8\xff") else Image.fromarray(decode(data))
    if image.size != (size, size):
        image.thumbnail((size, size), Image.Resampling.LANCZOS)
    if image.size != (size, size):
        square = Image.new("RGB", (size, size), MID_GREY)
        larger = image.resize(_within(image.size, size), Image.Resampling.BICUBIC)
        square.paste(larger, ((size - larger.width) // 2, (size - larger.height) // 2))
        image = square
    return np.asarray(image)


def _jpeg(data: bytes, size: int) -> Image.Image:
    """A JPEG file, made smaller while decoding, but not below size."""
    try:
        file = Image.open(io.BytesIO(data), formats=["JPEG"])
        file.draft("RGB", (size, size))
        return file.convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise CatalogError(f"the picture cannot be decoded: {error}") from error


def _within(shape: tuple[int, int], size: int) -> tuple[int, int]:
    """The largest width and height of this shape in a square."""
    most = max(shape)
    return max(1, shape[0] * size // most), max(1, shape[1] * size // most)
