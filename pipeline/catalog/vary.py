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
from pipeline.attributes.scorer import Scorer, Scores, joined
from pipeline.catalog.calibrated import known_directions, pair_folder
from pipeline.catalog.likeness import Likeness
from pipeline.catalog.local_file import make_folder, whole_file
from pipeline.catalog.read import Catalog
from pipeline.catalog.scan import find_row
from pipeline.errors import CatalogError, SpecError
from pipeline.generators import load_generator
from pipeline.generators.checkpoint_spec import GeneratorSpec
from pipeline.generators.generator import Generator, bands_of
from pipeline.generators.heads_edit import varied
from pipeline.generators.steering import layered, steered
from pipeline.provenance.xmp import embed_xmp, synthetic_packet
from pipeline.spec import EDITABLE, JobSpec, parse_spec

_LOT = 16
"""Pictures held at once."""


@dataclass(frozen=True)
class Variation:
    """One more picture of a person.

    variation: what was asked, in words. changes: attribute -> what that came to for this person.
    perceived: attribute -> what the scorer reads of the picture. Values are numbers or the names of
    classes. unread: of the changes, those that it does not read as asked.
    similarity: cosine, -1..1, of the person in the picture to the one in the catalogued picture.
    same_person: whether that reaches the limit; how far to trust it, says IDENTITY.md. Both are
    None of people that the bundled network does not know.
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
    similarity: float | None
    same_person: bool | None


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
    identity: float | None = None,
    checkpoint: str | None = None,
) -> list[Variation]:
    """Make a picture of a catalogued person for each wish, and write them and variations.json.

    The person is rebuilt from the stored latent. Of builtin:heads only the dimensions that govern
    what is asked are moved; other generators' people go along latent directions until the catalog's
    scorer reads what was asked. Pictures have the catalog's format and say that they are synthetic.

    Args:
        catalog: a sealed one.
        asset: which person.
        wishes: what to change, for each picture.
        to: a folder, made if missing.
        size: px; None for the catalog's own.
        identity: least similarity to the catalogued picture, a cosine, from which a picture is
            confirmed to show the same person; None for the network's own limit. builtin:heads only.
        checkpoint: where that of the generator lies now; None: where the catalog says.

    Returns:
        The pictures, in the order of the wishes.

    Raises:
        SpecError: the asset is not there, or the person or generator cannot be changed so; no
            latent directions are known; the limit is no cosine.
        CatalogError: the generator or scorer here is another one than the catalog's, or the
            person's picture is not the catalogued one any more.
    """
    spec = _spec(catalog)
    parameters = spec.generator_name in EDITABLE
    if identity is not None and not parameters:
        raise SpecError(
            f"identity: the network that tells people apart knows none of {spec.generator_name}; "
            "leave it out."
        )
    row = _row(catalog, asset)
    size = size or spec.image.size
    generator = _own("generator", catalog, load_generator(_source(spec, checkpoint), size))
    scorer = _own("scorer", catalog, load_scorer(spec.scorer))
    likeness = None
    if parameters:
        ((_, original),) = catalog.images([row])
        likeness = Likeness(original, identity)
    studio = _Studio(generator, scorer, spec, size)
    w = np.array(row["w"], np.float32)
    edits = _edits(catalog, spec, w, wishes, studio)
    make_folder(to)
    made = [
        _picture(row, changes, asked, latent, studio, likeness, to)
        for changes, (latent, asked) in zip(wishes, edits, strict=True)
    ]
    document = json.dumps([vars(one) for one in made], indent=1) + "\n"
    with whole_file(to / "variations.json", "vary again") as hidden:
        hidden.write_text(document)
    return made


@dataclass(frozen=True)
class _Studio:
    """Takes pictures as the catalog's are, and reads them."""

    generator: Generator
    scorer: Scorer
    spec: JobSpec
    size: int

    def files(self, w: NDArray[np.float32]) -> list[bytes]:
        """The encoded pictures of w: float32 [B, D]."""
        image = self.spec.image
        pixels = self.generator.render(w, self.size)
        return [encode(one, image.format, image.quality) for one in pixels]

    def look(self, w: NDArray[np.float32]) -> Scores:
        """What is read of the pictures of w: float32 [B, D]."""
        parts = []
        for start in range(0, len(w), _LOT):
            seen = np.stack([decode(data) for data in self.files(w[start : start + _LOT])])
            parts.append(self.scorer.score(seen))
        return joined(parts)


def _edits(
    catalog: Catalog,
    spec: JobSpec,
    w: NDArray[np.float32],
    wishes: Sequence[Changes],
    studio: _Studio,
) -> list[tuple[NDArray[np.float32], dict[str, float]]]:
    """The latent of each wish, and the values that its changes come to for this person."""
    if spec.generator_name in EDITABLE:
        return [varied(w, changes) for changes in wishes]
    digests = (studio.generator.digest, studio.scorer.digest)
    folder = pair_folder(*digests, spec.first_look or spec.image.size)
    directions = known_directions(catalog.store, folder)
    if directions is None:
        raise SpecError(
            f"vary: the latent directions of {spec.generator_name} are known neither to the "
            "catalog nor on this machine; find them by populace directions JOB.yaml, with the job "
            "that made the catalog."
        )
    bands = bands_of(studio.generator)
    person = layered(w, studio.generator.latent_size, bands)
    now = studio.look(person[None])
    return steered(person, now, 0, wishes, directions, bands, studio.look)


def _picture(
    row: Mapping[str, Any],
    changes: Changes,
    asked: Mapping[str, float],
    w: NDArray[np.float32],
    studio: _Studio,
    likeness: Likeness | None,
    to: Path,
) -> Variation:
    (data,) = studio.files(w[None])
    seen = decode(data)
    scores = studio.scorer.score(seen[None])
    similarity = None if likeness is None else likeness.of(seen)
    digest = hashlib.sha256(w.tobytes() + f"{row['asset_id']}:{studio.size}".encode())
    name = digest.hexdigest()[:20]
    data = embed_xmp(data, synthetic_packet(name))
    file = f"{name}.{EXTENSIONS[studio.spec.image.format]}"
    with whole_file(to / file, "vary again") as hidden:
        hidden.write_bytes(data)
    return Variation(
        file,
        name,
        str(row["person_id"]),
        str(row["asset_id"]),
        label_of(changes),
        {name: shown(name, value) for name, value in asked.items()},
        {name: shown(name, float(column[0])) for name, column in scores.values.items()},
        tuple(unread(asked, scores)),
        sha256(data),
        tuple(float(value) for value in w),
        None if similarity is None else round(similarity, 4),
        None if likeness is None or similarity is None else similarity >= likeness.limit,
    )


def _spec(catalog: Catalog) -> JobSpec:
    """What the catalog was made by."""
    try:
        return parse_spec({**catalog.document["spec"], "output": "."})
    except (SpecError, KeyError, TypeError) as error:
        raise CatalogError(
            f"{catalog.store.uri}: the spec in its catalog.json cannot be read ({error}); vary its "
            "people by the version of populace named there as software."
        ) from None


def _source(spec: JobSpec, checkpoint: str | None) -> str | GeneratorSpec:
    """Where the generator is to be loaded from."""
    if checkpoint is None:
        return spec.generator
    if isinstance(spec.generator, str):
        raise SpecError(f"checkpoint: {spec.generator} is built in; leave it out.")
    return spec.generator.model_copy(update={"checkpoint": checkpoint})


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
