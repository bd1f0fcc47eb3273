"""Read `job.json`: what was ordered, cell by cell."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.errors import CatalogError


@dataclass(frozen=True)
class Cell:
    """One combination of bins, and how many faces it was promised."""

    index: int
    label: str
    bins: Mapping[str, str]
    count: int


@dataclass(frozen=True)
class Order:
    """The part of a job that sealing and reporting need.

    count: faces, rows of the manifest, as those of the cells. people: slots. variations: of each of
    them, in words; empty where people are in one picture each, as they are found.
    """

    name: str
    count: int
    people: int
    variations: tuple[str, ...]
    shards: int
    spec_digest: str
    generator: Mapping[str, str]
    scorer: Mapping[str, str]
    cells: tuple[Cell, ...]

    def axes(self) -> list[tuple[str, list[str]]]:
        """The balanced attributes with their bins, in the order in which the cells name them."""
        bins: dict[str, dict[str, None]] = {}
        for cell in self.cells:
            for name, value in cell.bins.items():
                bins.setdefault(name, {})[value] = None
        return [(name, list(values)) for name, values in bins.items()]


def read_order(job: Mapping[str, Any]) -> Order:
    """The order in a `job.json`; CatalogError when it lacks something or does not add up."""
    try:
        variations = tuple(str(label) for label in job.get("variations", ()))
        each = max(1, len(variations))
        cells = tuple(
            Cell(
                int(cell["cell"]), str(cell["label"]), dict(cell["bins"]), int(cell["count"]) * each
            )
            for cell in job["cells"]
        )
        people = int(job["count"])
        order = Order(
            name=str(job["name"]),
            count=people * each,
            people=people,
            variations=variations,
            shards=int(job["shards"]),
            spec_digest=str(job["spec_digest"]),
            generator={key: str(job["generator"][key]) for key in ("name", "digest")},
            scorer={key: str(job["scorer"][key]) for key in ("name", "digest")},
            cells=cells,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise CatalogError(
            f"job.json is damaged ({type(error).__name__}: {error}); "
            "restore it, or run the job into a new output"
        ) from error
    if sum(cell.count for cell in cells) != order.count:
        raise CatalogError(
            f"job.json orders {order.count} faces, but its cells add up to "
            f"{sum(cell.count for cell in cells)}; restore it, or run the job into a new output"
        )
    return order
