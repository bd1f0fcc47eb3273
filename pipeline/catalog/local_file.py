"""Write files on this machine so that they appear whole or not at all."""

import filecmp
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import SpecError, StoreError
from pipeline.storage.keys import TEMPORARY

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)


@contextmanager
def whole_file(path: Path, again: str, *, keep: bool = False) -> Iterator[Path]:
    """A hidden path to write to, which becomes `path` where the block ends without an error.

    again: what to do after a full disk, for the error's sentence. keep: where `path` has the very
    same content, it stays. Raises SpecError where the folder cannot be made, StoreError where the
    file cannot be written.
    """
    make_folder(path.parent)
    hidden = path.with_name(TEMPORARY + secrets.token_hex(8))
    try:
        yield hidden
        if not (keep and path.is_file() and filecmp.cmp(hidden, path, shallow=False)):
            hidden.replace(path)
    except OSError as error:
        raise _unwritten(path, error, again) from error
    finally:
        hidden.unlink(missing_ok=True)


def write_whole(folder: Path, path: str, data: bytes, again: str) -> None:
    """Write a file of this content at `path` below a folder; it appears whole or not at all.

    What `whole_file` does, by the fewest calls of the system, and without `Path`s, which take as
    long as these: a pull makes millions. Errors and `again` are the same.
    """
    place = f"{folder}/{path}"
    beside = place.rpartition("/")[0]
    hidden = f"{beside}/{TEMPORARY}{os.urandom(8).hex()}"
    try:
        try:
            file = os.open(hidden, _NEW, 0o666)
        except FileNotFoundError:
            make_folder(Path(beside))
            file = os.open(hidden, _NEW, 0o666)
        try:
            _fill(file, data)
            os.replace(hidden, place)  # noqa: PTH105
        except BaseException:
            Path(hidden).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _unwritten(place, error, again) from error


def _fill(file: int, data: bytes) -> None:
    """Write all of it to an open file, and close that."""
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(file, left) :]
    finally:
        os.close(file)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it; SpecError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpecError(
            f"to: the folder {folder} cannot be made ({error.strerror}); choose another"
        ) from error


def _unwritten(path: Path | str, error: OSError, again: str) -> StoreError:
    return StoreError(
        f"{path} cannot be written ({error.strerror or error}); "
        f"free some space or choose another folder, then {again}"
    )
