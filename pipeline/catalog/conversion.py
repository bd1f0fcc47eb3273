"""Make another size or format of a face's file, which still says that nobody is in it."""

from dataclasses import dataclass
from typing import Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from pipeline.assets.encode import DEFAULT_QUALITY, Format, decode_stored, encode
from pipeline.attributes.resample import area_average
from pipeline.errors import CatalogError, SpecError, suggestion
from pipeline.provenance.xmp import embed_xmp, synthetic_packet

SMALLEST, LARGEST = 8, 16_384
"""Sides in px that can be asked for."""

_VERSION = 1


@dataclass(frozen=True)
class Picture:
    """An encoded picture.

    pixels: uint8 [H, W, 3 or 4], sRGB, as they were encoded; None where the file is the original.
    """

    file: bytes
    format: str
    pixels: NDArray[np.uint8] | None


class Converter(Protocol):
    """Makes the file that is wanted of an original."""

    @property
    def recipe(self) -> str:
        """What is done, in a word: equal recipes make equal files; empty where nothing is done."""
        ...

    def format_of(self, format: str) -> str:
        """The format that comes of a file of this one."""
        ...

    def convert(self, data: bytes, asset_id: str, format: str) -> Picture:
        """The file of a face, already checked, as it is wanted, with the asset's label."""
        ...


@dataclass(frozen=True)
class Conversion:
    """What to make of every image: `size` px a side, `format`; None leaves either as it is.

    Raises SpecError for a size or a format that cannot be.
    """

    size: int | None = None
    format: Format | None = None

    def __post_init__(self) -> None:
        if self.size is not None and not SMALLEST <= self.size <= LARGEST:
            raise SpecError(
                f"size: {self.size} px cannot be asked for; give {SMALLEST} to {LARGEST:,}"
            )
        if self.format is not None and self.format not in get_args(Format):
            known = get_args(Format)
            mend = suggestion(str(self.format), known, f"write {', '.join(known)}")
            raise SpecError(f"format: '{self.format}' is not known; {mend}")

    @property
    def recipe(self) -> str:
        """What is done, in a word: equal recipes make equal files; empty where nothing is done."""
        if self.size is None and self.format is None:
            return ""
        return f"{_VERSION}:{self.size or ''}:{self.format or ''}:{DEFAULT_QUALITY}"

    def format_of(self, format: str) -> str:
        """The format that comes of a file of this one."""
        return self.format or format

    def convert(self, data: bytes, asset_id: str, format: str) -> Picture:
        """The file of a face, already checked, as it is asked for, with the asset's label.

        Smaller pictures are area averages, those of transparent pixels weighted by their alpha.
        JPEG and WebP are encoded at quality 95. A file that is as asked already is given back.

        Raises SpecError for a size larger than the picture and for a transparent one as JPEG,
        CatalogError for a picture that cannot be read or is not square.
        """
        wanted = self.format_of(format)
        try:
            pixels = decode_stored(data)
        except CatalogError as error:
            raise CatalogError(f"asset {asset_id!r} cannot be converted: {error}") from error
        _, width, channels = pixels.shape
        if self.size in (None, width) and wanted == format:
            return Picture(data, format, None)
        if channels == 4 and wanted == "jpeg":
            raise SpecError(
                "format: jpeg has no alpha channel, which these transparent faces need; "
                "ask for png or webp"
            )
        if self.size is not None:
            pixels = self._smaller(pixels, asset_id, self.size)
        file = encode(pixels, wanted, DEFAULT_QUALITY)  # type: ignore[arg-type]  # a known name
        return Picture(embed_xmp(file, synthetic_packet(asset_id)), wanted, pixels)

    @staticmethod
    def _smaller(pixels: NDArray[np.uint8], asset_id: str, size: int) -> NDArray[np.uint8]:
        height, width = pixels.shape[:2]
        if height != width:
            raise CatalogError(
                f"asset {asset_id!r} is {width} x {height} px, and only square faces can be made "
                "smaller; leave --size away"
            )
        if size > width:
            raise SpecError(
                f"size: {size} px is more than the {width} px of asset {asset_id!r}, and a pull "
                f"only makes smaller; ask for {width} or less"
            )
        return smaller(pixels, size)


def smaller(pixels: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Area averages of a square picture: uint8 [S, S, 3 or 4] to uint8 [size, size, same].

    Of straight alpha, colours count by how much they cover; where nothing does, all alike.
    """
    values = pixels[None].astype(np.float32)
    if pixels.shape[2] == 3:
        return _rounded(area_average(values, size)[0])
    color, alpha = values[..., :3], values[..., 3:]
    cover = area_average(alpha, size)
    seen = area_average(color * alpha, size) / np.maximum(cover, np.float32(1e-6))
    mixed = np.where(cover > 0, seen, area_average(color, size))
    return _rounded(np.concatenate([mixed, cover], axis=3)[0])


def _rounded(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
