"""Report on a catalog: what was asked and delivered, and what it took, for people and machines."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline import __version__
from pipeline.attributes.changes import WORDS
from pipeline.attributes.taxonomy import BY_NAME
from pipeline.catalog.ledger import Ledger
from pipeline.catalog.order import Order
from pipeline.catalog.pages import joint_table, render
from pipeline.catalog.receipts import Work

WARNING = (
    "All attributes are perceived: a scorer reads them from the pixels, and it errs. They say how "
    "a picture looks, never who anybody is. The balance above is exact in what the scorer "
    "perceives; how often it is right is in its model card."
)

_STAGES = {
    "draw": "drawing and screening latents",
    "preview": "rendering previews",
    "render": "rendering full images",
    "score": "scoring",
    "encode_store": "encoding and storing",
}
_LONGEST_LIST = 200


def build_report(
    order: Order,
    job: Mapping[str, Any],
    work: Work,
    ledger: Ledger,
    content_digest: str,
    known: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The figures of a catalog as plain JSON values: `report.json`, and what the page shows.

    known: what is estimated of the job, see `seal`.
    """
    known = {
        **dict.fromkeys(("truth", "natural", "surrogate", "directions")),
        **(known or {}),
    }
    figures = ledger.cells()
    cells = []
    for cell in order.cells:
        found = figures.get(cell.index)
        cells.append(
            {
                "cell": cell.index,
                "label": cell.label,
                "bins": dict(cell.bins),
                "asked": cell.count,
                "delivered": found.delivered if found else 0,
                "candidates_per_face": found.tried if found else None,
                "confidence": found.confidence if found else None,
            }
        )
    return {
        "name": order.name,
        "count": order.count,
        "people": order.people,
        "variations": list(order.variations),
        "software": f"populace {__version__}",
        "images": [
            {"width": width, "height": height, "format": name}
            for width, height, name in ledger.pictures()
        ],
        "background": job["spec"].get("image", {}).get("background", "scene"),
        "extras": list(job["spec"].get("extras", ())),
        "balanced": [_margin(name, bins, cells, known) for name, bins in order.axes()],
        "cells": cells,
        **known,
        "perceived": {"classes": ledger.classes(), "numbers": ledger.numbers()},
        "work": _work(work),
        "digests": {
            "spec": order.spec_digest,
            "generator": order.generator["digest"],
            "scorer": order.scorer["digest"],
            "rows": content_digest,
        },
        "generator": order.generator["name"],
        "scorer": order.scorer["name"],
        "versions": dict(job.get("versions", {})),
        "warning": WARNING,
    }


def render_report(report: Mapping[str, Any], sheet: bytes) -> str:
    """The report as one self-contained HTML page, with the contact sheet (a JPEG) inside."""
    ordered = {margin["name"] for margin in report["balanced"]} | _varied(report["variations"])
    perceived = report["perceived"]
    return render(
        "report.html.j2",
        report=report,
        summary=_summary(report),
        sheet=base64.b64encode(sheet).decode(),
        table=joint_table(_axes(report), _shaded(report["cells"])),
        listed=report["cells"][:_LONGEST_LIST],
        others={k: v for k, v in perceived["classes"].items() if k not in ordered},
        ranges={k: v for k, v in perceived["numbers"].items() if k not in ordered},
        attributes=BY_NAME,
        stages=_STAGES,
    )


def _varied(labels: Sequence[str]) -> set[str]:
    """The attributes that variations set."""
    named = {part.partition("=")[0] for label in labels for part in label.split(", ")}
    return {WORDS[name][0] if name in WORDS else name for name in named}


def _margin(
    name: str, bins: Sequence[str], cells: Sequence[Mapping[str, Any]], known: Mapping[str, Any]
) -> dict[str, Any]:
    """One balanced attribute: faces asked and delivered in each bin, and what is known of it.

    elsewhere: of the truth, what lies in no bin.
    """
    rows = [
        {
            "bin": value,
            "asked": sum(c["asked"] for c in cells if c["bins"].get(name) == value),
            "delivered": sum(c["delivered"] for c in cells if c["bins"].get(name) == value),
            "natural": _row(known["natural"], name, i),
            "truth": _row(known["truth"], name, i),
        }
        for i, value in enumerate(bins)
    ]
    return {"name": name, "bins": rows, "elsewhere": _row(known["truth"], name, len(bins))}


def _row(estimate: Mapping[str, Any] | None, name: str, index: int) -> Mapping[str, Any] | None:
    rows: Sequence[Mapping[str, Any]] = (estimate or {"axes": {}})["axes"].get(name, ())
    return rows[index] if index < len(rows) else None


def _work(work: Work) -> dict[str, Any]:
    # Encoders run beside the renderer: a worker's own time is what its first thread spends.
    busy = sum(work.seconds.get(stage, 0.0) for stage in ("draw", "preview", "render", "score"))
    return {
        "draws": work.draws,
        "draws_per_face": work.draws / work.rows,
        "renders": work.renders,
        "renders_per_face": work.renders / work.rows,
        "previews": work.previews,
        "previews_per_face": work.previews / work.rows,
        "refused": dict(work.refused),
        "seconds": dict(work.seconds),
        "faces_per_worker_second": work.rows / busy if busy else None,
        "bytes": work.bytes,
        "devices": list(work.devices),
    }


def _axes(report: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """The balanced attributes and their bins."""
    return [(m["name"], [entry["bin"] for entry in m["bins"]]) for m in report["balanced"]]


def _shaded(cells: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The cells with faces, with `shade`, 0-100: how hard each was against the hardest."""
    tried = [cell for cell in cells if cell["candidates_per_face"]]
    most = max((cell["candidates_per_face"] for cell in tried), default=0.0)
    # From one candidate a face, which is no work at all, to the most.
    span = max(most - 1.0, 1.0)
    return [
        {**cell, "shade": round(100 * (cell["candidates_per_face"] - 1.0) / span)} for cell in tried
    ]


def _summary(report: Mapping[str, Any]) -> str:
    """One sentence that says what the catalog is."""
    count, cells = report["count"], report["cells"]
    faces = f"{count:,} faces" if count != 1 else "One face"
    people = "people who do not exist" if report["people"] != 1 else "a person who does not exist"
    if report["variations"]:
        faces = f"{count:,} pictures" if count != 1 else "One picture"
        if report["people"] != 1:
            people = f"{report['people']:,} {people}"
    images = report["images"]
    kind = ""
    if len(images) == 1:
        image = images[0]
        kind = f", {image['width']} \N{MULTIPLICATION SIGN} {image['height']} px {image['format']}"
        kind = kind.replace("jpeg", "JPEG").replace("png", "PNG").replace("webp", "WebP")
        if report["background"] != "scene":
            kind += f" on {report['background']}".replace("on transparent", "cut out")
    if report["extras"]:
        kind += f", each with {_listed(report['extras'])} beside it"
    names = [margin["name"].replace("_", " ") for margin in report["balanced"]]
    if not names:
        return f"{faces} of {people}{kind}, in the generator's natural mix."
    return (
        f"{faces} of {people}{kind}, balanced by {_listed(names)}: "
        f"{len(cells)} cells, each with exactly the faces ordered."
    )


def _listed(names: Sequence[str]) -> str:
    """Names as a phrase: `a, b and c`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
