"""Keep what was costly to make, up to a number of bytes, and make nothing twice at once."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Condition
from typing import Generic, TypeVar

_Value = TypeVar("_Value")


class Cache(Generic[_Value]):
    """Values by key; those that were asked for longest ago go first.

    capacity: bytes of all values together. size: bytes of one.
    """

    def __init__(self, capacity: int, size: Callable[[_Value], int]) -> None:
        self._capacity, self._size = capacity, size
        self._kept: OrderedDict[Hashable, _Value] = OrderedDict()
        self._bytes = 0
        self._making: set[Hashable] = set()
        self._changed = Condition()

    def get(self, key: Hashable, make: Callable[[], _Value]) -> _Value:
        """The value of a key, made where it is not there; others who want it wait for it.

        An error of `make` goes to the one who called; the next one tries again.
        """
        with self._changed:
            while True:
                if key in self._kept:
                    self._kept.move_to_end(key)
                    return self._kept[key]
                if key not in self._making:
                    break
                self._changed.wait()
            self._making.add(key)
        try:
            value = make()
            with self._changed:
                self._keep(key, value)
            return value
        finally:
            with self._changed:
                self._making.discard(key)
                self._changed.notify_all()

    def __contains__(self, key: Hashable) -> bool:
        """Whether a value is kept now."""
        return key in self._kept

    def _keep(self, key: Hashable, value: _Value) -> None:
        if self._size(value) > self._capacity:
            return
        self._kept[key] = value
        self._bytes += self._size(value)
        while self._bytes > self._capacity:
            _, gone = self._kept.popitem(last=False)
            self._bytes -= self._size(gone)
