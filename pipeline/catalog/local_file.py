"""Write files on this machine so that they appear whole or not at all."""

import filecmp
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import SpecError, StoreError
from pipeline.storage.keys import TEMPORARY


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
        raise StoreError(
            f"{path} cannot be written ({error.strerror or error}); "
            f"free some space or choose another folder, then {again}"
        ) from error
    finally:
        hidden.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it; SpecError where that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpecError(
            f"to: the folder {folder} cannot be made ({error.strerror}); choose another"
        ) from error
