"""Show a job's progress: a live view on a terminal, plain lines elsewhere."""

import time
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

LINE_EVERY = 10.0
"""Seconds between plain lines."""


class Progress:
    """The View of a terminal or a log; a context manager around a run."""

    def __init__(self, name: str, count: int, console: Console) -> None:
        self._name, self._count, self._console = name, count, console
        self._shards = self._shards_done = 0
        self._before = self._faces = self._renders = self._previews = 0
        self._working: dict[str, int] = {}
        self._began = self._said = time.monotonic()
        self._state = "starting"
        self._live: Live | None = None

    def __enter__(self) -> "Progress":
        if self._console.is_terminal:
            self._live = Live(self, console=self._console, refresh_per_second=4, transient=True)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()

    def start(self, shards: int, committed: int, faces: int) -> None:
        """The job begins."""
        self._shards, self._shards_done = shards, committed
        self._before = self._faces = faces
        self._began = time.monotonic()
        self._state = "starting workers"
        resumed = f", {committed} committed before" if committed else ""
        self._line(f"{self._name}: {self._count:,} faces in {shards:,} shards{resumed}")

    def calibrating(self, done: int, total: int) -> None:
        """Natural draws are being scored; then the surrogate is fitted."""
        self._state = f"calibrating, {done:,} of {total:,}"
        if done == total:
            self._state = "fitting the surrogate"
        if done in (0, total) or time.monotonic() - self._said >= LINE_EVERY:
            self._line(f"{self._state}")

    def measuring(self, done: int, total: int) -> None:
        """Latent directions are being measured."""
        self._state = f"measuring latent directions, {done:,} of {total:,}"
        if done in (0, total) or time.monotonic() - self._said >= LINE_EVERY:
            self._line(self._state)

    def working(self, totals: dict[str, int]) -> None:
        """Shards are being made."""
        self._working = totals
        if self._state.startswith(("calibrating", "fitting", "measuring")):
            self._began = time.monotonic()  # faces a second are those of the shards alone
        busy = totals.get("previews") or totals.get("renders") or self._state == "generating"
        self._state = "generating" if busy else "starting workers"
        if time.monotonic() - self._said >= LINE_EVERY:
            self._line(self._summary())

    def committed(self, receipt: dict[str, Any]) -> None:
        """A shard was committed."""
        self._shards_done += 1
        self._faces += receipt["rows"]
        self._renders += receipt["renders"]
        self._previews += receipt["previews"]
        self._working = {}
        self._state = "generating"

    def capped(self, workers: int, asked: int) -> None:
        """The cluster has room for fewer workers than were asked for."""
        self._console.print(
            f"{self._name}: {workers:,} workers at once, not {asked:,}: the cluster has no room "
            "for more, each of which takes a CPU, and a GPU if its networks do",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )

    def sealing(self) -> None:
        """The catalog is being sealed."""
        self._working = {}
        self._state = "sealing"
        self._line(self._summary())

    @property
    def _done(self) -> int:
        return min(self._count, self._faces + self._working.get("accepted", 0))

    def _figures(self) -> tuple[float, float, float, float | None]:
        """Faces a second, renders and previews a face, seconds to go."""
        made = self._done - self._before
        seconds = time.monotonic() - self._began
        rate = made / seconds if seconds > 0 else 0.0
        renders = (self._renders + self._working.get("renders", 0)) / max(made, 1)
        previews = (self._previews + self._working.get("previews", 0)) / max(made, 1)
        return rate, renders, previews, (self._count - self._done) / rate if rate else None

    def _summary(self) -> str:
        rate, renders, previews, eta = self._figures()
        return (
            f"{self._state}: {self._done:,}/{self._count:,} faces, "
            f"{self._shards_done:,}/{self._shards:,} shards, {rate:.2f} faces/s, "
            f"{renders:.2f} renders and {previews:.1f} previews a face, ETA {clock(eta)}"
        )

    def _line(self, text: str) -> None:
        self._said = time.monotonic()
        if self._live is None:
            self._console.print(text, highlight=False, markup=False, soft_wrap=True)

    def __rich__(self) -> RenderableType:
        """The live view: a bar, and the figures below it."""
        rate, renders, previews, eta = self._figures()
        head = Table.grid(expand=True)
        head.add_column()
        head.add_column(justify="right")
        head.add_row(
            Text.assemble((self._name, "bold"), "  ", (self._state, "dim")),
            f"{self._done:,} / {self._count:,} faces",
        )
        figures = Table.grid(expand=True)
        cells = (
            ("shards", f"{self._shards_done:,}/{self._shards:,}"),
            ("faces/s", f"{rate:.2f}"),
            ("renders/face", f"{renders:.2f}"),
            ("previews/face", f"{previews:.1f}"),
            ("ETA", clock(eta)),
        )
        for _ in cells:
            figures.add_column(ratio=1)
        figures.add_row(*(Text(label, style="dim") for label, _ in cells))
        figures.add_row(*(value for _, value in cells))
        # A bar ends without a new line; padding gives it one.
        bar = Padding(ProgressBar(total=self._count, completed=self._done), 0)
        return Group(head, bar, figures)


def clock(seconds: float | None) -> str:
    """Seconds as m:ss or h:mm:ss; a dash for unknown."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
