"""Write the index of an export: a row a face, as CSV and as JSON."""

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TextIO

from pipeline.catalog.exports.about import LICENCE_FILE
from pipeline.catalog.exports.walk import Face, Walk


def entry(face: Face) -> dict[str, Any]:
    """What an index says of a face and its file."""
    file = {
        "file": face.path,
        "width": face.width,
        "height": face.height,
        "format": face.format,
        "bytes": face.length,
        "sha256": face.sha256,
    }
    beside = {f"{kind}_file": path for kind, path in face.extras.items()}
    return {"asset_id": face.asset_id, **file, **beside, **face.told}


def write_csv(out: TextIO, rows: Iterable[Mapping[str, Any]]) -> None:
    """A line of names, then a line a row; what there is not is empty.

    Every row has the same names.
    """
    writer = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(out, list(row), lineterminator="\n")
            writer.writeheader()
        writer.writerow(row)


def write_list(out: TextIO, items: Iterable[Any], indent: str = "") -> None:
    """A JSON array, an item a line."""
    comma = "["
    for item in items:
        out.write(f"{comma}\n{indent}{json.dumps(item, ensure_ascii=False)}")
        comma = ","
    out.write("[]" if comma == "[" else "\n]")


def write_document(out: TextIO, head: Mapping[str, Any], name: str, items: Iterable[Any]) -> None:
    """A JSON object of what `head` says and, under `name`, an array with an item a line."""
    for key, value in head.items():
        start = "{" if key == next(iter(head)) else ","
        out.write(f"{start}\n{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}")
    out.write(f",\n{json.dumps(name)}: ")
    write_list(out, items)
    out.write("\n}\n")


def write_json(out: TextIO, document: Mapping[str, Any]) -> None:
    """A JSON document to be read by people, too."""
    json.dump(document, out, indent=2, ensure_ascii=False)
    out.write("\n")


def head(walk: Walk) -> dict[str, Any]:
    """What the JSON files of an export say before their faces."""
    return {
        **walk.about.document(),
        "licence_file": LICENCE_FILE,
        "count": walk.selection.count,
    }


def write_index(walk: Walk, rows: Callable[[], Iterable[Mapping[str, Any]]] | None = None) -> None:
    """Write index.csv and index.json of the faces, or of what `rows` gives at each call."""

    def entries() -> Iterable[Mapping[str, Any]]:
        return map(entry, walk.each()) if rows is None else rows()

    with walk.document("index.csv") as file:
        write_csv(file, entries())
    with walk.document("index.json") as file:
        write_document(file, head(walk), "faces", entries())
