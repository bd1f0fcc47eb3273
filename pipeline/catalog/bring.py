"""Bring the files of chosen rows to a folder: fetched, checked, converted, and never twice."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.assets.encode import pixels_sha256, sha256
from pipeline.catalog.conversion import Converter
from pipeline.catalog.fetch import Asset, fetch_group, group, in_order
from pipeline.catalog.local_file import write_whole
from pipeline.catalog.pulled import PulledFile, PulledFolder
from pipeline.catalog.query import Selection
from pipeline.catalog.read import Catalog
from pipeline.catalog.signatures import SignatureCheck

_BATCH = 4096

_CHECKED = 64
"""Files that a thread checks before it comes for more."""

_MOST_CORES = 32

_MOST_GROUPS = 8
_SHARE = 16
"""Of many groups a thread takes several at a time, but no more than this part of its share: single
files are quick, and coming for each of them takes as long as writing it.
"""


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
    return asset.path_as(format)


def threads_for(catalog: Catalog, works: bool) -> int:
    """How many threads bring files fastest: the store's readers, or a core each where one works."""
    return max(catalog.store.readers, _cores() if works else 1)


def _cores() -> int:
    """Cores that this process may use, of many a part."""
    return min(len(os.sched_getaffinity(0)), _MOST_CORES)


@dataclass
class Bringing:
    """Files on their way to the folder `to`, and their counts, which only the calling thread
    writes.

    place: where a file of this asset in this format belongs below the folder. signatures: what
    checks those of images, where they are to be checked. again: what to do
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
    signatures: SignatureCheck | None = None
    faces: int = 0
    fetched: int = 0
    files: int = 0
    moved: int = 0
    converted: int = 0

    def bring(self) -> None:
        """Fetch, check, convert and write all that is missing."""
        left: Counter[str] = Counter()
        # One stream through all batches: threads do not wait for each other at their borders.
        for brought in in_order(self._bring, self._work(left), self.threads):
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

    def _work(self, left: Counter[str]) -> Iterator[list[list[Asset]]]:
        """The files that are missing, some ranges at a time; counts them by face in `left`."""
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
            groups = group(missing)
            some = min(_MOST_GROUPS, 1 + len(groups) // (_SHARE * self.threads))
            yield from (groups[first : first + some] for first in range(0, len(groups), some))

    def _missing(self, assets: Sequence[Asset]) -> list[Asset]:
        """The assets whose file is not in the folder, or is there with other content."""
        missing: list[Asset] = []
        there: list[Asset] = []
        folders: dict[str, bool] = {}
        for asset in assets:
            path = self.path(asset)
            folder = path.rpartition("/")[0]
            if folder not in folders:
                folders[folder] = (self.to / folder).is_dir()
            # In a folder that is not there, no file need be looked for.
            found = folders[folder] and (self.to / path).is_file()
            (there if found else missing).append(asset)
        some = (there[first : first + _CHECKED] for first in range(0, len(there), _CHECKED))
        for wrong in in_order(self._wrong, some, max(self.threads, _cores())):
            missing += wrong
        return missing

    def _wrong(self, assets: Sequence[Asset]) -> list[Asset]:
        """Those whose file, which is there, is not the one that must be."""

        def whole(asset: Asset) -> bool:
            path, wanted = self.to / self.path(asset), self.known(asset)
            # The size first: it tells most wrong files without reading them.
            if wanted is None or path.stat().st_size != wanted.length:
                return False
            data = path.read_bytes()
            if sha256(data) != wanted.sha256:
                return False
            if self.signatures is not None and wanted.sha256 == asset.sha256:
                self.signatures.check(asset, data)
            return True

        return [asset for asset in assets if not whole(asset)]

    def _bring(self, groups: Sequence[Sequence[Asset]]) -> list[tuple[Asset, bool]]:
        """Fetch, convert and write groups of assets; each asset with whether it was converted."""
        return [done for assets in groups for done in self._bring_group(assets)]

    def _bring_group(self, assets: Sequence[Asset]) -> list[tuple[Asset, bool]]:
        made = [self._made(asset, data) for asset, data in fetch_group(self.catalog.store, assets)]
        if converted := [file for file, _ in made if file.recipe]:
            self.pulled.note(converted)
        for file, data in made:
            write_whole(self.to, file.path, data, self.again)
        return [
            (asset, file.sha256 != asset.sha256)
            for asset, (file, _) in zip(assets, made, strict=True)
        ]

    def _made(self, asset: Asset, data: bytes) -> tuple[PulledFile, bytes]:
        """The file that comes of an original, and its content."""
        if self.signatures is not None:
            self.signatures.check(asset, data)
        if not self._recipe(asset):
            return self._unchanged(asset), data
        picture = self.conversion.convert(data, asset.asset_id, asset.format)
        if picture.pixels is None:
            return self._unchanged(asset), data
        height, width = picture.pixels.shape[:2]
        made = self._unchanged(asset)._replace(
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
