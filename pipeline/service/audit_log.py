"""Write down who drew, fetched and ordered what, a JSON line a request."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipeline.errors import StoreError


class AuditLog:
    """A file that only grows. Safe to share between threads, and between processes on one disk."""

    def __init__(self, path: Path) -> None:
        self._path = path
        os.close(self._open())

    def write(self, entry: Mapping[str, Any]) -> None:
        """Add a line with the time and this entry.

        Raises StoreError where it cannot be written: then nothing may be handed out.
        """
        line = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), **entry}
        data = (json.dumps(line) + "\n").encode()
        # Opened anew, so that a file that was moved away for keeping is followed by a fresh one.
        descriptor = self._open()
        try:
            written = os.write(descriptor, data)
        except OSError as error:
            raise self._failed(error) from error
        finally:
            os.close(descriptor)
        if written < len(data):
            raise StoreError(f"audit: {self._path} is cut short; free some space on its disk")

    def _open(self) -> int:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return os.open(self._path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> StoreError:
        return StoreError(
            f"audit: {self._path} cannot be written ({error.strerror}); choose another file by "
            "--audit"
        )
