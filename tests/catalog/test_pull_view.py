"""A pull's progress is a live line on a terminal and plain lines elsewhere."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.catalog import pull_view
from pipeline.catalog.bring import PullState
from pipeline.catalog.pull import PullSummary
from pipeline.catalog.pull_view import PullView, moved_text, pull_text

STATES = [PullState(0, 2000, 0, 0), PullState(1500, 2000, 1400, 3_000_000)]


def test_files_bytes_and_rate_are_told():
    assert moved_text(STATES[1], 2.0) == "1,400 files, 3.0 MB, 1.5 MB/s"
    assert moved_text(STATES[0], 0.0) == "0 files, 0 bytes, 0 bytes/s"


def test_logs_get_plain_lines(monkeypatch):
    console = Console(file=io.StringIO(), width=40)
    with PullView(console) as view:
        view.show(STATES[0])
        assert console.file.getvalue() == ""  # a short pull says nothing
        monkeypatch.setattr(pull_view, "LINE_EVERY", 0.0)
        view.show(STATES[1])
    (line,) = console.file.getvalue().splitlines()
    assert line.startswith("pulling: 1,500/2,000 faces, 1,400 files, 3.0 MB, ")
    assert line.endswith("B/s")


def test_terminals_get_a_live_line():
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    with PullView(console) as view:
        for state in STATES:
            view.show(state)
        view._bar.refresh()
    shown = console.file.getvalue()
    assert "1,500 / 2,000 faces" in shown
    assert "1,400 files, 3.0 MB" in shown
    assert "B/s" in shown


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({}, "12 faces in to: 10 fetched (3,000 bytes), 2 there already"),
        (
            {"converted": 9, "removed": 4, "changed": 1},
            "12 faces in to: 10 fetched (3,000 bytes, 9 converted), 2 there already\n"
            "4 files of earlier pulls removed\n"
            "1 files of earlier pulls left alone: they were changed since",
        ),
    ],
)
def test_the_outcome_is_a_sentence(more, said):
    summary = PullSummary(Path("to"), 12, fetched=10, skipped=2, files=10, bytes=3000, **more)
    assert pull_text(summary) == said
