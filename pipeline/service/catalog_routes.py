"""Answer questions about catalogs: what there is, which faces, how many, a draw, a file."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, get_args

import pyarrow as pa
from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from pipeline.attributes.taxonomy import ATTRIBUTES
from pipeline.catalog.draw import Drawn, draw
from pipeline.catalog.fetch import COLUMNS, EXTRA_COLUMNS, asset_of, extra_of
from pipeline.catalog.manifest import extras_in
from pipeline.catalog.read import Catalog
from pipeline.catalog.rows_view import plain
from pipeline.errors import SpecError
from pipeline.service.answers import refused
from pipeline.service.catalog_forms import (
    MOST_LETTERS,
    CatalogList,
    DrawAnswer,
    DrawOrder,
    FacetCounts,
    Page,
)
from pipeline.service.cursor import Cursor, read_cursor, write_cursor
from pipeline.service.files import file_answer
from pipeline.service.guard import Caller, Guard, allow, check_json, note
from pipeline.service.keys import Action
from pipeline.service.library import Library
from pipeline.service.places import Shelves
from pipeline.service.refusal import Refusal
from pipeline.spec import Extra

MOST_ROWS = 1_000
"""To a page."""

MOST_DRAWN_ROWS = 10_000
"""Of a draw, with columns."""

Kind = StrEnum("Kind", ["image", *get_args(Extra)])  # type: ignore[misc]
"""The files of an asset."""

CatalogName = Annotated[str, Path(max_length=80, description="a name from /v1/catalogs")]
AssetName = Annotated[str, Path(max_length=200, description="an asset_id of this catalog")]
Where = Annotated[
    str | None,
    Query(
        max_length=MOST_LETTERS,
        description="a SQL condition over the manifest's columns",
        examples=["age BETWEEN 20 AND 29 AND skin_tone >= 7"],
    ),
]


@dataclass
class _Opened:
    """A catalog that this request may use."""

    name: str
    library: Library

    @cached_property
    def catalog(self) -> Catalog:
        """The same version for the whole request."""
        return self.library.get(self.name)


def catalog_routes(library: Library, guard: Guard) -> APIRouter:
    """The routes below /v1/catalogs."""
    router = APIRouter(prefix="/v1/catalogs", tags=["catalogs"])
    shelves = Shelves()

    def opened(action: Action, noted: str | None = None) -> Callable[..., Awaitable[_Opened]]:
        """A dependency: the catalog that the address names, where the caller may do this to it."""

        async def found(request: Request, catalog: CatalogName) -> _Opened:
            if noted is not None:
                asset = request.path_params.get("asset")
                note(request, action=noted, catalog=catalog, **({"asset": asset} if asset else {}))
            allow(guard.caller(request), action, catalog)
            if request.method == "POST":
                check_json(request)
            library.check(catalog)
            return _Opened(catalog, library)

        return found

    async def caller(request: Request) -> Caller:
        found = guard.caller(request)
        allow(found, "read")
        return found

    @router.get("", response_model=CatalogList, responses=refused())
    def list_catalogs(caller: Annotated[Caller, Depends(caller)]) -> JSONResponse:
        """List the catalogs that the key may read."""
        entries = [_entry(n, c) for n, c in library.items() if caller.may("read", n)]
        return JSONResponse({"catalogs": entries})

    @router.get("/{catalog}", response_model=dict[str, Any], responses=refused(404))
    def read_catalog(found: Annotated[_Opened, Depends(opened("read"))]) -> JSONResponse:
        """Give a catalog's document: counts, cells, licence, provenance, digests, columns."""
        return JSONResponse(plain(_document(found.catalog)))

    @router.get("/{catalog}/assets", response_model=Page, responses=refused(404))
    def query_assets(
        found: Annotated[_Opened, Depends(opened("read"))],
        where: Where = None,
        columns: Annotated[
            str | None,
            Query(
                max_length=MOST_LETTERS,
                description="names with commas between; else the usual ones",
            ),
        ] = None,
        order: Annotated[
            str | None,
            Query(
                max_length=200,
                description="a column, smallest first, or with - before it, largest first; "
                "else the manifest's order",
            ),
        ] = None,
        limit: Annotated[int, Query(ge=1, le=MOST_ROWS, description="rows to a page")] = 100,
        cursor: Annotated[
            str | None, Query(max_length=400, description="'next' of the page before")
        ] = None,
    ) -> JSONResponse:
        """Give rows of the faces for which a condition holds, page by page."""
        catalog = found.catalog
        faces = catalog.faces if where is None else catalog.where(where)
        names = _usual_columns(catalog) if columns is None else _names(columns)
        query = (where, order)
        here = Cursor(0, faces.count()) if cursor is None else read_cursor(catalog, query, cursor)
        try:
            table = faces.to_arrow(names, sort=order, limit=limit, offset=here.offset)
        except SpecError as error:
            raise SpecError(re.sub(r"^sort: ", "order: ", str(error))) from error
        end = here.offset + table.num_rows
        more = table.num_rows == limit and end < here.total
        following = write_cursor(catalog, query, Cursor(end, here.total)) if more else None
        rows = [plain(row) for row in table.to_pylist()]
        return JSONResponse({"rows": rows, "total": here.total, "next": following})

    @router.get("/{catalog}/facets", response_model=FacetCounts, responses=refused(404))
    def count_facets(
        found: Annotated[_Opened, Depends(opened("read"))],
        by: Annotated[
            list[str],
            Query(
                min_length=1,
                max_length=30,
                description="an attribute, with the name of a preset or bins behind it if you "
                "like: age, age=fairface, age=[18-39,40+]; give it again for more attributes",
            ),
        ],
        where: Where = None,
    ) -> JSONResponse:
        """Count the faces in each bin of attributes, all in one pass."""
        faces = found.catalog.faces if where is None else found.catalog.where(where)
        counts = faces.facets(_bins(by))
        total = sum(next(iter(counts.values())).values())
        return JSONResponse({"total": total, "facets": counts})

    @router.post("/{catalog}/draws", response_model=DrawAnswer, responses=refused(404))
    def draw_assets(
        request: Request,
        found: Annotated[_Opened, Depends(opened("read", "draw"))],
        order: DrawOrder,
    ) -> JSONResponse:
        """Draw a balanced subset; the same order draws the same faces each time."""
        balance = _balance(order.balance)
        _check_size(found.catalog, order)
        with draw(
            found.catalog,
            balance,
            order.count,
            method=order.method,
            where=order.where,
            seed=order.seed,
            allow_short=order.allow_short,
        ) as drawn:
            note(request, count=drawn.summary.drawn, seed=order.seed, where=order.where)
            assets = list(drawn.names())
            rows = _drawn_rows(drawn, order.columns, assets)
            return JSONResponse(plain(drawn.summary.document() | {"assets": assets, "rows": rows}))

    @router.get("/{catalog}/assets/{asset}", response_model=dict[str, Any], responses=refused(404))
    def read_asset(
        found: Annotated[_Opened, Depends(opened("read"))],
        asset: AssetName,
        columns: Annotated[
            str | None,
            Query(max_length=MOST_LETTERS, description="names with commas between; else all but w"),
        ] = None,
    ) -> JSONResponse:
        """Give all that is known of one face: its file, what was perceived, what made it."""
        known = found.catalog.schema().names
        names = [name for name in known if name != "w"]
        if columns is not None:
            names = _names(columns)
            found.catalog.faces.named(names)
        row = shelves.places(found.name, found.catalog).row(asset, names)
        return JSONResponse(plain(_known(asset, row)))

    @router.head("/{catalog}/assets/{asset}/{kind}", include_in_schema=False)
    @router.get(
        "/{catalog}/assets/{asset}/{kind}",
        response_class=Response,
        responses={
            200: {"description": "The file.", "content": {"image/*": {}}},
            302: {"description": "Where the file can be had for five minutes."},
            304: {"description": "The file that is there already, by its ETag."},
            **refused(404),
        },
    )
    def read_file(
        request: Request,
        found: Annotated[_Opened, Depends(opened("pull", "image"))],
        asset: AssetName,
        kind: Kind,
    ) -> Response:
        """Give a file of an asset, its image or an extra: by a link, or checked by its sha256."""
        note(request, file=kind.value)
        catalog = found.catalog
        extras = extras_in(catalog.schema())
        if kind.value != "image" and kind.value not in extras:
            raise Refusal(404, "kind", f"{kind.value} is no file of this catalog's assets")
        names = [*COLUMNS, *(f"{one}_{name}" for one in extras for name in EXTRA_COLUMNS)]
        row = _known(asset, shelves.places(found.name, catalog).row(asset, names, keep=True))
        file = asset_of(row) if kind.value == "image" else extra_of(row, kind.value)  # type: ignore[arg-type]
        if file is None:
            raise Refusal(404, "kind", f"{kind.value} is no file of this asset")
        return file_answer(request, catalog, file)

    return router


def _entry(name: str, catalog: Catalog) -> dict[str, Any]:
    document = catalog.document
    return {
        "name": name,
        "title": str(document.get("name", name)),
        "count": catalog.count(),
        "bytes": document.get("bytes"),
        "licence": document.get("licence"),
        "sealed_at": document.get("sealed_at"),
        "content_digest": document["manifest"].get("content_digest"),
    }


def _document(catalog: Catalog) -> dict[str, Any]:
    """`catalog.json` with its columns, and without the places on disks that its job names."""
    document = dict(catalog.document)
    spec = {k: v for k, v in document.get("spec", {}).items() if k != "output"}
    for name in ("generator", "scorer"):
        for holder in (spec, document):
            if isinstance(holder.get(name), Mapping):
                holder[name] = {k: _last_part(v) for k, v in holder[name].items()}
            elif isinstance(holder.get(name), str):
                holder[name] = _last_part(holder[name])
    columns = [
        {
            "name": field.name,
            "type": str(field.type),
            **{k.decode(): v.decode() for k, v in (field.metadata or {}).items() if v},
        }
        for field in catalog.schema()
    ]
    return document | {"spec": spec, "columns": columns}


def _last_part(value: Any) -> Any:
    """Of an address its last part; other values as they are."""
    return value.rpartition("/")[2] if isinstance(value, str) else value


def _usual_columns(catalog: Catalog) -> list[str]:
    known = set(catalog.schema().names)
    wanted = ["asset_id", "person_id", "cell_label", "width", "height", "format"]
    wanted += [attribute.name for attribute in ATTRIBUTES]
    return [name for name in wanted if name in known]


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _bins(texts: list[str]) -> dict[str, str | list[str] | None]:
    """What to count, from `age`, `age=fairface` and `age=[18-39,40+]`; SpecError where it is none.

    Not `read_balanced`, which reads a population table from any file that it is given.
    """
    found: dict[str, str | list[str] | None] = {}
    for text in texts:
        name, equals, bins = text.partition("=")
        if name in found or (equals and not bins):
            raise SpecError(
                f"by: {text!r} stands twice or ends with '='; write age or age=fairface"
            )
        listed = bins.startswith("[") and bins.endswith("]")
        found[name] = _names(bins[1:-1]) if listed else bins or None
    return found


def _balance(asked: list[str] | dict[str, Any]) -> dict[str, Any]:
    """What to balance; SpecError for names that stand twice, and what no JSON can hold."""
    if isinstance(asked, list):
        for name in asked:
            if asked.count(name) > 1:
                raise SpecError(f"balance.{name}: stands twice; remove it once.")
        return dict.fromkeys(asked)
    try:
        json.dumps(asked, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        raise SpecError(
            "balance: holds a number without bounds, half a character, or too many brackets"
        ) from None
    return asked


def _check_size(catalog: Catalog, order: DrawOrder) -> None:
    """SpecError for columns that there are not, or that would make an answer of great size."""
    if not order.columns:
        return
    catalog.faces.named(order.columns)
    lists = [n for n in order.columns if pa.types.is_list(catalog.schema().field(n).type)]
    most = MOST_ROWS if lists else MOST_DRAWN_ROWS
    if order.count > most:
        what = f"{lists[0]}, a list, is" if lists else "are"
        raise SpecError(
            f"columns: {what} given for at most {most:,} faces; draw fewer, or names alone"
        )


def _drawn_rows(drawn: Drawn, columns: list[str], assets: list[str]) -> list[dict[str, Any]]:
    """These columns of drawn assets, in their order, and those of the draw; nothing for none."""
    if not columns:
        return []
    asked = list(dict.fromkeys(["asset_id", *columns]))
    by_name = {row["asset_id"]: row for table in drawn.rows(asked) for row in table.to_pylist()}
    wanted = [*dict.fromkeys(columns), "draw_cell", "draw_weight"]
    return [{name: by_name[asset][name] for name in wanted} for asset in assets]


def _known(asset: str, row: Any) -> dict[str, Any]:
    if row is None:
        raise Refusal(404, "asset", f"{asset!r} is the asset_id of none of these faces")
    found: dict[str, Any] = row
    return found
