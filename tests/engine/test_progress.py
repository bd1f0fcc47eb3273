"""What a terminal and a log show of a running job."""

import io

from rich.console import Console

from pipeline.engine.progress import Progress, clock

RECEIPT = {"rows": 30, "renders": 60, "previews": 300}


def test_the_live_view_names_its_figures_within_80_columns() -> None:
    view = Progress("demo", 120, Console())
    view.start(4, 1, 30)
    view.committed(RECEIPT)
    view.working({"accepted": 15, "renders": 30, "previews": 150})
    console = Console(file=io.StringIO(), width=80, record=True)
    console.print(view)
    lines = console.export_text().splitlines()
    assert "75 / 120 faces" in lines[0]
    assert lines[2].split() == ["shards", "faces/s", "renders/face", "previews/face", "ETA"]
    assert lines[3].split()[0] == "2/4"
    assert lines[3].split()[2:4] == ["2.00", "10.0"]
    assert max(map(len, lines)) <= 80


def test_a_log_gets_plain_lines() -> None:
    log = io.StringIO()
    with Progress("demo", 120, Console(file=log)) as view:
        view.start(4, 1, 30)
        view.committed(RECEIPT)
        view.sealing()
    first, last = log.getvalue().splitlines()
    assert first == "demo: 120 faces in 4 shards, 1 committed before"
    assert last.startswith("sealing: 60/120 faces, 2/4 shards")


def test_clocks_read_as_people_write_them() -> None:
    assert [clock(None), clock(9), clock(61), clock(3 * 3600 + 62)] == [
        "–",
        "0:09",
        "1:01",
        "3:01:02",
    ]


def test_the_calibration_is_told_and_then_forgotten() -> None:
    console = Console(file=io.StringIO(), width=200)
    with Progress("a", 10, console) as view:
        view.start(2, 0, 0)
        view.calibrating(0, 3)
        view.calibrating(3, 3)
        view.working({})
        view.sealing()
    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert "calibrating, 0 of 3" in said
    assert "fitting the surrogate" in said
