"""Make more pictures of a catalogued person: another age, expression, pose or light."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.assets.encode import EXTENSIONS, decode, encode, sha256
from pipeline.attributes import load_scorer
from pipeline.attributes.changes import (
    MOST,
    Change,
    Changes,
    label_of,
    product_of,
    read_change,
    shown,
    unread,
)
from pipeline.attributes.scorer import Scorer
from pipeline.catalog.local_file import make_folder, whole_file
from pipeline.catalog.read import Catalog
from pipeline.catalog.scan import find_row
from pipeline.errors import CatalogError, SpecError
from pipeline.generators import load_generator
from pipeline.generators.generator import Generator
from pipeline.provenance.xmp import embed_xmp, synthetic_packet


@dataclass(frozen=True)
class Variation:
    """One more picture of a person.

    variation: what was asked, in words. changes: attribute -> what that came to for this person.
    perceived: attribute -> what the scorer reads of the picture. Values are numbers or the names of
    classes. unread: of the changes, those that it does not read as asked.
    """

    file: str
    asset_id: str
    person_id: str
    of: str
    variation: str
    changes: Mapping[str, float | str]
    perceived: Mapping[str, float | str]
    unread: tuple[str, ...]
    sha256: str
    w: tuple[float, ...]


def read_changes(texts: Sequence[str]) -> Changes:
    """Read `age=60`, `age=+20`, `light=left`; SpecError for what cannot be meant."""
    found: Changes = {}
    for text in texts:
        name, value = _halves(text, "set")
        change = read_change(name, value, "set")
        if change.attribute in found:
            raise SpecError(f"set.{name}: stands twice; remove one.")
        found[change.attribute] = change
    return found


def read_series(texts: Sequence[str]) -> list[Changes]:
    """Read `age=20:80:7`, seven values from 20 to 80, or `expression=smile,anger`; all combined.

    Raises:
        SpecError: a series cannot be meant, or they make more than MOST pictures.
    """
    axes: dict[str, list[Change]] = {}
    for text in texts:
        name, values = _halves(text, "series")
        steps = _steps(name, values) if ":" in values else values.split(",")
        changes = [read_change(name, one, "series") for one in steps]
        if changes[0].attribute in axes:
            raise SpecError(f"series.{name}: stands twice; remove one.")
        axes[changes[0].attribute] = changes
    return list(product_of(list(axes.values()), "series"))


def vary(
    catalog: Catalog,
    asset: str,
    wishes: Sequence[Changes],
    to: Path,
    size: int | None = None,
) -> list[Variation]:
    """Make a picture of a catalogued person for each wish, and write them and variations.json.

    The person is rebuilt from the stored latent, and only the dimensions that govern what is asked
    are moved. Pictures have the catalog's format and say that they are synthetic.

    Args:
        catalog: a sealed one, whose generator can edit its people: builtin:heads.
        asset: which person.
        wishes: what to change, for each picture.
        to: a folder, made if missing.
        size: px; None for the catalog's own.

    Returns:
        The pictures, in the order of the wishes.

    Raises:
        SpecError: the asset is not there, or the person or generator cannot be changed so.
        CatalogError: the generator or scorer here is another one than the catalog's.
    """
    from pipeline.generators.heads_edit import varied

    spec = catalog.document["spec"]
    if spec["generator"] != "builtin:heads":
        raise SpecError(
            f"vary: {catalog.document['generator']['name']} cannot edit its people; "
            "only builtin:heads can."
        )
    row = _row(catalog, asset)
    size = size or int(spec["image"]["size"])
    generator = _own("generator", catalog, load_generator("builtin:heads", size))
    scorer = _own("scorer", catalog, load_scorer(spec["scorer"]))
    w = np.array(row["w"], np.float32)
    make_folder(to)
    made = []
    for changes in wishes:
        latent, asked = varied(w, changes)
        models = (generator, scorer)
        made.append(_picture(catalog, row, changes, asked, latent, models, to, size))
    document = json.dumps([vars(one) for one in made], indent=1) + "\n"
    with whole_file(to / "variations.json", "vary again") as hidden:
        hidden.write_text(document)
    return made


def _picture(
    catalog: Catalog,
    row: Mapping[str, Any],
    changes: Changes,
    asked: Mapping[str, float],
    w: NDArray[np.float32],
    models: tuple[Generator, Scorer],
    to: Path,
    size: int,
) -> Variation:
    generator, scorer = models
    image = catalog.document["spec"]["image"]
    data = encode(generator.render(w[None], size)[0], image["format"], image["quality"])
    scores = scorer.score(decode(data)[None])
    digest = hashlib.sha256(w.tobytes() + f"{row['asset_id']}:{size}".encode()).hexdigest()[:20]
    data = embed_xmp(data, synthetic_packet(digest))
    file = f"{digest}.{EXTENSIONS[image['format']]}"
    with whole_file(to / file, "vary again") as hidden:
        hidden.write_bytes(data)
    return Variation(
        file,
        digest,
        str(row["person_id"]),
        str(row["asset_id"]),
        label_of(changes),
        {name: shown(name, value) for name, value in asked.items()},
        {name: shown(name, float(column[0])) for name, column in scores.values.items()},
        tuple(unread(asked, scores)),
        sha256(data),
        tuple(float(value) for value in w),
    )


def _row(catalog: Catalog, asset: str) -> Mapping[str, Any]:
    """The row of an asset."""
    found = find_row(catalog, asset)
    if found is not None:
        return found
    raise SpecError(f"asset: {asset!r} is none of {catalog.store.uri}; populace draw names some.")


def _own(what: str, catalog: Catalog, model: Any) -> Any:
    """The model, if it is the very one of the catalog."""
    wanted = catalog.document[what]["digest"]
    if model.digest != wanted:
        raise CatalogError(
            f"{what}: {catalog.document[what]['name']} here is another one than the catalog's "
            f"({model.digest[:12]}, not {wanted[:12]}); install the version of populace named in "
            "its catalog.json as software."
        )
    return model


def _halves(text: str, field: str) -> tuple[str, str]:
    name, _, value = (part.strip() for part in text.partition("="))
    if not name or not value:
        raise SpecError(f"{field}: {text!r} cannot be read; write attribute=value.")
    return name, value


def _steps(name: str, text: str) -> list[str]:
    """The values of `from:to:steps`, signs kept."""
    parts = text.split(":")
    if len(parts) != 3 or not parts[2].isdigit() or not 2 <= int(parts[2]) <= MOST:
        raise SpecError(f"series.{name}: {text!r} cannot be read; write from:to:steps, as 20:80:7.")
    first, last = (read_change(name, part, "series") for part in parts[:2])
    if first.relative != last.relative:
        raise SpecError(
            f"series.{name}: {text!r} has a sign at one end only; give both one, or none."
        )
    form = "{:+.9g}" if first.relative else "{:.9g}"
    return [form.format(value) for value in np.linspace(first.value, last.value, int(parts[2]))]
