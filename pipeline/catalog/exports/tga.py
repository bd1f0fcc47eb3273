"""Write Targa files, which engines take without loss, and say in each that nobody is in it."""

import io
from dataclasses import dataclass

from PIL import Image

from pipeline.assets.encode import decode_stored
from pipeline.catalog.conversion import Conversion, Picture
from pipeline.provenance.xmp import DIGITAL_SOURCE_TYPE


@dataclass(frozen=True)
class TgaConversion:
    """Makes run-length encoded Targa files of images: see `Converter`.

    Targa has no XMP: the label stands in its image identification field, as text.

    size: px a side, None leaves it. Raises SpecError for a size that cannot be.
    """

    size: int | None = None

    def __post_init__(self) -> None:
        self._smaller()

    @property
    def recipe(self) -> str:
        """What is done, in a word."""
        return f"tga-1:{self.size or ''}"

    def format_of(self, format: str) -> str:
        """Always `tga`."""
        return "tga"

    def convert(self, data: bytes, asset_id: str, format: str) -> Picture:
        """The file of a face, already checked, as Targa; errors as of `Conversion.convert`."""
        pixels = self._smaller().convert(data, asset_id, format).pixels
        if pixels is None:
            pixels = decode_stored(data)
        file = io.BytesIO()
        said = label_text(asset_id).encode()
        Image.fromarray(pixels).save(file, "TGA", compression="tga_rle", id_section=said)
        return Picture(file.getvalue(), "tga", pixels)

    def _smaller(self) -> Conversion:
        return Conversion(self.size)


def label_text(asset_id: str) -> str:
    """What stands in the identification field: the terms of XMP, in at most 255 bytes."""
    said = f"DigitalSourceType={DIGITAL_SOURCE_TYPE} Identifier={asset_id}"
    return f"Synthetic face, nobody real. {said}"
