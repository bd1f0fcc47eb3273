"""Define the manifest: what each column means, and how rows become a table and a Parquet file."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pipeline.assets.extras import EXTRAS
from pipeline.attributes.scorer import Scores
from pipeline.attributes.taxonomy import ATTRIBUTES, Attribute
from pipeline.generators.generator import LANDMARKS
from pipeline.spec import Extra

SCHEMA_VERSION = "1"
ROW_GROUP_ROWS = 65_536

# Parquet names the child "element"; so named here too, a schema survives the round trip.
_FLOATS = pa.list_(pa.field("element", pa.float32()))
_OF_ROW = (
    *("asset_id", "person_id", "slot", "shard", "attempt", "seed"),
    *("cell", "cell_label", "variation", "edits", "confidence", "proposal"),
)
_UNIQUE_STRINGS = ("asset_id", "person_id")

QUALITIES = ("sharpness", "clipped", "skin_share", "realism")
"""The scorer's judgements of a picture that have a column."""

CAMERA = 12
"""Values of a camera, a 3 x 4 matrix."""


@dataclass(frozen=True)
class StoredImage:
    """Where an asset's file lies, below the catalog's root, and what it is.

    uri: the key of the file itself (offset 0), or of the pack that holds it.
    offset, length: bytes. sha256: of the file. pixels_sha256: of the pixels before encoding.
    width, height: px. format: jpeg, png or webp.
    """

    uri: str
    offset: int
    length: int
    sha256: str
    pixels_sha256: str
    width: int
    height: int
    format: str


@dataclass(frozen=True)
class StoredExtra:
    """Where a file beside an asset lies; the fields mean what they do in `StoredImage`."""

    uri: str
    offset: int
    length: int
    sha256: str


@dataclass(frozen=True)
class Row:
    """One accepted face.

    bins: balanced attribute -> the bin that the slot's cell asks for.
    confidence: probability, in [0, 1], that the scorer gives the cell.
    proposal: `natural`, or `chain` where the cell was too rare to wait for.
    variation: which of the job's it is, in words, and edits, as JSON, what that came to for this
    person; None where the person is as found.
    w: float32 [D], every value exactly representable in float16.
    scores, index: the face is image `index` of the batch that was scored.
    extras: the files beside the image. landmarks: float32 [68, 2], camera: float32 [3, 4], both as
    in `Truth`, or None.
    """

    asset_id: str
    person_id: str
    slot: int
    shard: int
    attempt: int
    seed: int
    cell: int
    cell_label: str
    bins: Mapping[str, str]
    confidence: float
    image: StoredImage
    w: NDArray[np.float32]
    scores: Scores
    index: int
    extras: Mapping[Extra, StoredExtra] = field(default_factory=dict)
    proposal: str = "natural"
    variation: str | None = None
    edits: str | None = None
    landmarks: NDArray[np.float32] | None = None
    camera: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Origin:
    """What made a shard: the models' digests, and the device (not part of the content digest)."""

    generator_digest: str
    scorer_digest: str
    device: str


def manifest_schema(
    balanced: Sequence[str],
    latent_size: int,
    spec_digest: str,
    extras: Sequence[Extra] = (),
    *,
    varied: bool = False,
) -> pa.Schema:
    """The columns of a manifest, each with `doc`, `unit` and `range` in its field metadata.

    balanced: the names of the balanced attributes; each has a `<name>_bin` column.
    latent_size: D, the length of `w`.
    extras: kinds of files beside each image; each has columns of its own.
    varied: people are pictured in variations, which have columns of their own.
    """
    fields = [
        _field("asset_id", pa.string(), "name of the asset, unique in the catalog"),
        _field("person_id", pa.string(), "the invented person; variations of one person share it"),
        _field("slot", pa.int64(), "the order that this face fills", span="0 .. count-1"),
        _field("shard", pa.int32(), "the unit of work that made it", span="0 .. shards-1"),
        _field("attempt", pa.int32(), "candidates refused for this slot before it", span="0 .."),
        _field("seed", pa.uint64(), "seed of the candidate's draw", span="0 .. 2^64-1"),
        _field("cell", pa.int32(), "index of the ordered cell", span="0 .. cells-1"),
        _field("cell_label", pa.string(), "the ordered cell in words: name=bin, ..."),
        _field("uri", pa.string(), "key of the file or of its pack, below the catalog's root"),
        _field("offset", pa.int64(), "start of the file in `uri`", "bytes", "0 .."),
        _field("length", pa.int64(), "size of the file", "bytes", "1 .."),
        _field("sha256", pa.string(), "sha256 of the file, hexadecimal"),
        _field("pixels_sha256", pa.string(), "sha256 of the RGB or RGBA pixels before encoding"),
        _field("width", pa.int32(), "width of the image", "px", "1 .."),
        _field("height", pa.int32(), "height of the image", "px", "1 .."),
        _field("format", pa.string(), "encoding of the file", span="jpeg | png | webp"),
        _field("w", _FLOATS, f"latent of the face, {latent_size} values", span="exact in float16"),
    ]
    if varied:
        fields += [
            _field("variation", pa.string(), "what was asked of this picture: name=value, ..."),
            _field("edits", pa.string(), "JSON: attribute -> value that the person was given"),
        ]
    for attribute in ATTRIBUTES:
        fields.append(_attribute_field(attribute))
        if attribute.classes:
            doc = f"probabilities of {', '.join(attribute.classes)}"
            fields.append(_field(f"{attribute.name}_p", _FLOATS, doc, span="0 .. 1, sum 1"))
    fields += [
        _field(f"{name}_bin", pa.string(), f"the bin of {name} that the slot ordered")
        for name in balanced
    ]
    for kind in EXTRAS:
        if kind in extras:
            fields += _extra_fields(kind)
    fields += [
        _field("confidence", pa.float32(), "scorer's probability of the cell", span="0 .. 1"),
        _field("proposal", pa.string(), "how w was drawn", span="natural | chain"),
        _field("sharpness", pa.float32(), "0 flat, 1 crisp", span="0 .. 1"),
        _field("clipped", pa.float32(), "share of pixels at black or white", span="0 .. 1"),
        _field("skin_share", pa.float32(), "share of pixels read as skin", span="0 .. 1"),
        _field("realism", pa.float32(), "1 a proper face, 0 none or a broken one", span="0 .. 1"),
        _field("generator_digest", pa.string(), "sha256 of the generator's weights and code"),
        _field("scorer_digest", pa.string(), "sha256 of the scorer's weights and code"),
        _field("device", pa.string(), "hardware that rendered the face"),
    ]
    metadata: dict[bytes | str, bytes | str] = {
        "populace.schema": SCHEMA_VERSION,
        "populace.spec_digest": spec_digest,
    }
    return pa.schema(fields, metadata=metadata)


def rows_table(rows: Sequence[Row], schema: pa.Schema, origin: Origin) -> pa.Table:
    """Accepted faces as a table in `schema`, in the order given.

    An attribute or a quality that the scorer does not measure is null. Raises ValueError when a
    latent is not exact in float16: such a row could not rebuild its face.
    """
    columns: dict[str, Sequence[object] | pa.Array[Any]] = {
        name: [getattr(row, name) for row in rows] for name in _OF_ROW
    }
    for name in StoredImage.__dataclass_fields__:
        columns[name] = [getattr(row.image, name) for row in rows]
    columns["w"] = _lists([_on_lattice(row.w) for row in rows])
    for attribute in ATTRIBUTES:
        columns[attribute.name] = [_value(attribute, row) for row in rows]
        if attribute.classes:
            columns[f"{attribute.name}_p"] = _lists(
                [_at(row.scores.probabilities, attribute.name, row.index) for row in rows]
            )
    for kind in extras_in(schema):
        for name in StoredExtra.__dataclass_fields__:
            columns[f"{kind}_{name}"] = [
                getattr(row.extras[kind], name) if kind in row.extras else None for row in rows
            ]
    columns["landmarks"] = _lists([_flat(row.landmarks) for row in rows])
    columns["camera"] = _lists([_flat(row.camera) for row in rows])
    for name in QUALITIES:
        columns[name] = [_at(row.scores.quality, name, row.index) for row in rows]
    for name in ("generator_digest", "scorer_digest", "device"):
        columns[name] = [getattr(origin, name)] * len(rows)
    for name in schema.names:
        if name not in columns:
            balanced = name.removesuffix("_bin")
            columns[name] = [row.bins[balanced] for row in rows]
    arrays = [
        values if isinstance(values, pa.Array) else pa.array(values, column.type)
        for column, values in ((column, columns[column.name]) for column in schema)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def extras_in(schema: pa.Schema) -> list[Extra]:
    """The kinds of files beside each image that a manifest's columns tell of."""
    return [kind for kind in EXTRAS if f"{kind}_uri" in schema.names]


def with_draw(
    rows: pa.Table, labels: Sequence[str], weights: NDArray[np.float64], cells: NDArray[np.int32]
) -> pa.Table:
    """The rows with two columns more, which tell of a balanced draw: `draw_cell`, `draw_weight`.

    labels, weights: of each cell of the draw. cells: int32 [rows], the cell of each row.
    """
    cell = _field("draw_cell", pa.string(), "the cell of the draw in words: name=bin, ...")
    weight = _field(
        "draw_weight", pa.float64(), "gives the drawn rows their wanted shares; mean 1", span="0 .."
    )
    label = pa.array(labels, pa.string()).take(pa.array(cells, pa.int32()))
    marked = rows.append_column(cell, label)
    return marked.append_column(weight, pa.array(weights[cells], pa.float64()))


def with_source(rows: pa.Table) -> pa.Table:
    """The rows with columns more that keep what a conversion of the images changes."""
    for name, doc, unit in (
        ("sha256", "sha256 of the original file, hexadecimal", ""),
        ("format", "encoding of the original file", ""),
        ("width", "width of the original image", "px"),
        ("height", "height of the original image; landmarks and extras are of this size", "px"),
    ):
        column = _field(f"source_{name}", rows.schema.field(name).type, doc, unit)
        rows = rows.append_column(column, rows[name])
    return rows


def open_writer(sink: pa.NativeFile | str, schema: pa.Schema) -> pq.ParquetWriter:
    """A Parquet writer with the manifest's encodings; the same tables give the same bytes.

    Floats are split by byte before zstd: `w` lies on the float16 lattice, so that the 13 low bits
    of its values are zero and its lowest byte costs nothing.
    """
    lists = [field.name for field in schema if pa.types.is_list(field.type)]
    floats = [field.name for field in schema if pa.types.is_float32(field.type)]
    strings = [field.name for field in schema if pa.types.is_string(field.type)]
    unique = [name for name in strings if name in _UNIQUE_STRINGS or name.endswith("sha256")]
    dictionary = [name for name in strings if name not in unique]
    split = floats + [f"{name}.list.element" for name in lists]
    return pq.ParquetWriter(
        sink,
        schema,
        compression="zstd",
        compression_level=3,
        use_dictionary=dictionary,  # type: ignore[arg-type]  # the stubs forget lists of names
        column_encoding=dict.fromkeys(split, "BYTE_STREAM_SPLIT"),
        write_statistics=[field.name for field in schema if field.name not in lists],
    )


def write_tables(path: Path, tables: Iterable[pa.Table]) -> None:
    """Write tables of one schema, at least one, as a Parquet file with full row groups."""
    writer = None
    try:
        for table in in_blocks(tables):
            writer = writer or open_writer(str(path), table.schema)
            writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
    finally:
        if writer is not None:
            writer.close()


def in_blocks(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in tables of at least a row group's rows, but for the last."""
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        if sum(one.num_rows for one in waiting) >= ROW_GROUP_ROWS:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def write_parquet(table: pa.Table) -> bytes:
    """A manifest table as the bytes of a Parquet file, deterministic for one version of Arrow."""
    sink = pa.BufferOutputStream()
    with open_writer(sink, table.schema) as writer:
        writer.write_table(table, row_group_size=ROW_GROUP_ROWS)
    return sink.getvalue().to_pybytes()


def _field(
    name: str, kind: pa.DataType, doc: str, unit: str = "", span: str = ""
) -> "pa.Field[Any]":
    return pa.field(name, kind, metadata={"doc": doc, "unit": unit, "range": span})


def _extra_fields(kind: Extra) -> "list[pa.Field[Any]]":
    entry = EXTRAS[kind]
    fields = [
        _field(f"{kind}_uri", pa.string(), f"as `uri`, of <asset>.{entry.suffix}: {entry.doc}"),
        _field(f"{kind}_offset", pa.int64(), f"start of the file in `{kind}_uri`", "bytes", "0 .."),
        _field(f"{kind}_length", pa.int64(), "size of the file", "bytes", "1 .."),
        _field(f"{kind}_sha256", pa.string(), "sha256 of the file, hexadecimal"),
    ]
    if kind == "landmarks":
        doc = f"x, y of each of {LANDMARKS} points: {entry.facts['scheme']}"
        fields.append(_field("landmarks", _FLOATS, doc, "px"))
        fields.append(_field("camera", _FLOATS, f"{CAMERA} values: {entry.facts['camera']}"))
    return fields


def _flat(values: NDArray[np.float32] | None) -> NDArray[np.float32] | None:
    return None if values is None else values.ravel()


def _attribute_field(attribute: Attribute) -> "pa.Field[Any]":
    if attribute.kind == "class":
        return _field(
            attribute.name, pa.string(), attribute.doc, span=" | ".join(attribute.classes)
        )
    kind = pa.int8() if attribute.single_units else pa.float32()
    span = f"{attribute.low:g} .. {attribute.high:g}"
    return _field(attribute.name, kind, attribute.doc, attribute.unit, span)


def _value(attribute: Attribute, row: Row) -> object:
    value = _at(row.scores.values, attribute.name, row.index)
    if value is None:
        return None
    if attribute.kind == "class":
        return attribute.classes[int(value)]
    return round(float(value)) if attribute.single_units else value


def _at(columns: Mapping[str, NDArray[Any]], name: str, index: int) -> Any:
    return columns[name][index] if name in columns else None


_NOTHING = np.zeros(0, dtype=np.float32)


def _lists(values: Sequence[NDArray[np.float32] | None]) -> "pa.Array[Any]":
    """One list a row; null where there is none. Many times faster than Arrow's own inference."""
    ends = np.cumsum([0, *(0 if value is None else len(value) for value in values)])
    flat = np.concatenate([_NOTHING, *(value for value in values if value is not None)])
    missing = pa.array([value is None for value in values], pa.bool_())
    return pa.ListArray.from_arrays(
        pa.array(ends, pa.int32()), pa.array(flat, pa.float32()), type=_FLOATS, mask=missing
    )


def _on_lattice(w: NDArray[np.float32]) -> NDArray[np.float32]:
    values = np.asarray(w, dtype=np.float32)
    if not np.array_equal(values.astype(np.float16).astype(np.float32), values):
        raise ValueError("a latent w holds values that float16 cannot hold exactly")
    return values
