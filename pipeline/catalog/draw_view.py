"""Lay a draw's summary out for the terminal."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipeline.catalog.choice import CellDraw, DrawSummary

_MOST_ROWS = 60


def draw_view(summary: DrawSummary) -> RenderableType:
    """What was drawn, cell by cell; of very many cells, of the first."""
    balanced = list(summary.cells[0].bins)
    numbers = ["share", "asked", "available", "drawn", "weight"]
    if summary.method == "weights":
        numbers.remove("asked")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in balanced or ["cell"]:
        table.add_column(name)
    for name in numbers:
        table.add_column(name, justify="right")
    for cell in summary.cells[:_MOST_ROWS]:
        told = _told(cell)
        names = list(cell.bins.values()) or [cell.label]
        table.add_row(*names, *(told[n] for n in numbers), style="yellow" if cell.short else "")
    parts: list[RenderableType] = [table]
    if len(summary.cells) > _MOST_ROWS:
        more = len(summary.cells) - _MOST_ROWS
        parts.append(Text(f"… and {more:,} cells more; --json tells of all", "dim"))
    outside = f", {summary.outside:,} of them in no cell" if summary.outside else ""
    parts.append(
        Text(
            f"{summary.drawn:,} of {summary.matched:,} faces{outside}; "
            f"effective sample size {summary.effective:,.1f}"
        )
    )
    short = sum(cell.short for cell in summary.cells)
    missing = 0 if summary.asked is None else summary.asked - summary.drawn
    if short or missing:
        cells = f"{short:,} cell{'s' * (short != 1)} had too few faces, and others filled up"
        left = f"; {summary.drawn:,} of {summary.asked:,} faces are drawn" if missing else ""
        parts.append(Text(f"{cells}{left}.", "yellow"))
    return Group(*parts)


def _told(cell: CellDraw) -> dict[str, str]:
    return {
        "share": f"{cell.share:.1%}",
        "asked": f"{cell.asked or 0:,}",
        "available": f"{cell.available:,}",
        "drawn": f"{cell.drawn:,}",
        "weight": f"{cell.weight:.3f}",
    }
