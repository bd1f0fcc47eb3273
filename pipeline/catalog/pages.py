"""Render self-contained HTML pages from the templates beside this module."""

from collections.abc import Mapping, Sequence
from itertools import groupby, product
from math import prod
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

_WIDEST_TABLE = 16


def render(template: str, **values: Any) -> str:
    """A page; what is put in is escaped."""
    environment = Environment(
        loader=PackageLoader("pipeline.catalog"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["words"] = lambda name: str(name).replace("_", " ")
    environment.filters["size"] = _size
    environment.filters["figure"] = _figure
    return environment.get_template(template).render(**values)


def joint_table(
    axes: Sequence[tuple[str, Sequence[str]]], cells: Sequence[Mapping[str, Any]]
) -> dict[str, Any] | None:
    """The cells as a table: first attribute down, the others across, nested; None if too wide.

    Args:
        axes: the balanced attributes and their bins.
        cells: with `bins`, attribute -> bin, `shade`, 0-100, and what the template shows.
    """
    if not 2 <= len(axes) <= 3 or prod(len(bins) for _, bins in axes[1:]) > _WIDEST_TABLE:
        return None
    columns = list(product(*(bins for _, bins in axes[1:])))
    heads = [
        [
            (path[-1], len(list(span)))
            for path, span in groupby(column[:depth] for column in columns)
        ]
        for depth in range(1, len(axes))
    ]
    found = {tuple(cell["bins"].get(name) for name, _ in axes): cell for cell in cells}
    rows = [(row, [found.get((row, *column)) for column in columns]) for row in axes[0][1]]
    return {"axes": [name for name, _ in axes], "heads": heads, "rows": rows}


def _size(size: float) -> str:
    """Bytes as people read them."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"


def _figure(value: float | None) -> str:
    """A number with the digits that matter."""
    if value is None:
        return "\N{EN DASH}"
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"
