"""Lay latent directions out for the terminal."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipeline.attributes.directions import Direction, Directions

_NOTE = (
    "told: share of the readings that latents tell. step: what one natural standard deviation "
    "along the direction adds, measured in pictures. leaks: what it moves most of all that should "
    "stay, as a share of what is asked, both in natural standard deviations."
)


def directions_view(found: Directions) -> RenderableType:
    """A row a direction, in 80 columns."""
    known = any(one.identity is not None for one in found.each)
    layered = any(one.document()["layers"] != "all" for one in found.each)
    table = Table(box=None, padding=(0, 1), header_style="dim")
    table.add_column("direction", no_wrap=True)
    table.add_column("told", justify="right", no_wrap=True)
    table.add_column("step", justify="right", no_wrap=True)
    if layered:
        table.add_column("layers")
    if known:
        table.add_column("same", justify="right", no_wrap=True)
    table.add_column("leaks")
    for one in found.each:
        layers = [one.document()["layers"]] if layered else []
        same = [f"{one.identity:.2f}" if one.identity is not None else "–"] if known else []
        told = f"{100 * max(one.told, 0):.0f} %"
        table.add_row(one.reading.label, told, _step(one), *layers, *same, _leaks(one))
    notes = _NOTE + (" same: cosine of the person before and after a step." if known else "")
    head = Text.assemble((f"{len(found.each)} directions", "bold"), f" from {found.draws:,} draws")
    return Group(head, "", table, Text(notes, "dim"))


def _step(one: Direction) -> str:
    return f"{one.effect:+.3g} {one.reading.unit}".rstrip() if one.effect > 0 else "–"


def _leaks(one: Direction) -> str:
    if one.effect <= 0:
        return "leads nowhere"
    name, share = next(iter(one.leaks.items()), ("nothing", 0.0))
    return f"{name} {share:.2f}"
