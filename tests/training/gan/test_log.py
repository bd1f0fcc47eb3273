"""What a run tells people."""

import pytest

from pipeline.training.gan import log
from pipeline.training.gan.log import Ticker


def test_the_rate_is_the_latest_and_the_time_that_of_the_stage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr(log.time, "monotonic", lambda: now[0])
    lines: list[str] = []
    tell = Ticker(lines.append)
    tell("regress", 0, 100_000)
    for seconds, done in ((5.0, 10), (300.0, 1_000), (330.0, 4_000), (390.0, 10_000)):
        now[0] = seconds
        tell("regress", done, 100_000)
    tell("adversarial", 0, 20_000)
    now[0] = 400.0
    tell("adversarial", 500, 20_000, "loss 1")
    assert lines == [
        "regress: 0.0 of 100.0 thousand",
        "regress: 1.0 of 100.0 thousand, 3.3 a second, 8 h 15 min to go",
        "regress: 4.0 of 100.0 thousand, 100.0 a second, 16 min to go",
        "regress: 10.0 of 100.0 thousand, 100.0 a second, 15 min to go",
        "adversarial: 0.0 of 20.0 thousand",
        "adversarial: 0.5 of 20.0 thousand, 50.0 a second, 6 min to go, loss 1",
    ]
