"""Keep a pool of Ray actors busy: two shards in flight each, dead ones replaced, tries capped."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayActorError, RaySystemError, RayTaskError

from pipeline.engine.worker import Errand
from pipeline.errors import CatalogError, JobError, PopulaceError, SpecError

IN_FLIGHT = 2
"""Shards in flight an actor: the second renders while the first is being stored."""

TRIES = 3
"""Times that a shard is tried before the job stops."""

POLL = 1.0
"""Seconds between looks at the actors' progress."""


_LASTING = (SpecError, CatalogError, JobError)
"""What another try does not mend. A store may answer again."""


class Pool:
    """Actors that make shards.

    start: makes an actor. shards: what is to be made, taken as actors become free. on_progress:
    told the sum of all actors' progress about once a second. what: the shards are, for errors.
    """

    def __init__(
        self,
        start: Callable[[], Any],
        workers: int,
        shards: Iterator[int],
        on_progress: Callable[[dict[str, int]], None],
        what: str = "shard",
    ) -> None:
        self._start, self._what = start, what
        self._actors = [start() for _ in range(workers)]
        self._shards = shards
        self._on_progress = on_progress
        self._again: deque[int] = deque()
        self._tries: Counter[int] = Counter()
        self._flying: dict[Any, tuple[int, int]] = {}
        self._reports: dict[int, Any] = {}
        self._deaths = 0

    def receipts(self) -> Iterator[dict[str, Any]]:
        """Yield the receipt of each shard as it is committed.

        Raises:
            JobError: a shard failed `TRIES` times, or workers keep dying before any shard is done.
        """
        for index in range(len(self._actors)):
            self._feed(index)
        while self._flying:
            done, _ = ray.wait(list(self._flying), num_returns=1, timeout=POLL)
            self._report()
            for ref in done:
                if ref not in self._flying:
                    continue  # its actor died with another shard of this round
                index, shard = self._flying.pop(ref)
                receipt = self._receipt(ref, index, shard)
                if receipt is not None:
                    self._deaths = 0
                    yield receipt
                self._feed(index)

    def stop(self) -> None:
        """End all actors; what they had not committed is made again by the next run."""
        for actor in self._actors:
            ray.kill(actor, no_restart=True)

    def _feed(self, index: int) -> None:
        flying = sum(owner == index for owner, _ in self._flying.values())
        for _ in range(IN_FLIGHT - flying):
            shard = self._again.popleft() if self._again else next(self._shards, None)
            if shard is None:
                return
            self._flying[self._actors[index].run.remote(shard)] = (index, shard)

    def _receipt(self, ref: Any, index: int, shard: int) -> dict[str, Any] | None:
        try:
            receipt: dict[str, Any] = ray.get(ref)
        except (RayActorError, RaySystemError) as error:
            self._replace(index, shard, error)
            return None
        except RayTaskError as error:
            cause = error.cause
            if isinstance(cause, _LASTING):
                raise cause from None
            self._count(shard, error)
            self._again.append(shard)
            return None
        return receipt

    def _replace(self, index: int, shard: int, error: Exception) -> None:
        """Start another actor in the place of one that died or cannot be reached.

        The old one may still run: what it commits is the same, so both may finish.
        """
        lost = [shard, *(s for owner, s in self._flying.values() if owner == index)]
        self._flying = {r: v for r, v in self._flying.items() if v[0] != index}
        self._reports.pop(index, None)
        self._deaths += 1
        if self._deaths > TRIES * len(self._actors):
            raise JobError(f"workers die before they finish a shard: {reason(error)}")
        for each in lost:  # nobody knows which of them it died of
            self._count(each, error)
        self._again.extend(lost)
        ray.kill(self._actors[index], no_restart=True)
        self._actors[index] = self._start()

    def _count(self, shard: int, error: Exception) -> None:
        self._tries[shard] += 1
        if self._tries[shard] >= TRIES:
            raise JobError(f"{self._what} {shard} failed {TRIES} times: {reason(error)}")

    def _report(self) -> None:
        """Sum what the actors last said; ask those that have answered again."""
        totals: Counter[str] = Counter()
        for index, actor in enumerate(self._actors):
            pending, last = self._reports.get(index, (None, {}))
            if pending is not None:
                # Busy or gone: what becomes of its shards tells.
                with suppress(GetTimeoutError, RayActorError, RaySystemError):
                    last, pending = ray.get(pending, timeout=0), None
            if pending is None:
                pending = actor.progress.remote()
            self._reports[index] = (pending, last)
            totals.update(last)
        self._on_progress(dict(totals))


def remote_actor(kind: type, errand: Errand, gpus: float) -> Callable[[], Any]:
    """What starts an actor: a Worker or a Calibrator on one CPU and `gpus` GPUs."""
    # Ray's decorator is typed for functions; of actors it knows only what `options` returns.
    actor: Any = ray.remote(kind)
    options = {"num_cpus": 1, "num_gpus": gpus, "max_restarts": 0}
    actor = actor.options(**options, max_concurrency=IN_FLIGHT + 1)
    shared = ray.put(errand)  # once: a calibration is some megabytes
    return lambda: actor.remote(shared)


def reason(error: Exception) -> str:
    """One line of an error: an exception's own words stand last, Ray's about a death first."""
    if isinstance(error, RayTaskError) and isinstance(error.cause, PopulaceError):
        return str(error.cause)
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [repr(error)]
    raised = isinstance(error, RayTaskError) or "creation task" in lines[0]
    return lines[-1] if raised else lines[0]
