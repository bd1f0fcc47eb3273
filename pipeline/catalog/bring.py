"""Bring the files of chosen rows to a folder: fetched, checked, converted, and never twice."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.assets.encode import pixels_sha256, sha256
from pipeline.catalog.conversion import Converter
from pipeline.catalog.fetch import Asset, fetch_group, group, in_order
from pipeline.catalog.local_file import whole_file
from pipeline.catalog.pulled import PulledFile, PulledFolder
from pipeline.catalog.query import Selection
from pipeline.catalog.read import Catalog

_BATCH = 4096


@dataclass(frozen=True)
class PullState:
    """How far a pull is: faces that are in the folder, of how many; files and bytes transferred."""

    faces: int
    total: int
    files: int
    bytes: int


Progress = Callable[[PullState], None]


def as_in_catalog(asset: Asset, format: str) -> str:
    """Where a pull puts a file: as a catalog of single files has it."""
    return asset.path if asset.is_extra else asset.path_as(format)


@dataclass
class Bringing:
    """Files on their way to the folder `to`, and their counts, which only the calling thread
    writes.

    place: where a file of this asset in this format belongs below the folder. again: what to do
    after a full disk, for the error's sentence. keep: files of earlier runs are to be removed, so
    that the folder must be told which are still wanted.

    faces: that are in the folder. fetched: of these, transferred. files, moved: transferred, the
    bytes too. converted: images that were made anew.
    """

    catalog: Catalog
    to: Path
    conversion: Converter
    pulled: PulledFolder
    selection: Selection
    keep: bool
    threads: int
    progress: Progress | None
    again: str
    place: Callable[[Asset, str], str] = as_in_catalog
    faces: int = 0
    fetched: int = 0
    files: int = 0
    moved: int = 0
    converted: int = 0

    def bring(self) -> None:
        """Fetch, check, convert and write all that is missing."""
        left: Counter[str] = Counter()
        # One stream through all batches: threads do not wait for each other at their borders.
        for brought in in_order(self._bring, self._groups(left), self.threads):
            for asset, converted in brought:
                self.files += 1
                self.moved += asset.length
                self.converted += converted
                left[asset.asset_id] -= 1
                # A face is done with its last file.
                if not left[asset.asset_id]:
                    del left[asset.asset_id]
                    self.faces += 1
            self._tell()

    def path(self, asset: Asset) -> str:
        """Where an asset's file belongs below the folder."""
        format = asset.format if asset.is_extra else self.conversion.format_of(asset.format)
        return self.place(asset, format)

    def known(self, asset: Asset) -> PulledFile | None:
        """The file that must be there of an asset; None where that was never made."""
        if not self._recipe(asset):
            return self._unchanged(asset)
        return self.pulled.find(self.path(asset), asset.sha256, self._recipe(asset))

    def _tell(self) -> None:
        if self.progress is not None:
            self.progress(PullState(self.faces, self.selection.count, self.files, self.moved))

    def _groups(self, left: Counter[str]) -> Iterator[list[Asset]]:
        """The files that are missing, by range; counts them in `left` by their face."""
        for assets in self.selection.assets(_BATCH, by_place=True):
            if self.keep:
                self.pulled.want(self.path(asset) for asset in assets)
            missing = self._missing(assets)
            counts = Counter(asset.asset_id for asset in missing)
            left.update(counts)
            self.fetched += len(counts)
            self.faces += len({asset.asset_id for asset in assets}) - len(counts)
            self._tell()
            # All that is known of files that stay as they are, in one transaction.
            plain = (asset for asset in missing if not self._recipe(asset))
            self.pulled.note(self._unchanged(asset) for asset in plain)
            yield from group(missing)

    def _missing(self, assets: Sequence[Asset]) -> list[Asset]:
        """The assets whose file is not in the folder, or is there with other content."""

        def whole(asset: Asset) -> bool:
            path, wanted = self.to / self.path(asset), self.known(asset)
            # The size first: it tells most wrong files without reading them.
            return (
                wanted is not None
                and path.stat().st_size == wanted.length
                and sha256(path.read_bytes()) == wanted.sha256
            )

        missing: list[Asset] = []
        there: list[Asset] = []
        for asset in assets:
            (there if (self.to / self.path(asset)).is_file() else missing).append(asset)
        checked = zip(there, in_order(whole, there, self.threads), strict=True)
        return missing + [asset for asset, good in checked if not good]

    def _bring(self, assets: Sequence[Asset]) -> list[tuple[Asset, bool]]:
        """Fetch, convert and write one group of assets; each with whether it was converted."""
        made = [self._made(asset, data) for asset, data in fetch_group(self.catalog.store, assets)]
        if converted := [file for file, _ in made if file.recipe]:
            self.pulled.note(converted)
        for file, data in made:
            with whole_file(self.to / file.path, self.again) as hidden:
                hidden.write_bytes(data)
        return [
            (asset, file.sha256 != asset.sha256)
            for asset, (file, _) in zip(assets, made, strict=True)
        ]

    def _made(self, asset: Asset, data: bytes) -> tuple[PulledFile, bytes]:
        """The file that comes of an original, and its content."""
        if not self._recipe(asset):
            return self._unchanged(asset), data
        picture = self.conversion.convert(data, asset.asset_id, asset.format)
        if picture.pixels is None:
            return self._unchanged(asset), data
        height, width = picture.pixels.shape[:2]
        made = replace(
            self._unchanged(asset),
            length=len(picture.file),
            sha256=sha256(picture.file),
            width=width,
            height=height,
            pixels_sha256=pixels_sha256(picture.pixels),
        )
        return made, picture.file

    def _unchanged(self, asset: Asset) -> PulledFile:
        """The file of an asset as its original is."""
        path, recipe = self.path(asset), self._recipe(asset)
        return PulledFile(path, asset.sha256, recipe, asset.length, asset.sha256)

    def _recipe(self, asset: Asset) -> str:
        return "" if asset.is_extra else self.conversion.recipe
