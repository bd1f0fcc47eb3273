"""Copy faces out of a catalog to a folder: chosen by SQL, checked, and never twice."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa

from pipeline.assets.encode import Format, pixels_sha256, sha256
from pipeline.catalog.balance import Balance
from pipeline.catalog.choice import DrawSummary
from pipeline.catalog.conversion import Conversion
from pipeline.catalog.fetch import (
    COLUMNS,
    EXTRA_COLUMNS,
    Asset,
    asset_of,
    extra_of,
    fetch_group,
    group,
    in_order,
)
from pipeline.catalog.local_file import make_folder, whole_file
from pipeline.catalog.manifest import extras_in, with_source, write_tables
from pipeline.catalog.pulled import PulledFile, PulledFolder
from pipeline.catalog.query import Selection
from pipeline.catalog.read import Catalog

MANIFEST_NAME = "manifest.parquet"
_BATCH = 4096
_AGAIN = "pull again to go on"


@dataclass(frozen=True)
class PullState:
    """How far a pull is: faces that are in the folder, of how many; files and bytes transferred."""

    faces: int
    total: int
    files: int
    bytes: int


@dataclass(frozen=True)
class PullSummary:
    """What a pull did.

    faces: chosen, all of them now in `to`. fetched: of these, transferred, image or extras.
    skipped: there already. files, bytes: transferred. converted: images made smaller or written
    in another format. removed: files of earlier pulls that `sync` took away; changed: those that it
    left, since somebody changed them. drawn: what the draw did, where there was a balance.
    """

    to: Path
    faces: int
    fetched: int
    skipped: int
    files: int
    bytes: int
    converted: int = 0
    removed: int = 0
    changed: int = 0
    drawn: DrawSummary | None = None


def pull(
    catalog: Catalog,
    to: Path,
    where: str | None = None,
    count: int | None = None,
    *,
    balance: Balance | None = None,
    extras: bool = True,
    size: int | None = None,
    format: Format | None = None,
    sync: bool = False,
    threads: int = 16,
    progress: Callable[[PullState], None] | None = None,
) -> PullSummary:
    """Bring the images of chosen rows to `to/images/…` and their rows to `to/manifest.parquet`.

    where: a SQL condition over the manifest's columns. count: at most so many faces, taken by turns
    from the cells. balance: choose them as a balanced draw does, `count` of them; the rows then say
    in `draw_cell` and `draw_weight` how. extras: bring the files beside the images too.

    size: px a side; larger images are made smaller, and one that is smaller already is an error.
    format: jpeg, png or webp, what images are converted to. Extras stay as they are. The rows tell
    of the files made, and in `source_…` of the originals.

    sync: remove files that earlier pulls put into `to` and this one does not name, once all else is
    done. Files that pulls did not put there, or that were changed since, stay.

    progress: called with how far the pull is.

    Every file is checked against its sha256 before it is converted and before it appears under its
    name, and one that is there already is left alone; a pull that was interrupted goes on where it
    stopped. The rows written say where the files lie in `to`.

    Raises SpecError for a wrong condition, size, format or folder, and while another pull writes
    there; CatalogError for a file that is not the catalog's; StoreError where the store cannot be
    read or the disk is full.
    """
    conversion = Conversion(size, format)
    make_folder(to)
    kinds = extras_in(catalog.schema()) if extras else ()
    with TemporaryDirectory(prefix="populace-") as folder:
        selection = Selection(catalog, Path(folder), where, count, kinds, balance)
        with closing(selection), PulledFolder(to) as pulled:
            run = _Run(catalog, to, conversion, pulled, selection, sync, threads, progress)
            run.bring()
            run.write_rows(extras)
            removed, changed = pulled.remove_unwanted() if sync else (0, 0)
    return PullSummary(
        to,
        faces=run.faces,
        fetched=run.fetched,
        skipped=run.faces - run.fetched,
        files=run.files,
        bytes=run.moved,
        converted=run.converted,
        removed=removed,
        changed=changed,
        drawn=selection.drawn,
    )


@dataclass
class _Run:
    """One pull under way, and its counts, which only the calling thread writes."""

    catalog: Catalog
    to: Path
    conversion: Conversion
    pulled: PulledFolder
    selection: Selection
    sync: bool
    threads: int
    progress: Callable[[PullState], None] | None
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

    def write_rows(self, extras: bool) -> None:
        """Write the manifest of what was pulled."""
        tables = (self._local(table, extras) for table in self.selection.rows())
        with whole_file(self.to / MANIFEST_NAME, _AGAIN) as hidden:
            write_tables(hidden, tables)

    def _tell(self) -> None:
        if self.progress is not None:
            self.progress(PullState(self.faces, self.selection.count, self.files, self.moved))

    def _groups(self, left: Counter[str]) -> Iterator[list[Asset]]:
        """The files that are missing, by range; counts them in `left` by their face."""
        for assets in self.selection.assets(_BATCH, by_place=True):
            if self.sync:
                self.pulled.want(self._path(asset) for asset in assets)
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
            path, wanted = self.to / self._path(asset), self._known(asset)
            # The size first: it tells most wrong files without reading them.
            return (
                wanted is not None
                and path.stat().st_size == wanted.length
                and sha256(path.read_bytes()) == wanted.sha256
            )

        missing: list[Asset] = []
        there: list[Asset] = []
        for asset in assets:
            (there if (self.to / self._path(asset)).is_file() else missing).append(asset)
        checked = zip(there, in_order(whole, there, self.threads), strict=True)
        return missing + [asset for asset, good in checked if not good]

    def _known(self, asset: Asset) -> PulledFile | None:
        """The file that must be there of an asset; None where that was never made."""
        if not self._recipe(asset):
            return self._unchanged(asset)
        return self.pulled.find(self._path(asset), asset.sha256, self._recipe(asset))

    def _bring(self, assets: Sequence[Asset]) -> list[tuple[Asset, bool]]:
        """Fetch, convert and write one group of assets; each with whether it was converted."""
        made = [self._made(asset, data) for asset, data in fetch_group(self.catalog.store, assets)]
        if converted := [file for file, _ in made if file.recipe]:
            self.pulled.note(converted)
        for file, data in made:
            with whole_file(self.to / file.path, _AGAIN) as hidden:
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
        path, recipe = self._path(asset), self._recipe(asset)
        return PulledFile(path, asset.sha256, recipe, asset.length, asset.sha256)

    def _path(self, asset: Asset) -> str:
        """Where an asset's file belongs below the folder."""
        if asset.is_extra:
            return asset.path
        return asset.path_as(self.conversion.format_of(asset.format))

    def _recipe(self, asset: Asset) -> str:
        return "" if asset.is_extra else self.conversion.recipe

    def _local(self, table: pa.Table, extras: bool) -> pa.Table:
        """The rows as they are of the files below the folder.

        Extras that were not pulled lose the columns that say where they lie.
        """
        kinds = extras_in(table.schema)
        placing = [f"{kind}_{name}" for kind in kinds for name in EXTRA_COLUMNS]
        if not extras:
            table, kinds, placing = table.drop_columns(placing), [], []
        rows = table.select([*COLUMNS, *placing]).to_pylist()
        images = [asset_of(row) for row in rows]
        for kind in kinds:
            found = (extra_of(row, kind) for row in rows)
            table = _moved(table, f"{kind}_", [None if one is None else one.path for one in found])
        if self.conversion.recipe:
            table = self._converted(with_source(table), images)
        return _moved(table, "", [self._path(asset) for asset in images])

    def _converted(self, table: pa.Table, images: Sequence[Asset]) -> pa.Table:
        """The rows with what became of their images."""
        columns: dict[str, list[object]] = {
            name: table[name].to_pylist() for name in _CONVERTED_COLUMNS
        }
        for index, asset in enumerate(images):
            made = self._known(asset)
            assert made is not None
            columns["format"][index] = self.conversion.format_of(asset.format)
            if made.pixels_sha256:
                for name in _CONVERTED_COLUMNS:
                    if name != "format":
                        columns[name][index] = getattr(made, name)
        for name, values in columns.items():
            table = _replaced(table, name, values)
        return table


_CONVERTED_COLUMNS = ("length", "sha256", "pixels_sha256", "width", "height", "format")
"""Columns of the manifest that a conversion changes, beside `uri`."""


def _moved(table: pa.Table, prefix: str, paths: Sequence[str | None]) -> pa.Table:
    """The rows with these files' places, null where there is none, in `uri` and `offset`."""
    table = _replaced(table, f"{prefix}uri", paths)
    return _replaced(table, f"{prefix}offset", [None if path is None else 0 for path in paths])


def _replaced(table: pa.Table, name: str, values: Sequence[object]) -> pa.Table:
    index = table.schema.get_field_index(name)
    field = table.schema.field(index)
    return table.set_column(index, field, pa.array(values, field.type))
