"""Keep the catalogs that a service was started with, by name: nothing else can be reached."""

import re
from collections.abc import Iterator, Sequence

from pipeline.catalog.read import Catalog
from pipeline.errors import PopulaceError, SpecError


class NotFoundError(PopulaceError):
    """Something that a visitor asked for and that is not here: HTTP 404."""


class Library:
    """Opened catalogs by name.

    addresses: folders or s3:// addresses of sealed catalogs, at least one. endpoint: S3 server, if
    not the environment's. Names are those of the jobs, as they stand in an address: letters,
    digits, `.`, `_` and `-`; a second catalog of a name gets `-2` behind it.

    Raises SpecError where none is given, CatalogError or StoreError where one cannot be opened.
    """

    def __init__(self, addresses: Sequence[str], endpoint: str | None = None) -> None:
        if not addresses:
            raise SpecError("catalog: none is given; name one, such as out/demo")
        self._catalogs: dict[str, Catalog] = {}
        for address in addresses:
            catalog = Catalog.open(address, endpoint)
            self._catalogs[self._free(_name_of(catalog))] = catalog

    def get(self, name: str) -> Catalog:
        """The catalog of a name; NotFoundError where there is none."""
        if name in self._catalogs:
            return self._catalogs[name]
        raise NotFoundError(
            f"catalog: {name!r} is not served here; choose from {', '.join(self._catalogs)}"
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._catalogs)

    def __len__(self) -> int:
        return len(self._catalogs)

    def _free(self, name: str) -> str:
        """The name, or the first of `name-2`, `name-3` … that is not taken."""
        number, free = 1, name
        while free in self._catalogs:
            number += 1
            free = f"{name}-{number}"
        return free


def _name_of(catalog: Catalog) -> str:
    """What the catalog is called in addresses."""
    name = str(catalog.document.get("name") or catalog.store.uri.rstrip("/").rsplit("/", 1)[-1])
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "catalog"
