"""Say of whole exports, and of each face in an index, what it is: licence, label, attributes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pipeline.attributes.bins import Bin, parse_bins
from pipeline.attributes.taxonomy import ATTRIBUTES, BY_NAME
from pipeline.catalog.manifest import QUALITIES
from pipeline.catalog.read import Catalog
from pipeline.catalog.rows_view import plain
from pipeline.provenance.xmp import DIGITAL_SOURCE_TYPE

LABEL = "digital_source_type"
"""The column of every index that says of each face that it is synthetic."""

LICENCE_FILE = "LICENCE.txt"

_DIGITS = 6

_SPDX = frozenset(
    {
        *("CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "CC-BY-ND-4.0"),
        *("CC-BY-NC-SA-4.0", "CC-BY-NC-ND-4.0", "Apache-2.0", "MIT", "ODbL-1.0"),
    }
)


@dataclass(frozen=True)
class About:
    """What an export says of the catalog that it is of.

    version: of the catalog. sealed_at: ISO 8601. digest: of the job's spec.
    """

    name: str
    version: int
    licence: str
    provenance: str
    software: str
    sealed_at: str
    digest: str
    generator: str
    scorer: str

    def document(self) -> dict[str, Any]:
        """The same for the head of a JSON file, with the label."""
        return {
            "name": self.name,
            "version": self.version,
            LABEL: DIGITAL_SOURCE_TYPE,
            "licence": self.licence,
            "provenance": self.provenance,
            "software": self.software,
            "sealed_at": self.sealed_at,
        }

    @property
    def spdx(self) -> str | None:
        """The licence as an identifier of SPDX, where it is one of the usual ones for data."""
        return self.licence if self.licence in _SPDX else None

    def licence_text(self) -> str:
        """The content of LICENCE.txt."""
        return (
            f"{self.name}\n\n{self.licence}\n\n{self.provenance}\n\n"
            f"Digital source type: {DIGITAL_SOURCE_TYPE}\n"
        )


def about(catalog: Catalog) -> About:
    """What a catalog says of itself; empty where it does not."""
    document = catalog.document

    def text(name: str, part: Mapping[str, Any] = document) -> str:
        return str(part.get(name) or "")

    return About(
        name=text("name") or "faces",
        version=catalog.version,
        licence=text("licence"),
        provenance=text("provenance"),
        software=text("software"),
        sealed_at=text("sealed_at"),
        digest=text("spec_digest"),
        generator=text("name", document.get("generator") or {}),
        scorer=text("name", document.get("scorer") or {}),
    )


def label_columns(catalog: Catalog) -> list[str]:
    """The manifest's columns that an index has: names, what was perceived, and how good it is.

    Attributes and qualities that nobody measured are left out.
    """
    measured = [*(attribute.name for attribute in ATTRIBUTES), "confidence", *QUALITIES]
    empty = _empty_columns(catalog, measured)
    varied = ["variation"] if "variation" in catalog.schema().names else []
    return ["asset_id", "person_id", *varied, *(name for name in measured if name not in empty)]


def labels(row: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """What an index says of a face: these columns, those of a draw if there was one, the label.

    Numbers have six digits, as many as float32 can tell apart; what is no number is None.
    """
    drawn = [name for name in ("draw_cell", "draw_weight") if name in row]
    told = {name: _short(row[name]) for name in (*columns, *drawn)}
    return {**told, LABEL: DIGITAL_SOURCE_TYPE}


def words(told: Mapping[str, Any]) -> dict[str, str]:
    """Each attribute that a face was perceived in, as its class or its usual bin: `age`, `20-29`.

    told: as `labels` gives it. A number in no usual bin is left out.
    """
    found = {}
    for attribute in ATTRIBUTES:
        value = told.get(attribute.name)
        if value is None:
            continue
        if attribute.kind == "class":
            found[attribute.name] = str(value)
        for one in _usual_bins(attribute.name):
            if one.low <= value < one.high or (one.closed and value == one.high):
                found[attribute.name] = one.label
    return found


@cache
def _usual_bins(name: str) -> tuple[Bin, ...]:
    """The usual bins of a number; none of a class, which is a word already."""
    attribute = BY_NAME[name]
    return () if attribute.kind == "class" else parse_bins(name, attribute.usual_bins)


def _empty_columns(catalog: Catalog, names: Sequence[str]) -> set[str]:
    """Those of the columns that are null in every row, by the statistics alone."""
    empty = set(names)
    for part in catalog.parts:
        footer = catalog.open_part(part).metadata
        for index in range(footer.num_row_groups):
            group = footer.row_group(index)
            for number in range(group.num_columns):
                column = group.column(number)
                told = column.statistics
                if told is None or (told.null_count or 0) < group.num_rows:
                    empty.discard(column.path_in_schema)
    return empty


def _short(value: Any) -> Any:
    value = plain(value)
    return float(f"{value:.{_DIGITS}g}") if isinstance(value, float) else value
