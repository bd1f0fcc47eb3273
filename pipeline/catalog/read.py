"""Open a sealed catalog and read its rows and images, transferring only what is asked for."""

import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.assets.encode import decode
from pipeline.catalog.fetch import asset_of, fetch_group, in_order
from pipeline.catalog.layout import CATALOG_KEY, JOB_KEY, VERSIONS, version_key
from pipeline.catalog.manifest import SCHEMA_VERSION
from pipeline.errors import CatalogError, StoreError
from pipeline.storage import MissingObject, Store, open_store

if TYPE_CHECKING:
    from pipeline.catalog.faces import Faces


_PINNED = re.compile(r"(.*[^/])@([0-9]{1,6})", re.DOTALL)
_VERSION = re.compile(re.escape(VERSIONS) + r"([0-9]{6})\.json")


@dataclass(frozen=True)
class Part:
    """One Parquet file of the manifest."""

    key: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Catalog:
    """A sealed catalog: `document` is its `catalog.json`.

    pinned: it was asked for by its version, so that no newer one is to take its place.
    """

    store: Store
    document: Mapping[str, Any]
    parts: tuple[Part, ...]
    pinned: bool = False
    _footers: dict[Part, pq.FileMetaData] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def open(cls, uri: str, endpoint: str | None = None) -> "Catalog":
        """The sealed catalog at `./folder`, `file:///folder` or `s3://bucket/prefix`.

        Its newest version, or version N where `@N` stands behind: `./folder@2`. A folder whose own
        name ends so is given with a slash behind.

        endpoint: S3 server, if not the environment's. Raises CatalogError when there is none.
        """
        place, version = split_version(uri)
        return open_catalog(open_store(place, endpoint=endpoint), version)

    @property
    def version(self) -> int:
        """Its number, from 1, as it was sealed."""
        return int(self.document.get("version", 1))

    @property
    def key(self) -> str:
        """The key of its document."""
        return version_key(self.version)

    @property
    def faces(self) -> "Faces":
        """All its faces, to narrow, count, sample and load: see `pipeline.catalog.faces`."""
        # Here, because jobs seal and read catalogs without a database.
        from pipeline.catalog.faces import Faces

        return Faces(self)

    def where(self, condition: str) -> "Faces":
        """Those of its faces for which a SQL condition holds: see `Faces.where`."""
        return self.faces.where(condition)

    def count(self) -> int:
        """How many faces it holds; nothing is read."""
        return sum(part.rows for part in self.parts)

    def open_part(self, part: Part, coded: Sequence[str] = ()) -> pq.ParquetFile:
        """A part of the manifest as a Parquet file whose columns are range requests.

        Its footer is transferred once in the life of this catalog. coded: columns of strings that
        are read as codes and a dictionary of what these mean.
        """
        with self._explained(part):
            source = pa.PythonFile(StoreFile(self.store, part.key, part.bytes), mode="r")
            file = pq.ParquetFile(
                source,
                metadata=self._footers.get(part),
                read_dictionary=list(coded),
                pre_buffer=True,
            )
        self._footers[part] = file.metadata
        return file

    def schema(self) -> pa.Schema:
        """The manifest's columns."""
        return self.open_part(self.parts[0]).schema_arrow

    def row_groups(self, part: Part) -> Iterator[tuple[int, int]]:
        """First row and number of rows of every row group of a part."""
        footer = self.open_part(part).metadata
        first = 0
        for index in range(footer.num_row_groups):
            rows = footer.row_group(index).num_rows
            yield first, rows
            first += rows

    def row_group(
        self,
        part: Part,
        index: int,
        columns: list[str] | None = None,
        coded: Sequence[str] = (),
    ) -> pa.Table:
        """One row group of a part: all columns, or only these; some `coded`, as by `open_part`."""
        file = self.open_part(part, coded)
        with self._explained(part):
            return file.read_row_group(index, columns=columns)

    def tables(self, columns: list[str] | None = None) -> Iterator[pa.Table]:
        """The manifest by cell, then slot, a row group at a time: all columns, or only these."""
        for part in self.parts:
            for index, _ in enumerate(self.row_groups(part)):
                yield self.row_group(part, index, columns)

    def images(
        self, rows: Iterable[Mapping[str, Any]], threads: int = 16
    ) -> Iterator[tuple[Mapping[str, Any], NDArray[np.uint8]]]:
        """Each row with its decoded image: uint8 [H, W, 3]; CatalogError for a file not its own."""

        def read(row: Mapping[str, Any]) -> tuple[Mapping[str, Any], NDArray[np.uint8]]:
            ((_, data),) = fetch_group(self.store, [asset_of(row)])
            return row, decode(data)

        return in_order(read, rows, threads)

    @contextmanager
    def _explained(self, part: Part) -> Iterator[None]:
        """Turn Arrow's errors about a part into one sentence."""
        try:
            yield
        except StoreError as error:
            # Arrow's file keeps the error that it met, and the error's traceback would keep the
            # file and all that stands above it, open databases too. So it goes on as a copy.
            error.__traceback__ = None
            gone = isinstance(error, MissingObject)
            raise (self.damaged(part) if gone else copy(error)) from error.__cause__
        except (pa.ArrowException, OSError) as error:
            raise self.damaged(part) from error

    def damaged(self, part: Part) -> CatalogError:
        """The error of a part that is gone or cannot be read."""
        return CatalogError(
            f"{self.store.uri}/{part.key} is missing or damaged; "
            "restore it from a copy of the catalog"
        )


def split_version(uri: str) -> tuple[str, int | None]:
    """A catalog's address, and the version that `@N` behind it pins, if any."""
    pinned = _PINNED.fullmatch(uri)
    return (pinned[1], int(pinned[2])) if pinned else (uri, None)


def newest_version(store: Store) -> int:
    """The number of the newest version of the catalog in a store, by one listing."""
    keys = (_VERSION.fullmatch(key) for key in store.list(VERSIONS))
    return max((int(key[1]) for key in keys if key), default=1)


def open_catalog(store: Store, version: int | None = None) -> Catalog:
    """The sealed catalog in a store; CatalogError when there is none, and what to do about it.

    version: its number, None for the newest.
    """
    newest = newest_version(store) if version != 1 else 1
    number = newest if version is None else version
    if not 1 <= number <= newest:
        known = f"versions 1 to {newest}" if newest > 1 else "version 1 alone"
        raise CatalogError(f"{store.uri} has {known}, not {number}; leave it away for the newest")
    key = version_key(number)
    try:
        document = json.loads(store.get(key))
    except MissingObject as error:
        if store.exists(JOB_KEY):
            raise CatalogError(
                f"{store.uri} is not sealed yet; run its job again to finish and seal it"
            ) from error
        raise CatalogError(
            f"{store.uri} holds no catalog; give the output of a job, as `populace run` prints it"
        ) from error
    except ValueError as error:
        raise _damaged(store, key, error) from error
    try:
        schema = str(document["schema_version"])
        if schema != SCHEMA_VERSION:
            raise CatalogError(
                f"{store.uri} has manifest schema {schema}, this version reads {SCHEMA_VERSION}; "
                "install the version of populace named in its catalog.json"
            )
        if int(document.get("version", 1)) != number:
            raise ValueError(f"it says version {document['version']}")
        parts = tuple(
            Part(str(part["key"]), int(part["rows"]), int(part["bytes"]), str(part["sha256"]))
            for part in document["manifest"]["parts"]
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(store, key, error) from error
    return Catalog(store, document, parts, pinned=version is not None)


class StoreFile(io.RawIOBase):
    """An object as a seekable file whose every read is one range request."""

    def __init__(self, store: Store, key: str, size: int) -> None:
        self._store, self._key, self._size = store, key, size
        self._position = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """The position of the next read, in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position of the next read; nothing is transferred."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = start + offset
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes from here on; to the end when negative."""
        left = max(0, self._size - self._position)
        wanted = left if size < 0 else min(size, left)
        if not wanted:
            return b""
        data = self._store.get(self._key, self._position, wanted)
        self._position += len(data)
        return data


def _damaged(store: Store, key: str, error: Exception) -> CatalogError:
    mend = "restore it, or delete it and run the job again to seal anew"
    if key != CATALOG_KEY:
        mend = "restore it from a copy of the catalog"
    return CatalogError(f"{store.uri}/{key} is damaged ({error}); {mend}")
