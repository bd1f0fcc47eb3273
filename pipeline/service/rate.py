"""Let each key make so many requests in a time: a bucket of tokens for each."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class _Bucket:
    tokens: float
    filled: float


class Rates:
    """Buckets by name: each is full at first, and fills again at its own pace.

    clock: seconds, as time.monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}
        self._lock = threading.Lock()

    def take(self, name: str, most: float, per_second: float) -> float:
        """Take a token: 0.0 where there was one, else the seconds until there is."""
        now = self._clock()
        with self._lock:
            bucket = self._buckets.setdefault(name, _Bucket(most, now))
            gained = max(0.0, now - bucket.filled) * per_second
            bucket.tokens = min(most, bucket.tokens + gained)
            bucket.filled = now
            if bucket.tokens >= 1:
                bucket.tokens -= 1
                return 0.0
            return (1 - bucket.tokens) / per_second
