"""Work out anew what a catalog should hold, from the spec that it carries."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.catalog.audit.findings import Findings
from pipeline.catalog.layout import CATALOG_KEY, asset_name
from pipeline.catalog.read import Catalog
from pipeline.errors import CatalogError, SpecError
from pipeline.sampling.quotas import quotas
from pipeline.sampling.slots import Slots
from pipeline.sampling.targets import Target, cells_of
from pipeline.sampling.true_quotas import ordered
from pipeline.spec import JobSpec, parse_spec


@dataclass(frozen=True)
class Ordered:
    """What the spec in a `catalog.json` orders; the digests are those that it names.

    Every row has a place: its slot, or slot x variations + variation where people are in several.
    """

    spec: JobSpec
    spec_digest: str
    generator_digest: str
    scorer_digest: str

    @cached_property
    def target(self) -> Target:
        """What is ordered of perceived cells."""
        digests = (self.generator_digest, self.scorer_digest)
        return ordered(self.spec.target, self.spec.limits.where, digests)

    @cached_property
    def quotas(self) -> NDArray[np.int64]:
        """Faces of each cell, rows that is: int64, shaped like the target's shares."""
        return self.slots.quotas * self.spec.per_person

    @cached_property
    def slots(self) -> Slots:
        """Which cell each slot orders."""
        return Slots(quotas(self.target, self.spec.count))

    @cached_property
    def labels(self) -> list[str]:
        """Every cell in words."""
        return [self.spec.target.label(cell) for cell in range(self.quotas.size)]

    @cached_property
    def bins(self) -> NDArray[np.int64]:
        """The number of every cell's bin on each axis: int64 [axes, cells]."""
        shape = self.quotas.shape
        places = np.unravel_index(np.arange(self.quotas.size), shape) if shape else ()
        return np.array(places, np.int64).reshape(len(shape), -1)

    def person(self, slot: int) -> str:
        """The name that a slot's person must have."""
        return f"p{self._name(slot, None)}"

    def asset(self, place: int) -> str:
        """The name that the asset at a place must have: of a slot, or of one of its variations."""
        slot, variation = divmod(place, self.spec.per_person)
        return self._name(slot, variation if self.spec.varied else None)

    def place_named(self, place: int) -> str:
        """A place in words."""
        slot, variation = divmod(place, self.spec.per_person)
        return f"slot {slot}, {self.spec.labels[variation]}" if self.spec.varied else f"slot {slot}"

    def _name(self, slot: int, variation: int | None) -> str:
        digests = (self.spec_digest, self.generator_digest, self.scorer_digest)
        return asset_name(*digests, slot, variation)


def read_ordered(catalog: Catalog) -> Ordered:
    """The order in a catalog.

    Raises:
        CatalogError: `catalog.json` lacks it, or this version does not understand its spec.
    """
    document, where = catalog.document, f"{catalog.store.uri}/{CATALOG_KEY}"
    try:
        spec = parse_spec({**document["spec"], "output": "."})
        found = Ordered(
            spec,
            str(document["spec_digest"]),
            str(document["generator"]["digest"]),
            str(document["scorer"]["digest"]),
        )
        str(document["manifest"]["content_digest"])
        made = found.quotas
    except SpecError as error:
        raise CatalogError(
            f"{where}: its spec cannot be read ({error}) "
            "audit it with the version of populace that it names as software"
        ) from None
    except (KeyError, TypeError, ValueError) as error:
        raise CatalogError(
            f"{where} is damaged ({type(error).__name__}: {error}); "
            "restore it from a copy of the catalog"
        ) from error
    assert made.sum() == spec.pictures
    return found


def check_document(
    document: Mapping[str, Any],
    order: Ordered,
    filed: NDArray[np.int64],
    size: int,
    findings: Findings,
) -> None:
    """Compare what `catalog.json` says with its own spec and with the rows as counted.

    filed: int64 [cells], rows by their column `cell`. size: bytes of all files by the rows.
    """

    def compare(subject: str, expected: object, found: object) -> None:
        if expected != found:
            findings.add("document", f"{CATALOG_KEY}, {subject}", expected, found)

    spec = order.spec
    compare("spec_digest", spec.digest, document["spec_digest"])
    compare("name", spec.name, document.get("name"))
    compare("count", spec.pictures, document.get("count"))
    if spec.varied:
        compare("people", spec.count, document.get("people"))
        compare("variations", list(spec.labels), document.get("variations"))
    compare("bytes", size, document.get("bytes"))
    compare("generator.name", spec.generator_name, document["generator"].get("name"))
    compare("scorer.name", spec.scorer_name, document["scorer"].get("name"))
    told = document.get("cells")
    if not isinstance(told, list) or not all(isinstance(cell, Mapping) for cell in told):
        compare("cells", "a list of cells", told)
        return
    compare("cells", f"{order.quotas.size} cells", f"{len(told)} cells")
    wanted = zip(cells_of(spec.target), order.quotas.ravel().tolist(), strict=True)
    for cell, (found, (bins, asked)) in enumerate(zip(told, wanted, strict=False)):
        subject = f"cell {cell} ({order.labels[cell]})"
        compare(f"{subject}, cell", cell, found.get("cell"))
        compare(f"{subject}, label", order.labels[cell], found.get("label"))
        compare(f"{subject}, bins", bins, found.get("bins"))
        compare(f"{subject}, asked", f"{asked}, by the spec", _counted(found.get("asked"), asked))
        counted = int(filed[cell])
        delivered = _counted(found.get("delivered"), counted, "counted in the rows")
        compare(f"{subject}, delivered", f"{counted}, counted in the rows", delivered)


def _counted(found: object, expected: int, how: str = "by the spec") -> object:
    """The number found, in the words of what is expected where it is that."""
    return f"{expected}, {how}" if found == expected else found
