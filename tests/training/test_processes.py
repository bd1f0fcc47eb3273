"""Work done in other processes."""

import os
import time
from collections.abc import Iterator

import pytest

from pipeline.errors import JobError
from pipeline.training.processes import in_turn


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
