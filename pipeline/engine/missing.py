"""Say which shards of a job are still to be made, by the receipts in its output."""

from collections.abc import Iterator

from pipeline.catalog.layout import RECEIPTS
from pipeline.storage import Store


class Missing:
    """Which shards have no receipt: one byte a shard, whatever the job's size.

    faces: people, where each is in several pictures.
    """

    def __init__(self, store: Store, faces: int, shard_size: int) -> None:
        self._size = shard_size
        self._last = -(-faces // shard_size) - 1
        self._in_last = faces - self._last * shard_size
        self._done = bytearray(self._last + 1)
        for key in store.list(RECEIPTS):
            shard = key.removeprefix(RECEIPTS).removesuffix(".json")
            if shard.isdigit() and int(shard) <= self._last:
                self._done[int(shard)] = 1
        self.count = self._done.count(0)

    def __iter__(self) -> Iterator[int]:
        return (shard for shard, done in enumerate(self._done) if not done)

    @property
    def first_made(self) -> int | None:
        """The first shard that has a receipt, if there is one."""
        shard = self._done.find(1)
        return None if shard < 0 else shard

    @property
    def faces(self) -> int:
        """Faces in the missing shards; only the last shard may be short."""
        short = 0 if self._done[self._last] else self._size - self._in_last
        return self.count * self._size - short
