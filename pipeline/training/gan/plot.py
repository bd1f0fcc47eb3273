"""Plot a run's figures as a small SVG, one panel each."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.training.gan.whole import write_whole

WIDTH, HEIGHT, MARGIN, COLUMNS = 360, 150, 34, 2
POINTS = 400
"""Most points of a line."""

COLOURS = {"regress": "#2b6cb0", "adversarial": "#c05621"}

_NOT_PLOTTED = ("stage", "step", "images", "time")


def write_plot(path: Path, entries: Sequence[dict[str, Any]]) -> None:
    """Plot every figure of a log over the thousands of pictures learned from."""
    names = list(dict.fromkeys(name for entry in entries for name in entry))
    names = [name for name in names if name not in _NOT_PLOTTED]
    panels = [_panel(i, name, entries) for i, name in enumerate(names)]
    rows = -(-len(names) // COLUMNS)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{COLUMNS * WIDTH}" '
        f'height="{max(rows, 1) * HEIGHT}" font-family="sans-serif" font-size="11">'
    )
    white = '<rect width="100%" height="100%" fill="white"/>'
    write_whole(path, "\n".join([head, white, *panels, "</svg>\n"]))


def _panel(place: int, name: str, entries: Sequence[dict[str, Any]]) -> str:
    known = [entry for entry in entries if name in entry]
    known = known[:: -(-len(known) // POINTS)]
    x = [entry["images"] / 1000 for entry in known]
    y = [entry[name] for entry in known]
    low, high = min(y), max(y)
    left, top = place % COLUMNS * WIDTH + MARGIN, place // COLUMNS * HEIGHT + MARGIN
    width, height = WIDTH - 1.5 * MARGIN, HEIGHT - 1.8 * MARGIN
    across = width / max(x[-1], 1e-9)
    down = height / (high - low) if high > low else 0
    lines = [
        f'<text x="{left}" y="{top - 8}">{name}: {low:.4g} to {high:.4g}, last {y[-1]:.4g}</text>',
        f'<rect x="{left}" y="{top}" width="{width}" height="{height}" fill="none" stroke="#ccc"/>',
        f'<text x="{left + width}" y="{top + height + 12}" text-anchor="end" fill="#777">'
        f"{x[-1]:,.1f} thousand pictures</text>",
    ]
    for stage, colour in COLOURS.items():
        points = " ".join(
            f"{left + a * across:.1f},{top + height - (b - low) * down:.1f}"
            for a, b, entry in zip(x, y, known, strict=True)
            if entry["stage"] == stage
        )
        lines.append(f'<polyline points="{points}" fill="none" stroke="{colour}"/>')
    return "\n".join(lines)
