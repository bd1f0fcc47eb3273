"""See a part of a store as a store of its own."""

from collections.abc import Iterator
from dataclasses import dataclass

from pipeline.storage.store import Store


@dataclass(frozen=True)
class Beneath:
    """The objects of `store` below `prefix`, which ends in a slash: a `Store`."""

    store: Store
    prefix: str

    @property
    def uri(self) -> str:
        """See `Store.uri`."""
        return f"{self.store.uri}/{self.prefix.removesuffix('/')}"

    @property
    def readers(self) -> int:
        """See `Store.readers`."""
        return self.store.readers

    def get(self, key: str, start: int | None = None, length: int | None = None) -> bytes:
        """See `Store.get`."""
        return self.store.get(self.prefix + key, start, length)

    def put(self, key: str, data: bytes, content_type: str | None = None) -> None:
        """See `Store.put`."""
        self.store.put(self.prefix + key, data, content_type)

    def create(self, key: str, data: bytes, content_type: str | None = None) -> bool:
        """See `Store.create`."""
        return self.store.create(self.prefix + key, data, content_type)

    def exists(self, key: str) -> bool:
        """See `Store.exists`."""
        return self.store.exists(self.prefix + key)

    def size(self, key: str) -> int:
        """See `Store.size`."""
        return self.store.size(self.prefix + key)

    def stamp(self, key: str) -> str:
        """See `Store.stamp`."""
        return self.store.stamp(self.prefix + key)

    def list(self, prefix: str) -> Iterator[str]:
        """See `Store.list`."""
        for key in self.store.list(self.prefix + prefix):
            yield key.removeprefix(self.prefix)

    def link(self, key: str, seconds: int) -> str | None:
        """See `Store.link`."""
        return self.store.link(self.prefix + key, seconds)
