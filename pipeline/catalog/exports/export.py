"""Export chosen faces of a catalog in the form that an engine, a trainer or a curator takes."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, get_args

from pipeline.catalog.balance import Balance
from pipeline.catalog.bring import Progress, threads_for
from pipeline.catalog.choice import DrawSummary
from pipeline.catalog.conversion import Conversion, Converter
from pipeline.catalog.exports import (
    atlas,
    croissant,
    fiftyone,
    folder,
    imagefolder,
    unity,
    unreal,
    webdataset,
)
from pipeline.catalog.exports.about import about
from pipeline.catalog.exports.tga import TgaConversion
from pipeline.catalog.exports.walk import Walk
from pipeline.catalog.layout import CATALOG_KEY, JOB_KEY
from pipeline.catalog.local_file import make_folder
from pipeline.catalog.manifest import extras_in
from pipeline.catalog.pulled import PulledFolder
from pipeline.catalog.query import Selection
from pipeline.catalog.read import Catalog
from pipeline.errors import SpecError, suggestion

Kind = Literal[
    "folder", "atlas", "unity", "unreal", "webdataset", "imagefolder", "croissant", "fiftyone"
]

_ENGINES = ("png", "tga", "jpeg")
_FORMATS: dict[str, Sequence[str]] = {
    "atlas": ("png", "webp", "jpeg"),
    "unity": _ENGINES,
    "unreal": _ENGINES,
}
"""What a kind takes, its default first; every other takes images as they are, or any of these."""

_ANY = ("jpeg", "png", "webp")
_WITH_EXTRAS = ("folder", "webdataset")
_FOLDERS = ("images/*", "data/*", "Faces/*")
_MOST_SAMPLES = 1_000_000


@dataclass(frozen=True)
class ExportSummary:
    """What an export did.

    faces: chosen, all of them now in `to`. fetched: of these, those whose files were transferred.
    written: files that were not there as they are now. removed: files of earlier exports that this
    one does not have; changed: those that stay, since somebody changed them. drawn: what the draw
    did, where there was a balance.
    """

    to: Path
    kind: Kind
    faces: int
    fetched: int
    written: int
    removed: int
    changed: int
    drawn: DrawSummary | None = None

    def text(self) -> str:
        """The same in a line, and one more for files that were removed or left."""
        text = (
            f"{self.faces:,} faces in {self.to}, {self.kind}: {self.fetched:,} fetched, "
            f"{self.written:,} files written"
        )
        if self.removed:
            text += f"\n{self.removed:,} files of earlier exports removed"
        if self.changed:
            text += (
                f"\n{self.changed:,} files of earlier exports left alone: they were changed since"
            )
        return text


def export(
    catalog: Catalog,
    to: Path,
    kind: Kind,
    where: str | None = None,
    count: int | None = None,
    *,
    balance: Balance | None = None,
    size: int | None = None,
    format: str | None = None,
    extras: bool = False,
    page: int = 2048,
    padding: int = 2,
    samples: int = 1000,
    threads: int | None = None,
    progress: Progress | None = None,
) -> ExportSummary:
    """Write chosen faces to the folder `to`, as `kind` says: see docs/catalog.md#exports.

    where, count, balance, size: as in `pipeline.catalog.pull.pull`. format: of the images, where
    the kind takes it. extras: the files beside the images, too (folder and webdataset). page,
    padding: px, of an atlas. samples: faces to a tar shard of a webdataset.

    Every file is checked against its sha256 before it is used, and what is written appears whole or
    not at all. The same export again writes nothing; one that was interrupted goes on; another one
    of the same kind makes the folder its own, and removes the files of the first that it does not
    have. All bytes follow from catalog and arguments.

    Raises SpecError for arguments that cannot be meant, and where the folder has files of another
    kind, or a document that no export wrote; CatalogError for a file that is not the catalog's;
    StoreError where the store cannot be read or the disk is full.
    """
    wanted = _checked(kind, format, extras, page, padding, samples)
    conversion = _conversion(kind, size, wanted)
    if any((to / key).exists() for key in (CATALOG_KEY, JOB_KEY)):
        raise SpecError(f"to: {to} holds a catalog or a job's output; choose another folder")
    make_folder(to)
    kinds = extras_in(catalog.schema()) if extras else ()
    with TemporaryDirectory(prefix="populace-") as scratch:
        selection = Selection(catalog, Path(scratch), where, count, kinds, balance)
        with closing(selection), PulledFolder(to, f"export as {kind}", _FOLDERS) as pulled:
            walk = Walk(
                catalog,
                about(catalog),
                selection,
                pulled,
                to,
                conversion,
                kinds,
                threads or threads_for(catalog, bool(conversion.recipe)),
                progress,
            )
            match kind:
                case "atlas":
                    atlas.write(walk, size, page, padding, wanted or "png")  # type: ignore[arg-type]  # a known one
                case "webdataset":
                    webdataset.write(walk, samples)
                case _:
                    _WRITE[kind](walk)
            removed, changed = pulled.remove_unwanted()
    return ExportSummary(
        to,
        kind,
        faces=walk.faces,
        fetched=walk.fetched,
        written=walk.written,
        removed=removed,
        changed=changed,
        drawn=selection.drawn,
    )


_WRITE = {
    "folder": folder.write,
    "unity": unity.write,
    "unreal": unreal.write,
    "imagefolder": imagefolder.write,
    "croissant": croissant.write,
    "fiftyone": fiftyone.write,
}


def _checked(
    kind: str, format: str | None, extras: bool, page: int, padding: int, samples: int
) -> str | None:
    """The format of the images, None for as they are; SpecError for what cannot be meant."""
    kinds = get_args(Kind)
    if kind not in kinds:
        mend = suggestion(kind, kinds, f"choose from {', '.join(kinds)}")
        raise SpecError(f"as: '{kind}' is no kind of export; {mend}")
    known = _FORMATS.get(kind, _ANY)
    if format is not None and format not in known:
        mend = suggestion(format, known, f"write {', '.join(known)}")
        raise SpecError(f"format: '{format}' is none that {kind} takes; {mend}")
    if extras and kind not in _WITH_EXTRAS:
        raise SpecError(
            f"extras: {kind} has no place for them; export as {' or '.join(_WITH_EXTRAS)}"
        )
    if not atlas.SMALLEST <= page <= atlas.LARGEST:
        raise SpecError(
            f"page: {page} px cannot be asked for; give {atlas.SMALLEST} to {atlas.LARGEST:,}"
        )
    if not 0 <= padding <= page:
        raise SpecError(f"padding: {padding} px cannot be asked for; give 0 to {page:,}")
    if not 1 <= samples <= _MOST_SAMPLES:
        raise SpecError(
            f"samples: {samples:,} to a shard cannot be had; give 1 to {_MOST_SAMPLES:,}"
        )
    return format or (_FORMATS[kind][0] if kind in _FORMATS else None)


def _conversion(kind: str, size: int | None, format: str | None) -> Converter:
    if format == "tga":
        return TgaConversion(size)
    if kind == "atlas":
        # The page is encoded, and no face before it.
        return Conversion(size)
    return Conversion(size, format)  # type: ignore[arg-type]  # a known one
