"""Run one training in a process a device, which begin and end together: here, or elsewhere."""

import signal
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import distributed
from torch.distributed import FileStore, Store  # type: ignore[attr-defined]  # its stubs forget

from pipeline.errors import JobError, PopulaceError
from pipeline.training.gan.log import Tell
from pipeline.training.processes import leave_with_parent

PATIENCE = timedelta(hours=4)
"""How long ranks wait for each other: the first one judges and saves while the rest wait. One that
dies is noticed at once, by its line."""


@dataclass(frozen=True)
class Elsewhere:
    """Devices that are not this machine's.

    run: does the work of each of `count` ranks in one process group, and is told where to tell.
    """

    count: int
    run: Callable[[Callable[[Tell], None], int, Tell], None]


def in_ranks(work: Callable[[Tell], None], count: int, backend: str, tell: Tell) -> None:
    """Do `work` in `count` processes that are ranks of one process group.

    Args:
        work: a function that other processes can import; what the first rank tells comes to `tell`.
        backend: nccl or gloo.

    Raises:
        PopulaceError: a rank did.
        JobError: a rank died or failed.
    """
    context = get_context("spawn")
    processes, lines = [], []
    with TemporaryDirectory(prefix="populace-") as folder:
        try:
            for rank in range(count):
                line, end = context.Pipe(duplex=False)
                place = (rank, count, backend, Path(folder) / "store")
                process = context.Process(target=_serve, args=(work, place, end), daemon=True)
                process.start()
                end.close()  # the rank's alone: when it dies, the line is cut
                processes.append(process)
                lines.append(line)
            _listen(lines, tell)
        finally:
            for process in processes:
                process.kill()
            for process in processes:
                process.join()


def _listen(lines: list[Connection], tell: Tell) -> None:
    """Pass on what ranks tell, until all are done or one is at an end."""
    working = list(lines)
    while working:
        for line in wait(working):
            assert isinstance(line, Connection)
            name = f"process {lines.index(line) + 1} of {len(lines)}"
            try:
                news = line.recv()
            except EOFError:
                raise broken(f"{name} died, perhaps for lack of memory") from None
            match news:
                case str():
                    tell(news)
                case PopulaceError():
                    raise news
                case reason, trace:
                    raise broken(f"{name} failed ({reason})") from RuntimeError(trace)
                case None:
                    working.remove(line)


def broken(what: str) -> JobError:
    """The error of a run that lost a rank."""
    return JobError(f"train gan: {what}; run the same command again to go on from the last state.")


@contextmanager
def in_group(backend: str, store: Store, count: int, rank: int) -> Iterator[None]:
    """Be one of `count` ranks within, which meet by a store.

    What raises within leaves the group as it is, since to end it may mean to wait for the others.
    """
    distributed.init_process_group(
        backend, store=store, timeout=PATIENCE, world_size=count, rank=rank
    )
    yield
    distributed.destroy_process_group()


def _serve(
    work: Callable[[Tell], None], place: tuple[int, int, str, Path], line: Connection
) -> None:
    """Be one rank, and tell how it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's; the parent ends the ranks
    leave_with_parent()
    rank, count, backend, path = place
    with suppress(BrokenPipeError):  # the parent has heard enough
        try:
            if backend == "nccl":
                torch.cuda.set_device(rank)
            store = FileStore(str(path), count)
            with in_group(backend, store, count, rank):
                work(line.send)
            line.send(None)
        except PopulaceError as error:
            line.send(error)
        except Exception as error:
            line.send((f"{type(error).__name__}: {error}", traceback.format_exc()))
