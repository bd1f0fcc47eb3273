"""Train one network on devices of a Ray cluster: a rank an actor, which begin and end together.

Nothing travels but gradients and lines for people: every node must see the run's folder and the
pictures, where the command sees them.
"""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import RayActorError, RaySystemError, RayTaskError
from torch.distributed import TCPStore  # type: ignore[attr-defined]  # its stubs forget

from pipeline.engine.cluster import Seats, cluster
from pipeline.engine.pool import reason
from pipeline.errors import PopulaceError, SpecError
from pipeline.training.gan.launch import Elsewhere, broken, in_group
from pipeline.training.gan.log import Tell
from pipeline.training.gan.run import train_gan
from pipeline.training.gan.sources import Fetch
from pipeline.training.gan.spec import GanSpec

POLL = 1.0
"""Seconds between looks at what the first rank has told."""


def train_on_cluster(
    spec: GanSpec, address: str | None, tell: Tell, fetch: Fetch | None = None
) -> dict[str, Any]:
    """Train as `train_gan` does, on `spec.devices` devices of a cluster, a GPU or a CPU each.

    Pictures are made on this machine.

    Args:
        address: of a Ray cluster; None starts Ray on this machine.

    Raises:
        SpecError: as `train_gan`; or the cluster has not so many devices.
        JobError: the cluster cannot be reached, a rank died or failed.
    """
    if spec.data.first:
        raise SpecError(
            f"data.first: {spec.data.first} needs pictures and network on one machine; write 0 to "
            "train on a cluster."
        )
    with cluster(address, spec.devices, spec.device != "cpu") as seats:
        return train_gan(
            spec, tell, fetch, Elsewhere(_count(spec, seats), partial(_run, spec, seats))
        )


def _count(spec: GanSpec, seats: Seats) -> int:
    """How many ranks; SpecError where there is no device for each."""
    if spec.device == "cuda" and not seats.gpus:
        raise SpecError("device: 'cuda' is not to be had in the cluster; write auto or cpu.")
    if spec.devices == "auto":
        return seats.workers if seats.gpus else 1
    if spec.devices > seats.workers:
        raise SpecError(
            f"devices: {spec.devices}, but the cluster has {seats.workers}; write auto."
        )
    return spec.devices


def _run(spec: GanSpec, seats: Seats, work: Callable[[Tell], None], count: int, tell: Tell) -> None:
    """Do `work` in actors that are the ranks of one process group."""
    actor: Any = ray.remote(_Rank)
    actor = actor.options(num_cpus=1, num_gpus=seats.gpus, max_restarts=0, max_concurrency=2)
    ranks = [actor.remote(Path.cwd(), spec.to) for _ in range(count)]
    try:
        meeting = _result(ranks[0].meeting.remote(), 0, count)
        backend = "nccl" if seats.gpus else "gloo"
        works = [
            one.work.remote(work, backend, meeting, count, rank) for rank, one in enumerate(ranks)
        ]
        left = list(works)
        while left:
            done, left = ray.wait(left, num_returns=len(left), timeout=POLL)
            _pass_on(ranks[0], tell)
            for each in done:
                _result(each, works.index(each), count)
    finally:
        for one in ranks:
            ray.kill(one, no_restart=True)


class _Rank:
    """One rank: one thread works, another says what it has told."""

    def __init__(self, place: Path, to: str) -> None:
        """Stand where the command does, as far as this node has the place.

        to: the run's folder, which the command has made.
        """
        with suppress(OSError):
            os.chdir(place)
        self._to = Path(to)
        self._told: list[str] = []
        self._meeting: TCPStore | None = None

    def meeting(self) -> tuple[str, int]:
        """Host and port at which the ranks can meet, here."""
        host = _node()
        self._meeting = TCPStore(host, 0, is_master=True, wait_for_workers=False)
        return host, self._meeting.port

    def work(
        self,
        work: Callable[[Tell], None],
        backend: str,
        meeting: tuple[str, int],
        count: int,
        rank: int,
    ) -> None:
        """Do this rank's part."""
        if not self._to.is_dir():
            raise SpecError(
                f"to: the folder {self._to} is not to be seen on {_node()}; give one of a file "
                "system that all nodes share."
            )
        store = self._meeting or TCPStore(*meeting, is_master=False)
        with in_group(backend, store, count, rank):
            work(self._told.append)

    def told(self) -> Sequence[str]:
        """What was told since the last call."""
        count = len(self._told)
        news, self._told[:count] = self._told[:count], []
        return news


def _node() -> str:
    host: str = ray.util.get_node_ip_address()  # type: ignore[no-untyped-call]
    return host


def _pass_on(first: Any, tell: Tell) -> None:
    with suppress(RayActorError, RaySystemError):  # what became of its work says so
        for line in ray.get(first.told.remote()):
            tell(line)


def _result(found: Any, rank: int, count: int) -> Any:
    """What a rank gave back, or what it raised."""
    name = f"process {rank + 1} of {count}"
    try:
        return ray.get(found)
    except (RayActorError, RaySystemError) as error:
        raise broken(f"{name} died ({reason(error)})") from error
    except RayTaskError as error:
        if isinstance(error.cause, PopulaceError):
            raise error.cause from None
        raise broken(f"{name} failed ({reason(error)})") from error
