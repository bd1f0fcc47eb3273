"""Start Ray on this machine or join a cluster, and say how many workers it can hold."""

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import Any, Literal

import ray

from pipeline.errors import JobError

_OBJECT_STORE = 80 * 1024 * 1024
"""Bytes; Ray's least. Only receipts travel, pixels never do."""

_PATIENCE = 10.0
"""Seconds in which a cluster must let us in."""


@dataclass(frozen=True)
class Seats:
    """How many workers run at once, and the GPUs that each has."""

    workers: int
    gpus: float


@contextmanager
def cluster(
    address: str | None, workers: int | Literal["auto"], takes_gpu: bool
) -> Iterator[Seats]:
    """Connect to Ray for as long as the context lasts; a local one is stopped afterwards.

    Args:
        address: of a running cluster (`auto`, `host:port`, `ray://…`), or None for this machine.
        workers: how many, or `auto`: as many as there is room for.
        takes_gpu: whether a worker takes a GPU where the cluster has any, beside its CPU.

    Raises:
        JobError: the cluster cannot be reached or has no room for a worker.
    """
    # Ray offers to hide GPUs from actors that ask for none; we ask for what we use.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    on_terminate = signal.getsignal(signal.SIGTERM)
    try:
        if address is None:
            # Actors count logical CPUs: more workers than cores are allowed when asked for.
            cpus = len(os.sched_getaffinity(0))
            ray.init(
                address="local",
                num_cpus=cpus if workers == "auto" else max(cpus, workers),
                include_dashboard=False,
                object_store_memory=_OBJECT_STORE,
                **quiet,
            )
        else:
            _knock(address)
            ray.init(address=address, **quiet)
    except (OSError, RuntimeError, ValueError) as error:
        where = address or "this machine"
        raise JobError(f"Ray at {where} cannot be reached: {error}") from error
    if threading.current_thread() is threading.main_thread():
        # Ray puts its own handler in the place of the command's.
        signal.signal(signal.SIGTERM, on_terminate)
    try:
        # Ray prints news of dead workers to stdout, where only results belong.
        with redirect_stdout(sys.stderr):
            resources: dict[str, float] = ray.cluster_resources()  # type: ignore[no-untyped-call]
            yield seats(resources, workers, takes_gpu)
    finally:
        ray.shutdown()


def _knock(address: str) -> None:
    """Raise OSError where nobody listens at `host:port`: Ray would try it for many minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), timeout=_PATIENCE).close()


def seats(resources: Mapping[str, float], workers: int | Literal["auto"], takes_gpu: bool) -> Seats:
    """How many workers a cluster of these resources, `CPU` and `GPU`, runs at once.

    Each has a CPU, and a GPU if it takes one and the cluster has any.

    Raises:
        JobError: there is no room for one.
    """
    gpus, cpus = int(resources.get("GPU", 0)), int(resources.get("CPU", 0))
    gpus = gpus if takes_gpu else 0
    room = min(gpus, cpus) if gpus else cpus
    if room < 1:
        raise JobError("the Ray cluster has no CPU to offer; add a node.")
    wanted = room if workers == "auto" else workers
    # An actor that finds no room waits for ever: more workers than seats would only look busy.
    return Seats(min(wanted, room), 1.0 if gpus else 0.0)
