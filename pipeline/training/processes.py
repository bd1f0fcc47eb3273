"""Work through tasks in processes of their own, which never outlive the one that started them."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import TypeVar

import torch

from pipeline.errors import JobError

Task = TypeVar("Task")


def in_processes(
    work: Callable[[Task], None],
    tasks: Sequence[Task],
    workers: int,
    died: str,
    prepare: Callable[[], None] | None = None,
) -> Iterator[Task]:
    """Do `work` on every task in `workers` processes, giving each task back as it is done.

    Args:
        work: a function that other processes can import, as are `prepare` and the tasks.
        died: what to say when a process died.
        prepare: called once in each process, before its first task.

    Raises:
        JobError: a process died.
    """
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_start, initargs=(prepare,)) as pool:
        jobs = {pool.submit(work, task): task for task in tasks}
        try:
            for job in as_completed(jobs):
                job.result()
                yield jobs[job]
        except BrokenProcessPool as error:
            raise JobError(died) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


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
    context = get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_start, initargs=(None,)) as pool:
        left = iter(tasks)
        try:
            ahead = deque((task, pool.submit(work, task)) for task in islice(left, 2 * workers))
            while ahead:
                task, job = ahead.popleft()
                job.result()
                ahead.extend((task, pool.submit(work, task)) for task in islice(left, 1))
                yield task
        except BrokenProcessPool as error:
            raise JobError(died) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def leave_with_parent() -> None:
    """End this process with the one that started it; a killed parent cannot say goodbye."""
    Thread(target=_wait_for_parent, daemon=True).start()


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
