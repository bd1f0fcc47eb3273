"""Show all that a catalog knows of one asset: where it lies, what was perceived, what made it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipeline.assets.encode import EXTENSIONS
from pipeline.assets.extras import EXTRAS
from pipeline.attributes.taxonomy import ATTRIBUTES, Attribute
from pipeline.catalog.fetch import asset_of, fetch_group
from pipeline.catalog.local_file import whole_file
from pipeline.catalog.manifest import QUALITIES
from pipeline.catalog.read import Catalog
from pipeline.catalog.scan import find_row
from pipeline.errors import SpecError, printable

_LIKELY = 0.01
_MOST_LIKELY = 4


def asset_row(catalog: Catalog, asset_id: str) -> dict[str, Any]:
    """The whole row of an asset; SpecError where the catalog has none of this name."""
    found = find_row(catalog, asset_id)
    if found is not None:
        return found
    raise SpecError(
        f"asset: {asset_id!r} is the asset_id of none of the {catalog.count():,} faces; "
        "`populace ls` and `populace draw` print some"
    )


def asset_document(catalog: Catalog, row: Mapping[str, Any]) -> dict[str, Any]:
    """The row with `place`, where its file lies, in front: for JSON."""
    return {"place": f"{catalog.store.uri}/{row['uri']}", **row}


def save_image(catalog: Catalog, row: Mapping[str, Any], path: Path) -> int:
    """Write the asset's file, checked by its sha256, as it is; its size in bytes.

    Raises SpecError where the path's suffix is not that of the file.
    """
    suffixes = {f".{EXTENSIONS[row['format']]}", f".{row['format']}"}
    if path.suffix.lower() not in suffixes:
        raise SpecError(
            f"image: {path} does not end in {' or '.join(sorted(suffixes))}, and the file is saved "
            f"as it is, {row['format']}; rename it"
        )
    ((_, data),) = fetch_group(catalog.store, [asset_of(row)])
    with whole_file(path, "show it again") as hidden:
        hidden.write_bytes(data)
    return len(data)


def asset_view(catalog: Catalog, row: Mapping[str, Any]) -> RenderableType:
    """All of a row but its latent and landmarks, to be read at 80 columns."""
    parts: list[RenderableType] = [Text(printable(row["asset_id"]), style="bold")]
    for title, lines in (
        ("File", _file(catalog, row)),
        ("Perceived", {a.name: _perceived(a, row) for a in ATTRIBUTES if row[a.name] is not None}),
        ("Quality", {n: f"{row[n]:.3f}" for n in QUALITIES if row[n] is not None}),
        ("Provenance", _provenance(row)),
    ):
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in lines.items():
            table.add_row(Text(f"  {name}"), Text(printable(value)))
        parts += [Text(f"\n{title}", style="bold"), table]
    return Group(*parts)


def _file(catalog: Catalog, row: Mapping[str, Any]) -> dict[str, str]:
    lines = {
        "place": f"{catalog.store.uri}/{row['uri']}",
        "bytes": f"{row['length']:,} from byte {row['offset']:,} on",
        "picture": f"{row['width']} x {row['height']} px, {row['format']}",
        "sha256": row["sha256"],
        "pixels": row["pixels_sha256"],
    }
    for kind in EXTRAS:
        if row.get(f"{kind}_uri") is not None:
            span = f"{row[f'{kind}_length']:,} from byte {row[f'{kind}_offset']:,} on"
            lines[kind] = f"{row[f'{kind}_uri']}, {span}"
    return lines


def _perceived(attribute: Attribute, row: Mapping[str, Any]) -> str:
    value = row[attribute.name]
    unit = f" {attribute.unit}" if attribute.unit else ""
    words = value if isinstance(value, str) else f"{value:.4g}{unit}"
    chances = row.get(f"{attribute.name}_p")
    if not chances:
        return str(words)
    pairs = sorted(zip(chances, attribute.classes, strict=False), reverse=True)[:_MOST_LIKELY]
    likely = [f"{name} {chance:.1%}" for chance, name in pairs if chance >= _LIKELY]
    return f"{words}  ({', '.join(likely)})"


def _provenance(row: Mapping[str, Any]) -> dict[str, str]:
    return {
        "ordered": f"cell {row['cell']}: {row['cell_label']}",
        "confidence": f"{row['confidence']:.3f} of this cell",
        "order": f"slot {row['slot']:,}, shard {row['shard']:,}",
        "person": row["person_id"],
        **({"variation": row["variation"], "edits": row["edits"]} if "variation" in row else {}),
        "drawn": f"{row['proposal']}, attempt {row['attempt']:,}, seed {row['seed']}",
        "latent": f"{len(row['w'])} values (w)",
        "generator": row["generator_digest"],
        "scorer": row["scorer_digest"],
        "device": row["device"],
    }
