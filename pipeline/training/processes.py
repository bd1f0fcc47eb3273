"""Work through tasks in processes of their own, which never outlive the one that started them."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context, parent_process
from threading import Event, Thread
from typing import TypeVar

import torch

from pipeline.errors import JobError

Task = TypeVar("Task")

_LOOK = 0.2
"""Seconds between two looks whether to stop."""


def in_processes(
    work: Callable[[Task], None],
    tasks: Sequence[Task],
    workers: int,
    died: str,
    prepare: Callable[[], None] | None = None,
    stopped: Event | None = None,
) -> Iterator[Task]:
    """Do `work` on every task in `workers` processes, giving each task back as it is done.

    Args:
        work: a function that other processes can import, as are `prepare` and the tasks.
        died: what to say when a process died.
        prepare: called once in each process, before its first task.
        stopped: set by another thread to leave what is not done.

    Raises:
        JobError: a process died, or it was stopped.
    """
    with _pool(workers, died, prepare) as pool:
        jobs = {pool.submit(work, task): task for task in tasks}
        left = set(jobs)
        while left:
            done, left = wait(left, _LOOK, FIRST_COMPLETED)
            for job in done:
                job.result()
                yield jobs[job]
            if stopped is not None and stopped.is_set():
                raise JobError("was stopped; run the same command again to go on.")


def in_turn(
    work: Callable[[Task], None], tasks: Iterable[Task], workers: int, died: str
) -> Iterator[Task]:
    """Do `work` in `workers` processes ahead of its use, giving tasks back in their order.

    At most two tasks a process are under way, or done and not given back yet.

    Args:
        work: a function that other processes can import, as are the tasks.
        died: what to say when a process died.

    Raises:
        JobError: a process died.
    """
    with _pool(workers, died) as pool:
        left = iter(tasks)
        ahead = deque((task, pool.submit(work, task)) for task in islice(left, 2 * workers))
        while ahead:
            task, job = ahead.popleft()
            job.result()
            ahead.extend((task, pool.submit(work, task)) for task in islice(left, 1))
            yield task


def leave_with_parent() -> None:
    """End this process with the one that started it; a killed parent cannot say goodbye."""
    Thread(target=_wait_for_parent, daemon=True).start()


@contextmanager
def _pool(
    workers: int, died: str, prepare: Callable[[], None] | None = None
) -> Iterator[ProcessPoolExecutor]:
    """Processes that end at once where they are left before their work is done.

    Raises:
        JobError: `died`, where one of them did.
    """
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_start, initargs=(prepare,)) as pool:
        try:
            yield pool
        except BaseException as error:
            for process in pool._processes.values():
                process.terminate()
            if isinstance(error, BrokenProcessPool):
                raise JobError(died) from error
            raise


def _start(prepare: Callable[[], None] | None) -> None:
    leave_with_parent()
    torch.set_num_threads(1)  # the processes share the cores already
    if prepare is not None:
        prepare()


def _wait_for_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
