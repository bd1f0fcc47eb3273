"""A bucket gives what it holds, and fills again at its pace."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.service.rate import Rates


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_is_full_at_first_and_fills_again() -> None:
    clock = Clock()
    rates = Rates(clock)
    assert [rates.take("a", 3, 0.5) for _ in range(4)] == [0, 0, 0, 2.0]
    assert rates.take("b", 3, 0.5) == 0
    clock.now = 1.0
    assert rates.take("a", 3, 0.5) == 1.0
    clock.now = 2.0
    assert rates.take("a", 3, 0.5) == 0
    clock.now = 1000.0
    assert [rates.take("a", 3, 0.5) for _ in range(4)] == [0, 0, 0, 2.0]


@given(st.integers(1, 20), st.floats(0.01, 50), st.lists(st.floats(0, 3), min_size=1, max_size=200))
def test_no_more_is_given_than_there_was(most, pace, pauses) -> None:
    clock = Clock()
    rates = Rates(clock)
    given_out = 0
    for pause in pauses:
        clock.now += pause
        given_out += rates.take("a", most, pace) == 0
    assert given_out <= most + pace * clock.now + 1e-6
