"""Show a pull's progress, live on a terminal and in plain lines elsewhere, and what it did."""

import time

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from pipeline.catalog.bring import PullState
from pipeline.catalog.pull import PullSummary

LINE_EVERY = 10.0
"""Seconds between plain lines."""


class PullView:
    """Tells how far a pull is; a context manager around it."""

    def __init__(self, console: Console, doing: str = "pulling") -> None:
        self._console, self._doing = console, doing
        self._began = self._said = time.monotonic()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.completed:,.0f} / {task.total:,.0f} faces"),
            TextColumn("{task.fields[moved]}", style="dim"),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
            disable=not console.is_terminal,
            expand=True,
        )
        self._task = self._bar.add_task("choosing", total=None, visible=False, moved="")

    def __enter__(self) -> "PullView":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def show(self, state: PullState) -> None:
        """Show this state; a plain line at most every LINE_EVERY seconds."""
        now = time.monotonic()
        moved = moved_text(state, now - self._began)
        if self._console.is_terminal:
            self._bar.update(
                self._task,
                description=self._doing,
                completed=state.faces,
                total=state.total,
                moved=moved,
                visible=True,
            )
        elif now - self._said >= LINE_EVERY:
            self._said = now
            self._console.print(
                f"{self._doing}: {state.faces:,}/{state.total:,} faces, {moved}",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )


def moved_text(state: PullState, seconds: float) -> str:
    """Files and bytes transferred, and bytes a second on average."""
    rate = state.bytes / seconds if seconds > 0 else 0.0
    return f"{state.files:,} files, {decimal(state.bytes)}, {decimal(int(rate))}/s"


def pull_text(summary: PullSummary) -> str:
    """What a pull did, in a line, and a second where it removed or left something."""
    converted = f", {summary.converted:,} converted" if summary.converted else ""
    text = (
        f"{summary.faces:,} faces in {summary.to}: {summary.fetched:,} fetched "
        f"({summary.bytes:,} bytes{converted}), {summary.skipped:,} there already"
    )
    if summary.signed:
        names = ", ".join(summary.signers)
        text += f"\n{summary.signed:,} images bear sound C2PA signatures, by {names}"
    if summary.removed:
        text += f"\n{summary.removed:,} files of earlier pulls removed"
    if summary.changed:
        text += f"\n{summary.changed:,} files of earlier pulls left alone: they were changed since"
    if summary.revoked:
        text += f"\n{summary.revoked:,} files here are of faces revoked since: --sync removes them"
    return text
