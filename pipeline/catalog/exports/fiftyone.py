"""Export a dataset folder that FiftyOne imports: `fo.types.FiftyOneDataset`.

Layout: https://docs.voxel51.com/user_guide/import_datasets.html (metadata.json, samples.json and
data/). metadata.json names no version of FiftyOne, by which its importer takes samples as they are
and finds the types of their fields itself.
"""

from typing import Any

from pipeline.assets.encode import MEDIA_TYPES
from pipeline.attributes.taxonomy import ATTRIBUTES, BY_NAME
from pipeline.catalog.exports.index import head, write_document, write_json
from pipeline.catalog.exports.walk import Face, Walk, below

_DIGITS = 6


def probability_columns(columns: list[str]) -> list[str]:
    """The manifest's columns that say how sure the scorer was of each class."""
    known = {a.name for a in ATTRIBUTES if a.kind == "class"}
    return [f"{name}_p" for name in columns if name in known]


def write(walk: Walk) -> None:
    """Write data/<shard>/<asset>.<suffix>, samples.json, metadata.json and LICENCE.txt."""
    walk.more = probability_columns(walk.columns)
    walk.images(below("data"))
    with walk.document("samples.json") as file:
        write_document(file, {"count": walk.selection.count}, "samples", map(_sample, walk.each()))
    with walk.document("metadata.json") as file:
        classes = {
            name: list(BY_NAME[name].classes)
            for name in walk.columns
            if name in BY_NAME and BY_NAME[name].kind == "class"
        }
        document = {"media_type": "image", "info": head(walk), "classes": classes}
        write_json(file, document)
    walk.licence()


def _sample(face: Face) -> dict[str, Any]:
    """A face as FiftyOne serializes a sample: classes are Classification labels."""
    sample: dict[str, Any] = {
        "filepath": face.path,
        "tags": ["synthetic"],
        "metadata": {
            "_cls": "ImageMetadata",
            "size_bytes": face.length,
            "mime_type": MEDIA_TYPES[face.format],
            "width": face.width,
            "height": face.height,
        },
    }
    for name, value in face.told.items():
        if name in BY_NAME and BY_NAME[name].kind == "class":
            sample[name] = _classification(face, name, value)
        else:
            sample[name] = value
    return sample


def _classification(face: Face, name: str, value: str | None) -> dict[str, Any] | None:
    if value is None:
        return None
    label: dict[str, Any] = {"_cls": "Classification", "label": value}
    chances = face.row.get(f"{name}_p")
    if chances:
        sure = chances[BY_NAME[name].classes.index(value)]
        label["confidence"] = float(f"{sure:.{_DIGITS}g}")
    return label
