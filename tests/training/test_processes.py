"""Work done in other processes."""

import multiprocessing
import os
import time
from collections.abc import Iterator
from threading import Event, Timer

import pytest

from pipeline.errors import JobError
from pipeline.training.processes import in_processes, in_turn


def test_tasks_come_back_in_their_order_and_are_asked_for_as_they_are_used() -> None:
    asked = []

    def tasks() -> Iterator[float]:
        for wait in (0.4, 0.0, 0.1, 0.0, 0.0, 0.0):
            asked.append(wait)
            yield wait

    done = in_turn(time.sleep, tasks(), 2, "died")
    assert next(done) == 0.4
    assert len(asked) == 5
    assert list(done) == [0.0, 0.1, 0.0, 0.0, 0.0]


def test_a_death_is_told() -> None:
    with pytest.raises(JobError, match="it died"):
        list(in_turn(os._exit, [1, 1], 1, "it died"))


def test_who_leaves_does_not_wait_for_work_under_way() -> None:
    began = time.monotonic()
    under_way = in_processes(time.sleep, [0.0, 600.0, 600.0], 2, "died")
    assert next(under_way) == 0.0
    under_way.close()
    assert time.monotonic() - began < 300
    assert multiprocessing.active_children() == []


def test_another_thread_may_stop_it() -> None:
    stopped = Event()
    Timer(0.5, stopped.set).start()
    with pytest.raises(JobError, match="was stopped"):
        list(in_processes(time.sleep, [600.0, 600.0], 2, "died", stopped=stopped))
    assert multiprocessing.active_children() == []
