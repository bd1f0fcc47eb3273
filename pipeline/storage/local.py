"""Keep objects as files below a local folder, written atomically and durably."""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pipeline.errors import StoreError
from pipeline.storage.keys import TEMPORARY, check_key, check_prefix, check_range, fault_of_key
from pipeline.storage.location import LocalLocation
from pipeline.storage.store import MissingObject


@dataclass(frozen=True)
class LocalStore:
    """A `Store` in a folder, which is made by the first write."""

    location: LocalLocation

    @cached_property
    def uri(self) -> str:
        """`file:///absolute/path`."""
        return self.location.uri

    @property
    def readers(self) -> int:
        """Few: most files come at once, and threads take turns at Python's lock."""
        return 4

    def get(self, key: str, start: int | None = None, length: int | None = None) -> bytes:
        """Read a file or a range of it; see `Store.get`."""
        check_range(self.uri, key, start, length)
        path = self._path(key)
        with self._explained(key), path.open("rb") as file:
            if start:
                file.seek(start)
            return file.read(-1 if length is None else length)

    def put(self, key: str, data: bytes, content_type: str | None = None) -> None:
        """Write a file beside its final name, then rename it; see `Store.put`."""
        path = self._path(key)
        with self._explained(key, writing=True), _finished_beside(path, data) as finished:
            finished.replace(path)

    def create(self, key: str, data: bytes, content_type: str | None = None) -> bool:
        """Write a file beside its final name, then link it there; see `Store.create`.

        A rename would overwrite and an exclusive open would show half a file; a hard link does
        neither. The answer is lost only where the disk is a network's.
        """
        path = self._path(key)
        with self._explained(key, writing=True), _finished_beside(path, data) as finished:
            try:
                path.hardlink_to(finished)
            except FileExistsError:
                return False
            except OSError as error:
                # What file systems without hard links answer (exFAT, some network mounts).
                if error.errno in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS):
                    raise StoreError(
                        f"{self.uri} is on a file system without hard links, which exclusive "
                        "creation needs; choose a folder on another disk"
                    ) from error
                raise
        return True

    def exists(self, key: str) -> bool:
        """Tell whether the key is a file."""
        try:
            self.size(key)
        except MissingObject:
            return False
        return True

    def size(self, key: str) -> int:
        """Give a file's length in bytes."""
        return self._status(key).st_size

    def stamp(self, key: str) -> str:
        """Give a file's number, time of change and length; see `Store.stamp`."""
        status = self._status(key)
        return f"{status.st_ino}-{status.st_mtime_ns}-{status.st_size}"

    def link(self, key: str, seconds: int) -> None:
        """None: nobody serves a folder."""

    def list(self, prefix: str) -> Iterator[str]:
        """Yield keys in order, folder by folder; see `Store.list`."""
        check_prefix(self.uri, prefix)
        folder, slash, _ = prefix.rpartition("/")
        return self._below(folder + slash, prefix)

    def _below(self, folder: str, prefix: str) -> Iterator[str]:
        """Yield the keys below `folder` (empty, or ending in `/`) that begin with `prefix`."""
        for name in self._names(folder):
            key = folder + name
            if not key.startswith(prefix):
                continue
            if key.endswith("/"):
                yield from self._below(key, prefix)
            else:
                yield key

    def _names(self, folder: str) -> Sequence[str]:
        """List a folder's files and, with a slash behind, its folders.

        With the slash in place, the order of names is the order of the keys they begin.
        """
        try:
            with self._explained(folder), os.scandir(self.location.path / folder) as entries:
                return sorted(
                    entry.name + "/" if entry.is_dir() else entry.name
                    for entry in entries
                    if fault_of_key(entry.name) is None and (entry.is_dir() or entry.is_file())
                )
        except MissingObject:
            return ()

    def _status(self, key: str) -> os.stat_result:
        """What the disk says of a file; MissingObject where it is none."""
        path = self._path(key)
        with self._explained(key):
            status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise MissingObject(self.uri, key)
        return status

    def _path(self, key: str) -> Path:
        check_key(self.uri, key)
        return self.location.path / key

    @contextmanager
    def _explained(self, key: str, writing: bool = False) -> Iterator[None]:
        """Turn the operating system's errors into sentences."""
        try:
            yield
        except OSError as error:
            gone = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR)
            if not writing and error.errno in gone:
                raise MissingObject(self.uri, key) from error
            raise StoreError(_explain(self.uri, key, error, writing)) from error


@contextmanager
def _finished_beside(path: Path, data: bytes) -> Iterator[Path]:
    """Write `data` to a hidden file in the folder of `path`, for the caller to rename or link.

    File and folder are on disk, not only in memory, when the caller and then this returns: a
    receipt must not outlive the images it vouches for when the power fails.
    """
    _make_folder(path.parent)
    hidden = path.with_name(TEMPORARY + os.urandom(8).hex())
    try:
        # Not tempfile, whose files only their owner may read.
        with hidden.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield hidden
    finally:
        hidden.unlink(missing_ok=True)
    _sync(path.parent)


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, durably."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync(folder.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _explain(uri: str, key: str, error: OSError, writing: bool) -> str:
    place = f"{uri}/{key}"
    verb = "written" if writing else "read"
    match error.errno:
        case errno.EACCES | errno.EPERM:
            return f"{place} may not be {verb} by this user; allow it, or choose another folder"
        case errno.EROFS:
            return f"{place} is on a read-only disk; choose another folder"
        case errno.ENOSPC | errno.EDQUOT:
            return f"{place} does not fit on the disk; free some space and run the command again"
        case errno.ENOTDIR | errno.EISDIR | errno.EEXIST:
            what = "has a file where a folder belongs, or a folder where the file belongs"
            return f"{place} {what}; move it away, or choose another folder"
        case errno.ENAMETOOLONG:
            return f"{place} is too long a name for this disk; choose a shorter folder"
    reason = error.strerror or type(error).__name__
    return f"{place} cannot be {verb} ({reason}); check the disk, or choose another folder"
