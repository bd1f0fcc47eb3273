"""Walk over the faces of an export once: to files of their own, or several to a file."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TextIO, TypeVar

from pipeline.assets.encode import EXTENSIONS, sha256
from pipeline.assets.extras import EXTRAS
from pipeline.catalog.bring import Bringing, Progress, PullState
from pipeline.catalog.conversion import Converter, Picture
from pipeline.catalog.exports.about import LICENCE_FILE, About, label_columns, labels
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
from pipeline.catalog.local_file import whole_file
from pipeline.catalog.pulled import PulledFile, PulledFolder
from pipeline.catalog.query import Selection
from pipeline.catalog.read import Catalog
from pipeline.errors import SpecError
from pipeline.spec import Extra

AGAIN = "export again to go on"

_BATCH = 4096
_DOCUMENT = "document"
_PIXELS = ("width", "height")
_SUFFIXES: dict[str, str] = {
    **EXTENSIONS,
    "tga": "tga",
    **{kind: entry.suffix for kind, entry in EXTRAS.items()},
}

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Face:
    """A face with the file that an export made of it.

    told: what an index says of it. row: the columns of the manifest that were read. path: of the
    file, below the folder. length: bytes. width, height: px. extras: kind -> path of the files
    beside it, None where a face has none.
    """

    told: Mapping[str, Any]
    row: Mapping[str, Any]
    path: str
    format: str
    length: int
    sha256: str
    width: int
    height: int
    extras: Mapping[str, str | None] = field(default_factory=dict)

    @property
    def asset_id(self) -> str:
        """The name of the asset."""
        return str(self.row["asset_id"])


@dataclass(frozen=True)
class Pack:
    """Faces that belong into one file.

    number: of the pack, from 0. told: what an index says of each. rows: of the manifest. files: of
    each, its image and then its extras.
    """

    number: int
    told: tuple[Mapping[str, Any], ...]
    rows: tuple[Mapping[str, Any], ...]
    files: tuple[tuple[Asset, ...], ...]

    def source(self) -> str:
        """A sha256 of all that the pack is made of."""
        parts = [[one.sha256 for one in files] for files in self.files]
        return sha256(json.dumps([self.told, parts], sort_keys=True).encode())


Make = Callable[[Pack, Mapping[Asset, Picture]], bytes]
"""Makes the file of a pack of its pictures; extras come as pictures that were not converted."""


@dataclass
class Walk:
    """The faces chosen for an export, and the folder that takes them.

    columns: of the manifest, that an index has. more: columns that only this kind of export needs.
    faces: those that are in the folder. fetched: of these, transferred. written: files that were
    not there as they are now.
    """

    catalog: Catalog
    about: About
    selection: Selection
    pulled: PulledFolder
    to: Path
    conversion: Converter
    extras: Sequence[Extra] = ()
    threads: int = 16
    progress: Progress | None = None
    more: Sequence[str] = ()
    columns: list[str] = field(default_factory=list)
    faces: int = 0
    fetched: int = 0
    written: int = 0
    moved: int = 0
    _bringing: Bringing | None = None

    def __post_init__(self) -> None:
        self.columns = label_columns(self.catalog)

    def images(self, place: Callable[[Asset, str], str]) -> None:
        """Bring every image, and every extra, to a file of its own.

        place: where a file of this asset in this format belongs below the folder.
        """
        run = Bringing(
            self.catalog,
            self.to,
            self.conversion,
            self.pulled,
            self.selection,
            True,
            self.threads,
            self.progress,
            AGAIN,
            place,
        )
        run.bring()
        self.faces, self.fetched = run.faces, run.fetched
        self.written, self.moved = run.files, run.moved
        self._bringing = run

    def each(self) -> Iterator[Face]:
        """The faces in the manifest's order, each with the file that `images` made."""
        assert self._bringing is not None
        beside = [f"{kind}_{name}" for kind in self.extras for name in EXTRA_COLUMNS]
        columns = list(dict.fromkeys([*self.columns, *self.more, *COLUMNS, *_PIXELS, *beside]))
        for table in self.selection.rows(columns):
            for batch in table.to_batches(_BATCH):
                for row in batch.to_pylist():
                    yield self._face(row, self._bringing)

    def _face(self, row: Mapping[str, Any], run: Bringing) -> Face:
        asset = asset_of(row)
        made = run.known(asset)
        assert made is not None
        extras = {kind: extra_of(row, kind) for kind in self.extras}
        return Face(
            told=labels(row, self.columns),
            row=row,
            path=made.path,
            format=self.conversion.format_of(asset.format),
            length=made.length,
            sha256=made.sha256,
            width=made.width or row["width"],
            height=made.height or row["height"],
            extras={k: None if one is None else run.path(one) for k, one in extras.items()},
        )

    def packs(self, size: int) -> Iterator[Pack]:
        """The faces in the order of their job's slots, `size` to a pack."""
        columns = [*self.columns, *self.more, *_PIXELS]
        found = self.selection.files(columns, _BATCH, by_place=True)
        rows = (row for some in found for row in some)
        for number, some in enumerate(_batches(rows, size)):
            told = tuple(labels(row, self.columns) for row in some)
            yield Pack(number, told, some, tuple(self._files(row) for row in some))

    def _files(self, row: Mapping[str, Any]) -> tuple[Asset, ...]:
        extras = (extra_of(row, kind) for kind in self.extras)
        return asset_of(row), *(extra for extra in extras if extra is not None)

    def bring_packs(
        self, packs: Iterable[Pack], place: Callable[[Pack], str], recipe: str, make: Make
    ) -> None:
        """Bring each pack to the file that `make` makes of it, unless that is there.

        place: where that belongs below the folder. recipe: how it is made, in a word: equal ones
        make equal files.
        """
        recipe = self._whole(recipe)
        pictures: dict[Asset, Picture] = {}
        work = (
            (pack, some)
            for pack in self._missing(packs, place, recipe)
            for some in group([one for files in pack.files for one in files])
        )
        for pack, found in in_order(self._read, work, self.threads):
            pictures.update(found)
            self.moved += sum(asset.length for asset, _ in found)
            if len(pictures) == sum(len(files) for files in pack.files):
                self._write_pack(place(pack), pack.source(), recipe, make(pack, pictures))
                pictures = {}
                self.faces += len(pack.rows)
                self.fetched += len(pack.rows)
            self._tell()

    def pack_file(self, pack: Pack, path: str, recipe: str) -> PulledFile:
        """The file that `bring_packs` made of a pack."""
        made = self.pulled.find(path, pack.source(), self._whole(recipe))
        assert made is not None
        return made

    def _whole(self, recipe: str) -> str:
        return f"{recipe}/{self.conversion.recipe}"

    def _missing(
        self, packs: Iterable[Pack], place: Callable[[Pack], str], recipe: str
    ) -> Iterator[Pack]:
        for pack in packs:
            path = place(pack)
            self.pulled.want([path])
            known = self.pulled.find(path, pack.source(), recipe)
            if known is not None and _is(self.to / path, known):
                self.faces += len(pack.rows)
                self._tell()
            else:
                yield pack

    def _read(self, work: tuple[Pack, Sequence[Asset]]) -> tuple[Pack, list[tuple[Asset, Picture]]]:
        pack, assets = work
        found = fetch_group(self.catalog.store, assets)
        return pack, [(asset, self._picture(asset, data)) for asset, data in found]

    def _picture(self, asset: Asset, data: bytes) -> Picture:
        if asset.is_extra or not self.conversion.recipe:
            return Picture(data, asset.format, None)
        return self.conversion.convert(data, asset.asset_id, asset.format)

    def _write_pack(self, path: str, source: str, recipe: str, data: bytes) -> None:
        self.pulled.note([PulledFile(path, source, recipe, len(data), sha256(data))])
        with whole_file(self.to / path, AGAIN) as hidden:
            hidden.write_bytes(data)
        self.written += 1

    def _tell(self) -> None:
        if self.progress is not None:
            state = PullState(self.faces, self.selection.count, self.written, self.moved)
            self.progress(state)

    @contextmanager
    def document(self, path: str) -> Iterator[TextIO]:
        """A text file of the export to write: whole, and not at all where it is there already.

        Raises SpecError where there is a file that no export wrote, or that was changed since.
        """
        with whole_file(self.to / path, AGAIN, keep=True) as hidden:
            with hidden.open("w", encoding="utf-8", newline="") as file:
                yield file
            self._own(path, hidden)

    def digest(self, path: str) -> str:
        """The sha256 of a document that was written."""
        return _digest(self.to / path)

    def licence(self) -> None:
        """Write LICENCE.txt."""
        with self.document(LICENCE_FILE) as file:
            file.write(self.about.licence_text())

    def sidecars(self, files: Iterable[tuple[str, str]]) -> None:
        """Write small text files, path and content, where there are none.

        What is there stays: it is of those who take the export to keep their settings in.
        """
        for some in _batches(files, _BATCH):
            self.pulled.want(path for path, _ in some)
            absent = [(path, text) for path, text in some if not (self.to / path).exists()]
            told = [(path, text.encode()) for path, text in absent]
            self.pulled.note(
                PulledFile(path, sha256(data), _DOCUMENT, len(data), sha256(data))
                for path, data in told
            )
            for path, data in told:
                with whole_file(self.to / path, AGAIN) as hidden:
                    hidden.write_bytes(data)
                self.written += 1

    def _own(self, path: str, hidden: Path) -> None:
        """Remember a document that is about to take its place; SpecError where that is taken."""
        there = self.to / path
        digest = _digest(hidden)
        self.pulled.want([path])
        before = _digest(there) if there.is_file() else None
        if before not in (None, digest) and before not in self.pulled.digests(path):
            raise SpecError(
                f"to: {there} was written by somebody else, or changed since an export wrote it; "
                "move it away, or choose another folder"
            )
        length = hidden.stat().st_size
        self.pulled.note([PulledFile(path, digest, _DOCUMENT, length, digest)])
        self.written += before != digest


def below(root: str, prefix: str = "") -> Callable[[Asset, str], str]:
    """A place for every file: `root`/<shard>/`prefix`<asset>.<suffix>."""

    def place(asset: Asset, format: str) -> str:
        return f"{root}/{asset.shard:06d}/{prefix}{asset.asset_id}.{suffix_of(format)}"

    return place


def suffix_of(format: str) -> str:
    """How the name of a file of this format, or of an extra of this kind, ends; without the dot."""
    return _SUFFIXES[format]


def _batches(items: Iterable[_Item], size: int) -> Iterator[tuple[_Item, ...]]:
    source = iter(items)
    while some := tuple(islice(source, size)):
        yield some


def _is(path: Path, known: PulledFile) -> bool:
    """Whether a file is there as it is known."""
    return path.is_file() and path.stat().st_size == known.length and _digest(path) == known.sha256


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
