"""Remember what pulls put into a folder, so that the next knows what is there and whose it is."""

import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import NamedTuple

from pipeline.assets.encode import sha256
from pipeline.errors import SpecError, StoreError
from pipeline.storage.keys import TEMPORARY, fault_of_key

STATE_NAME = f"{TEMPORARY}pull.db"
"""The file in a folder of pulled faces that remembers; a dotfile, hidden from stores' listings."""

_UNFINISHED = re.compile(re.escape(TEMPORARY) + "[0-9a-f]{16}")
_BATCH = 1000


class PulledFile(NamedTuple):
    """A file that a pull made: at `path` below the folder, of the original with sha256 `source`.

    recipe: of the conversion, empty for none. length, sha256: of the file made. width, height: its
    sides in px, pixels_sha256: as in the manifest; only of images that were converted.
    """

    path: str
    source: str
    recipe: str
    length: int
    sha256: str
    width: int = 0
    height: int = 0
    pixels_sha256: str = ""


class PulledFolder:
    """The files that pulls put into a folder; a context manager, safe to share between threads.

    Memory does not grow with the files: an SQLite database in the folder holds them. It is
    written before the files are, so that a killed pull leaves none that it does not know. A file
    is a pull's own as long as it has the content that one gave it.

    kind: what writes there, a pull or one kind of export; a folder is of one kind for good.
    folders: patterns of the folders below it in which files are written.

    Raises SpecError where another pull has the folder open, something of another kind was written
    there or its memory is damaged, StoreError where the disk is full.
    """

    def __init__(
        self, folder: Path, kind: str = "pull", folders: Sequence[str] = ("images/*",)
    ) -> None:
        self._folder, self._kind, self._folders = folder, kind, folders
        self._path = folder / STATE_NAME
        self._lock = Lock()
        with self._explained():
            self._database = sqlite3.connect(
                self._path, timeout=0, isolation_level=None, check_same_thread=False
            )
            try:
                self._begin()
            except BaseException:
                self._database.close()
                raise

    def _begin(self) -> None:
        run = self._database.execute
        # One pull at a time, held by a lock that ends with the process.
        run("PRAGMA locking_mode = EXCLUSIVE")
        run("PRAGMA journal_mode = WAL")
        # A killed process loses nothing so. A power cut may damage the database, which costs
        # little; waiting for the disk would mean to wait for all pictures on their way to it.
        run("PRAGMA synchronous = OFF")
        run(
            "CREATE TABLE IF NOT EXISTS files (path TEXT, source TEXT, recipe TEXT, length INT, "
            "sha256 TEXT, width INT, height INT, pixels_sha256 TEXT, "
            "PRIMARY KEY (path, source, recipe)) WITHOUT ROWID"
        )
        run("CREATE TEMP TABLE wanted (path TEXT PRIMARY KEY) WITHOUT ROWID")
        self._take()
        # SQLite leaves this number to applications: here it is 1 while a pull runs.
        if run("PRAGMA user_version").fetchone() == (1,):
            self._sweep()
        run("PRAGMA user_version = 1")

    def _take(self) -> None:
        """Make the folder one of this kind; SpecError where it is one of another."""
        run = self._database.execute
        run("CREATE TABLE IF NOT EXISTS owner (kind TEXT)")
        if not run("SELECT 1 FROM owner").fetchone():
            # Before there were exports, nobody said that it was a pull.
            older = run("SELECT 1 FROM files LIMIT 1").fetchone()
            run("INSERT INTO owner VALUES (?)", ("pull" if older else self._kind,))
        ((kind,),) = run("SELECT kind FROM owner").fetchall()
        if kind != self._kind:
            raise SpecError(
                f"to: {self._folder} holds files of another command ({kind}, not {self._kind}); "
                "choose another folder"
            )

    def __enter__(self) -> "PulledFolder":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(sqlite3.Error):  # a full disk: the next pull then sweeps for nothing
            self._database.execute("PRAGMA user_version = 0")
        self._database.close()

    def note(self, files: Iterable[PulledFile]) -> None:
        """Remember files that are about to be written."""
        with self._lock, self._explained(), self._database:
            self._database.execute("BEGIN")
            self._database.executemany(
                "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                files,
            )

    def find(self, path: str, source: str, recipe: str) -> PulledFile | None:
        """What was made there of this original by this recipe, if it was."""
        with self._lock, self._explained():
            found = self._database.execute(
                "SELECT * FROM files WHERE path = ? AND source = ? AND recipe = ?",
                (path, source, recipe),
            ).fetchone()
        return None if found is None else PulledFile(*found)

    def digests(self, path: str) -> set[str]:
        """The sha256 of all that was ever put there."""
        with self._lock, self._explained():
            found = self._database.execute(
                "SELECT sha256 FROM files WHERE path = ?", (path,)
            ).fetchall()
        return {digest for (digest,) in found}

    def want(self, paths: Iterable[str]) -> None:
        """Keep these files when `remove_unwanted` is called."""
        with self._lock, self._explained(), self._database:
            self._database.execute("BEGIN")
            self._database.executemany(
                "INSERT OR IGNORE INTO wanted VALUES (?)", [(path,) for path in paths]
            )

    def remove_unwanted(self) -> tuple[int, int]:
        """Remove files of pulls that this one did not want: how many, and how many stay.

        Those stay whose content is no longer what a pull gave them.
        """
        removed = changed = 0
        for path, digests in self._unwanted():
            file = self._folder / path
            if file.is_file():
                try:
                    if sha256(file.read_bytes()) not in digests:
                        changed += 1
                        continue
                    file.unlink()
                except OSError as error:
                    raise StoreError(
                        f"{file} cannot be removed ({error.strerror}); allow it, then pull again"
                    ) from error
                removed += 1
                with suppress(OSError):  # it holds more
                    file.parent.rmdir()
            with self._lock, self._explained():
                self._database.execute("DELETE FROM files WHERE path = ?", (path,))
        return removed, changed

    def _unwanted(self) -> Iterator[tuple[str, set[str]]]:
        """Paths and what pulls put there, in order, a batch at a time."""
        last = ""
        while True:
            with self._lock, self._explained():
                paths = self._database.execute(
                    "SELECT DISTINCT path FROM files WHERE path > ? AND NOT EXISTS "
                    "(SELECT 1 FROM wanted WHERE wanted.path = files.path) ORDER BY path LIMIT ?",
                    (last, _BATCH),
                ).fetchall()
            if not paths:
                return
            for (path,) in paths:
                last = path
                if fault_of_key(path):
                    raise self._damaged(f"it names {path!r}")
                yield path, self.digests(path)

    def _sweep(self) -> None:
        """Remove what a killed pull had begun to write."""
        for folder in (".", *self._folders):
            for path in self._folder.glob(f"{folder}/{TEMPORARY}*"):
                if _UNFINISHED.fullmatch(path.name):
                    path.unlink(missing_ok=True)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn SQLite's errors into one sentence."""
        try:
            yield
        except sqlite3.Error as error:
            name = getattr(error, "sqlite_errorname", "")
            if name.startswith("SQLITE_BUSY"):
                raise SpecError(
                    f"to: another pull is writing to {self._folder}; wait until it ends, or choose "
                    "another folder"
                ) from error
            if name.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READ")):
                raise StoreError(
                    f"{self._path} cannot be written ({error}); free some space or choose another "
                    "folder, then pull again to go on"
                ) from error
            raise self._damaged(str(error)) from error

    def _damaged(self, why: str) -> SpecError:
        return SpecError(
            f"to: {self._path}, which remembers what was pulled, is damaged ({why}); delete it and "
            "pull again: faces that are there as the catalog has them stay, others are made anew"
        )
