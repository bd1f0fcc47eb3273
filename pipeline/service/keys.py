"""Keep API keys in a file: only hashes of them, with what each may do, how fast and until when."""

import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal, get_args

from pipeline.errors import SpecError, StoreError
from pipeline.service.library import NAME

Action = Literal["read", "pull", "submit"]
"""What a key may allow: look at rows, fetch files, order jobs."""

ACTIONS: tuple[Action, ...] = get_args(Action)

EVERY = "*"
"""Stands for every catalog."""

_UNITS = {"s": 1, "min": 60, "h": 3600}
_SECRET_BYTES = 32
_ID = re.compile(r"[0-9a-f]{12}")
_VERSION = 1


@dataclass(frozen=True)
class Key:
    """A key as it is kept.

    id: part of the key itself, by which it is found; no secret. name: whose it is, for people and
    the audit log. digest: sha256 of the whole key, hexadecimal. catalogs: names, or `*`.
    expires, revoked: ISO 8601 with time zone, or None. rate: as `600/min`: so many requests in that
    time, and at most so many at once.
    """

    id: str
    name: str
    digest: str
    catalogs: tuple[str, ...]
    actions: tuple[Action, ...]
    rate: str
    created: str
    expires: str | None = None
    revoked: str | None = None

    @property
    def state(self) -> Literal["valid", "expired", "revoked"]:
        """Whether it opens anything now."""
        if self.revoked is not None:
            return "revoked"
        past = self.expires is not None and datetime.fromisoformat(self.expires) <= _now()
        return "expired" if past else "valid"

    def may(self, action: Action, catalog: str | None = None) -> bool:
        """Whether it allows an action, with a catalog if one is named."""
        inside = catalog is None or EVERY in self.catalogs or catalog in self.catalogs
        return inside and action in self.actions

    @property
    def pace(self) -> tuple[float, float]:
        """Requests at once, and requests a second."""
        return read_rate(self.rate)


class KeyRing:
    """The keys of a file, read anew whenever it changes, so that a revoked one is refused at once.

    Raises SpecError where there is no such file or it holds something else.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, ...] = ()
        self._keys: dict[str, Key] = {}
        self._refresh()

    def find(self, text: str) -> Key | None:
        """The key that this text is, valid or not; None where there is none.

        Nothing secret is compared but whole digests, in constant time.
        """
        self._refresh()
        match = re.fullmatch(r"pop_([0-9a-f]{12})_[A-Za-z0-9_-]+", text)
        key = self._keys.get(match[1]) if match else None
        # With no key there is the same work to do, and no digest of anything is empty.
        same = hmac.compare_digest(digest_of(text), key.digest if key else "0" * 64)
        return key if same else None

    def _refresh(self) -> None:
        try:
            status = self._path.stat()
        except OSError as error:
            raise _unreadable(self._path, error) from error
        seen = (status.st_mtime_ns, status.st_ino, status.st_size)
        if seen != self._seen:
            self._keys = {key.id: key for key in read_keys(self._path)}
            self._seen = seen


def digest_of(text: str) -> str:
    """The digest of a key: sha256, hexadecimal.

    A plain hash is enough, where passwords would need a slow and salted one: a key holds 256 random
    bits, so there is no list of likely ones to try against a stolen file. A slow hash would only
    make every request slow, and be a way to keep the service busy.
    """
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def add_key(
    path: Path,
    name: str,
    catalogs: Sequence[str],
    actions: Sequence[str],
    expires: str | None = None,
    rate: str = "600/min",
) -> str:
    """Add a key to a file, which is made if there is none; the key, which is kept nowhere.

    Raises SpecError for what cannot be meant, or a name that a key has already.
    """
    if not re.fullmatch(NAME, name):
        raise SpecError(
            f"name: {name!r} is none; write 1-80 letters, digits, '.', '_' or '-', a letter or "
            "digit first"
        )
    if not catalogs:
        raise SpecError(f"catalogs: none is named; name some, or write '{EVERY}' for all")
    for catalog in catalogs:
        if catalog != EVERY and not re.fullmatch(NAME, catalog):
            raise SpecError(
                f"catalogs: {catalog!r} is no name that a catalog is served under; write such "
                f"names with commas between, or '{EVERY}' for all"
            )
    allowed = [action for action in ACTIONS if action in actions]
    if not allowed or set(actions) - set(ACTIONS):
        wrong = next((repr(one) for one in actions if one not in ACTIONS), "none")
        raise SpecError(f"actions: {wrong} is no action; choose from {', '.join(ACTIONS)}")
    read_rate(rate)
    until = None if expires is None else read_expiry(expires)
    number = secrets.token_hex(6)
    text = f"pop_{number}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    key = Key(number, name, digest_of(text), tuple(catalogs), tuple(allowed), rate, _stamp(), until)
    with _changed(path, new=True) as keys:
        if any(one.name == name and one.revoked is None for one in keys):
            raise SpecError(f"name: a key is named {name!r} already; revoke it, or choose another")
        keys.append(key)
    return text


def revoke_key(path: Path, name: str) -> Key:
    """Revoke the key of a name; SpecError where there is none that is not revoked already."""
    with _changed(path) as keys:
        for index, key in enumerate(keys):
            if key.name == name and key.revoked is None:
                keys[index] = replace(key, revoked=_stamp())
                return keys[index]
        raise SpecError(f"name: no key in use is named {name!r}; `populace key list` names them")


def read_keys(path: Path) -> list[Key]:
    """The keys of a file; SpecError where it cannot be read or holds something else."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["version"] != _VERSION:
            raise ValueError(f"version {document['version']}")
        return [_key(entry) for entry in document["keys"]]
    except OSError as error:
        raise _unreadable(path, error) from error
    except (ValueError, KeyError, TypeError) as error:
        raise SpecError(
            f"keys: {path} is no file of keys ({type(error).__name__}: {error}); restore it, or "
            "make another by `populace key add`"
        ) from error


def read_rate(rate: str) -> tuple[float, float]:
    """A rate as `600/min`: requests at once, and requests a second; SpecError for no rate."""
    match = re.fullmatch(r"([1-9]\d{0,8})/(s|min|h)", rate)
    if match is None:
        raise SpecError(f"rate: {rate!r} is none; write requests/s, /min or /h, such as 600/min")
    return float(match[1]), int(match[1]) / _UNITS[match[2]]


def read_expiry(expires: str) -> str:
    """When a key ends, in ISO 8601 with time zone; a date is its first moment in UTC.

    Raises SpecError for no date, or one that is past.
    """
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", expires):
            day = date.fromisoformat(expires)
            moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
        else:
            moment = datetime.fromisoformat(expires)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError:
        raise SpecError(f"expires: {expires!r} is no date; write it as 2027-01-31") from None
    if moment <= _now():
        raise SpecError(f"expires: {expires!r} is past; write a day to come")
    return moment.isoformat(timespec="seconds")


@contextmanager
def _changed(path: Path, *, new: bool = False) -> Iterator[list[Key]]:
    """The keys of a file, to be changed in the block; then it is replaced whole.

    Only one process at a time is in the block, so that no change is lost.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = os.open(path.parent, os.O_RDONLY)
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        keys = [] if new and not path.exists() else read_keys(path)
        yield keys
        _write(path, keys)
    finally:
        os.close(folder)


def _write(path: Path, keys: Sequence[Key]) -> None:
    """Replace the file; what is there stays until the new one is whole and on disk."""
    document = {"version": _VERSION, "keys": [asdict(key) for key in keys]}
    hidden = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        mode = stat.S_IRUSR | stat.S_IWUSR
        with os.fdopen(os.open(hidden, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "w") as file:
            json.dump(document, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        hidden.replace(path)
    except OSError as error:
        hidden.unlink(missing_ok=True)
        raise StoreError(
            f"keys: {path} cannot be written ({error.strerror}); choose another file"
        ) from error


def _key(entry: dict[str, Any]) -> Key:
    """A key of the file; ValueError, KeyError or TypeError where it is none."""
    lists = {name: tuple(map(str, entry[name])) for name in ("catalogs", "actions")}
    key = Key(**(entry | lists))
    if not _ID.fullmatch(key.id) or not re.fullmatch(r"[0-9a-f]{64}", key.digest):
        raise ValueError(f"key {key.name!r} has no sound id and digest")
    if set(key.actions) - set(ACTIONS) or re.fullmatch(NAME, key.name) is None:
        raise ValueError(f"key {key.name!r} has unknown actions or no sound name")
    if key.expires is not None and datetime.fromisoformat(key.expires).tzinfo is None:
        raise ValueError(f"key {key.name!r} expires at a time without a zone")
    try:
        read_rate(key.rate)
    except SpecError as error:
        raise ValueError(f"key {key.name!r}: {error}") from error
    return key


def _unreadable(path: Path, error: OSError) -> SpecError:
    return SpecError(
        f"keys: {path} cannot be read ({error.strerror}); make it by `populace key add --keys "
        f"{path}`"
    )


def _stamp() -> str:
    return _now().isoformat(timespec="seconds")


def _now() -> datetime:
    return datetime.now(UTC)
