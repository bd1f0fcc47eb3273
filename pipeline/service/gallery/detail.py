"""Gather all that is known of one face: its file, scores, provenance, lineage and person."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.assets.extras import EXTRAS
from pipeline.attributes.taxonomy import ATTRIBUTES, BY_NAME, MONK_HEX, Attribute
from pipeline.catalog.fetch import asset_of, fetch_group
from pipeline.catalog.manifest import QUALITIES
from pipeline.errors import CatalogError
from pipeline.provenance.xmp import DIGITAL_SOURCE_TYPE, read_label
from pipeline.service.gallery.index import FaceIndex
from pipeline.service.gallery.words import label_of, title_of, value_of

_LARGE = ("w", "landmarks", "camera")
_NAMES = {"gender_presentation": "presentation", "hair_color": "hair colour", "ita": "ITA"}
_LIKELY = 0.005
_MOST_LIKELY = 3
_MOST_OF_PERSON = 24

_QUALITY_WORDS = {
    "confidence": "Sure of its cell",
    "realism": "Realism",
    "sharpness": "Sharpness",
    "clipped": "Clipped pixels",
    "skin_share": "Skin in the picture",
}


def face_document(index: FaceIndex, asset_id: str) -> dict[str, Any]:
    """What the page of a face shows, as plain values.

    Raises Refusal where the asset is none of the catalog's.
    """
    number = index.number_of(asset_id)
    row = _whole_row(index, number)
    return {
        "row": row,
        "number": number,
        "title": title_of(row),
        "label": label_of(row),
        "perceived": [_perceived(a, row) for a in ATTRIBUTES if row.get(a.name) is not None],
        "scores": _scores(row),
        "file": _file(index, row),
        "lineage": _lineage(index, row),
        "person": _person(index, row),
    }


def _whole_row(index: FaceIndex, number: int) -> dict[str, Any]:
    """A row but for its latent and other long lists."""
    group = index.places.group_of(number)
    catalog = index.catalog
    columns = [name for name in catalog.schema().names if name not in _LARGE]
    table = catalog.row_group(catalog.parts[group.part], group.index, columns)
    row: dict[str, Any] = table.slice(number - group.start, 1).to_pylist()[0]
    return row


def _perceived(attribute: Attribute, row: Mapping[str, Any]) -> dict[str, Any]:
    """An attribute's value, and the likeliest classes where these tell more."""
    chances = row.get(f"{attribute.name}_p") or ()
    pairs = sorted(zip(chances, attribute.classes, strict=False), reverse=True)[:_MOST_LIKELY]
    return {
        "name": _NAMES.get(attribute.name, attribute.name.replace("_", " ")),
        "value": value_of(attribute.name, row[attribute.name]),
        "color": _color(attribute.name, row[attribute.name]),
        "likely": [
            {"name": name, "chance": chance, "words": f"{chance:.0%}"}
            for chance, name in pairs
            if chance >= _LIKELY
        ]
        if attribute.kind == "class"
        else [],
    }


def _color(name: str, value: Any) -> str | None:
    if name != "skin_tone" or not 1 <= value <= len(MONK_HEX):
        return None
    return MONK_HEX[value - 1]


def _scores(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    names = ("confidence", *(name for name in QUALITIES))
    return [
        {"name": _QUALITY_WORDS[name], "value": float(row[name]), "words": f"{row[name]:.1%}"}
        for name in names
        if row.get(name) is not None
    ]


def _file(index: FaceIndex, row: Mapping[str, Any]) -> dict[str, Any]:
    """What the file is, whether it is the one of the manifest, and what it says of itself."""
    size = f"{row['length'] / 1000:,.1f} kB"
    facts = {
        "picture": f"{row['width']} × {row['height']} px, {row['format'].upper()}, {size}",
        "place": f"{row['uri']}" + (f", byte {row['offset']:,}" if row["offset"] else ""),
        "sha256": row["sha256"],
        "pixels": row["pixels_sha256"],
        "extras": [kind for kind in EXTRAS if row.get(f"{kind}_uri") is not None],
    }
    try:
        ((_, data),) = fetch_group(index.catalog.store, [asset_of(row)])
        label = read_label(data)
    except CatalogError as error:
        return {**facts, "sound": False, "checked": str(error), "marks": []}
    except ValueError as error:
        return {**facts, "sound": True, "checked": "", "marks": [("XMP", False, str(error))]}
    return {**facts, "sound": True, "checked": "", "marks": [_xmp(label, row)]}


def _xmp(label: Any, row: Mapping[str, Any]) -> tuple[str, bool, str]:
    if label is None or label.source_type is None:
        return ("XMP", False, "none in this file")
    if label.source_type != DIGITAL_SOURCE_TYPE:
        return ("XMP", False, f"says {label.source_type}")
    if label.identifier not in (None, row["asset_id"]):
        return ("XMP", False, f"names another asset, {label.identifier}")
    return ("XMP", True, "says that it is synthetic, and names this asset")


def _lineage(index: FaceIndex, row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """How the face came to be, step by step."""
    document = index.catalog.document
    generator, scorer = document.get("generator", {}), document.get("scorer", {})
    lines = [
        ("Job", f"{document.get('name', '')}, sealed {document.get('sealed_at', '')[:10]}"),
        ("Ordered", row["cell_label"].replace("_", " ").replace("=", " ") or "any face"),
        ("Variation", row.get("variation") or ""),
        ("Slot", f"{row['slot']:,} in shard {row['shard']:,}, attempt {row['attempt']:,}"),
        ("Seed", f"{row['seed']}" + (f", {row['proposal']}" if row.get("proposal") else "")),
        ("Generator", f"{generator.get('name', '')} {row['generator_digest'][:12]}"),
        ("Scorer", f"{scorer.get('name', '')} {row['scorer_digest'][:12]}"),
        ("Device", row["device"]),
        ("Spec", str(document.get("spec_digest", ""))[:12]),
        ("Licence", str(document.get("licence", "see catalog.json"))),
    ]
    return [(name, value) for name, value in lines if value]


def _person(index: FaceIndex, row: Mapping[str, Any]) -> dict[str, Any] | None:
    """The faces of the same person, where the manifest names persons."""
    person = row.get("person_id")
    if person is None:
        return None
    rows: Sequence[int] = index.places.numbers_of("person_id", [person]).tolist()
    shown = index.places.rows(rows[:_MOST_OF_PERSON], ["asset_id", *_label_columns(index)])
    faces = [
        {"number": number, "asset_id": one["asset_id"], "label": label_of(one)}
        for number, one in zip(rows[:_MOST_OF_PERSON], shown, strict=True)
    ]
    return {"id": person, "count": len(rows), "faces": faces}


def _label_columns(index: FaceIndex) -> list[str]:
    return [name for name in BY_NAME if name in index.columns]
