"""Hold the catalogs that are served, by name."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar

from pipeline.catalog.read import Catalog
from pipeline.errors import SpecError
from pipeline.service.newest import EVERY, Newest
from pipeline.service.refusal import Refusal
from pipeline.storage import parse_uri

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}"
"""A name as it stands in addresses: 1 to 80 characters."""

_MEND = "write NAME=CATALOG with a name of letters, digits, '.', '_' and '-'"


_SEEN: ContextVar[Callable[[str], bool] | None] = ContextVar("seen", default=None)


def show_only(seen: Callable[[str], bool]) -> None:
    """Let the rest of this request see only the catalogs whose names `seen` is true of."""
    _SEEN.set(seen)


class Library:
    """Opened catalogs by name; iterates over the names, as they were given.

    A request sees those that it may (`show_only`), and where nothing was said, all.

    Each is given in its newest version, which is looked for as they are asked for, at most every
    `every` seconds; one that was opened by its version, `@N`, stays as it is.
    """

    def __init__(self, catalogs: Mapping[str, Catalog], every: float = EVERY) -> None:
        self._every = every
        self._catalogs = {name: Newest(catalog, every) for name, catalog in catalogs.items()}

    @classmethod
    def open(
        cls, addresses: Sequence[str], endpoint: str | None = None, every: float = EVERY
    ) -> "Library":
        """Open the catalogs at addresses as the command line has them: `out/demo`, `heads=s3://…`.

        A catalog is named by what stands before `=`, or else by the last part of its address.
        endpoint: S3 server, if not the environment's.

        Raises SpecError for a name that cannot be or stands twice, CatalogError where there is no
        sealed catalog, StoreError where it cannot be read.
        """
        catalogs: dict[str, Catalog] = {}
        for address in addresses:
            name, uri = _named(address)
            if name in catalogs:
                raise SpecError(f"catalog: two are named {name!r}; {_MEND}")
            catalogs[name] = Catalog.open(uri, endpoint)
        return cls(catalogs, every)

    def get(self, name: str) -> Catalog:
        """The catalog of a name, as it is now; a Refusal, 404, where none is served under it.

        It may look into its store, and so is not for an event loop.
        """
        self.check(name)
        return self._catalogs[name].get()

    def check(self, name: str) -> None:
        """A Refusal, 404, where no catalog is served under a name."""
        if name not in self:
            raise Refusal(404, "catalog", f"none is served as {name!r}; ask /v1/catalogs for names")

    def add(self, name: str, catalog: Catalog) -> None:
        """Serve another catalog, or a newer one under the same name."""
        # A new mapping: others may be iterating over the old one.
        self._catalogs = {**self._catalogs, name: Newest(catalog, self._every)}

    def items(self) -> list[tuple[str, Catalog]]:
        """The names with their catalogs, as they are now."""
        return [(name, self.get(name)) for name in self]

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._catalogs if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        seen = _SEEN.get()
        return name in self._catalogs and (seen is None or seen(str(name)))


def _named(address: str) -> tuple[str, str]:
    """The name and the URI of a catalog's address."""
    name, equals, uri = address.partition("=")
    if equals and re.fullmatch(NAME, name):
        return name, uri
    found = parse_uri(address, "catalog").uri.rpartition("/")[2]
    if not re.fullmatch(NAME, found):
        raise SpecError(f"catalog: {address!r} ends in no name for its addresses; {_MEND}")
    return found, address
