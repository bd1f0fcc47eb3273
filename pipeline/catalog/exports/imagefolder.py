"""Export an image folder as Hugging Face's `datasets` loads it, with a dataset card.

Layout: https://huggingface.co/docs/datasets/image_dataset (`metadata.jsonl` with `file_name`);
card: https://huggingface.co/docs/hub/datasets-cards.
"""

import json
from collections import Counter
from typing import Any

import yaml

from pipeline.attributes.taxonomy import ATTRIBUTES
from pipeline.catalog.exports.about import LICENCE_FILE, words
from pipeline.catalog.exports.index import entry
from pipeline.catalog.exports.walk import Face, Walk, below

_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
_LARGEST = "10M<n<100M"


def write(walk: Walk) -> None:
    """Write images, metadata.jsonl, the card README.md and LICENCE.txt."""
    walk.images(below("images"))
    counts: dict[str, Counter[str]] = {}
    with walk.document("metadata.jsonl") as file:
        for face in walk.each():
            file.write(json.dumps(_named(face), ensure_ascii=False) + "\n")
            for name, word in words(face.told).items():
                counts.setdefault(name, Counter())[word] += 1
    with walk.document("README.md") as file:
        file.write(_card(walk, counts))
    walk.licence()


def _named(face: Face) -> dict[str, Any]:
    """The entry of a face with the name that `datasets` looks for."""
    told = entry(face)
    return {"file_name": told.pop("file"), **told}


def _card(walk: Walk, counts: dict[str, "Counter[str]"]) -> str:
    about, count = walk.about, walk.selection.count
    other = {"license": "other", "license_name": "catalog-terms", "license_link": LICENCE_FILE}
    head = {
        "pretty_name": about.name,
        **({"license": about.spdx.lower()} if about.spdx else other),
        "task_categories": ["image-classification", "unconditional-image-generation"],
        "tags": ["synthetic", "faces", "populace"],
        "size_categories": [next((size for most, size in _SIZES if count < most), _LARGEST)],
    }
    lines = [
        "---",
        yaml.safe_dump(head, sort_keys=False, allow_unicode=True).rstrip(),
        "---",
        "",
        f"# {about.name}",
        "",
        f"{count:,} synthetic faces. {about.provenance}",
        "",
        "```python",
        "from datasets import load_dataset",
        "",
        'faces = load_dataset("imagefolder", data_dir=".", split="train")',
        "```",
        "",
        "## Licence",
        "",
        about.licence,
        "",
        "## How it was made",
        "",
        f"Generator `{about.generator}`, attributes read by `{about.scorer}`, with "
        f"{about.software}, sealed {about.sealed_at}. Every row has `digital_source_type`, and "
        "every image says the same in its XMP data.",
        "",
        "## What it holds",
        "",
        "Perceived attributes, by their usual bins; a column of `metadata.jsonl` each.",
    ]
    for attribute in ATTRIBUTES:
        if attribute.name in counts:
            lines += [
                "",
                f"### {attribute.name}",
                "",
                f"{attribute.doc}",
                "",
                *_table(counts[attribute.name]),
            ]
    return "\n".join([*lines, ""])


def _table(counts: "Counter[str]") -> list[str]:
    rows = [f"| {word} | {count:,} |" for word, count in sorted(counts.items(), key=_in_order)]
    return ["| bin | faces |", "| --- | ---: |", *rows]


def _in_order(item: tuple[str, int]) -> tuple[float, str]:
    """Numbers by their size, then words."""
    word = item[0]
    start = word.split("..")[0].rstrip("+")
    start = start.split("-")[0] if start[:1] != "-" else start
    try:
        return float(start), word
    except ValueError:
        return float("-inf") if word.startswith("..") else float("inf"), word
