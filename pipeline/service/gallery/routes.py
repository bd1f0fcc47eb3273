"""Answer the gallery's addresses: `/`, `/c/NAME…` and `/static/…`."""

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, StreamingResponse
from fastapi.routing import APIRoute

from pipeline.assets.encode import EXTENSIONS
from pipeline.catalog.fetch import COLUMNS, asset_of, fetch_group
from pipeline.errors import PopulaceError, SpecError, StoreError
from pipeline.service.gallery.balance import balance_document
from pipeline.service.gallery.cards import Cards, card_of, version_of
from pipeline.service.gallery.index import check_picks
from pipeline.service.gallery.open_rooms import OpenRooms
from pipeline.service.gallery.pack import MOST_FACES as MOST_IN_PACK
from pipeline.service.gallery.pack import pack
from pipeline.service.gallery.pages import render, static_file
from pipeline.service.gallery.rooms import (
    Room,
    face_values,
    faces_of,
    rows_for_pack,
    sizes_of,
    those_there,
    view_document,
)
from pipeline.service.gallery.search import suggestions, understood
from pipeline.service.gallery.sheets import MOST_FACES as MOST_ON_SHEET
from pipeline.service.gallery.view import View, read_view
from pipeline.service.library import Library
from pipeline.service.refusal import Refusal

MOST_ROWS = 192
"""Faces in one answer of `/c/NAME/rows`."""

_FOR_EVER = {"Cache-Control": "private, max-age=31536000, immutable"}
_FOR_NOW = {"Cache-Control": "private, max-age=60"}
_FIRST = 1000
_PLAIN_PAGE = 60
_LONGEST_BODY = 256 * 1024


class _Route(APIRoute):
    """Tells of a PopulaceError: as a page to those who want one, else as JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """As any route's."""
        answer = super().get_route_handler()

        async def explained(request: Request) -> Response:
            try:
                return await answer(request)
            except PopulaceError as error:
                return _refusal(request, error)

        return explained


def gallery_router(library: Library, *, addresses: bool = False) -> APIRouter:
    """The gallery of a library's catalogs.

    addresses: show where catalogs on this machine lie, in the command that pulls a view.
    """
    router = APIRouter(route_class=_Route, include_in_schema=False)
    room, cards = OpenRooms(library).room, Cards()

    def seen(request: Request, name: str) -> tuple[Room, View]:
        here = room(name)
        view = read_view(here.index.known, request.query_params.multi_items())
        return here, check_picks(here.index, view)

    @router.get("/")
    def home() -> Response:
        if len(library) == 1:
            return RedirectResponse(f"/c/{next(iter(library))}")
        shown = [card_of(name, catalog) for name, catalog in library.items()]
        return HTMLResponse(render("home.html.j2", catalogs=shown))

    @router.get("/c/{name}/strip/{version}.jpg")
    def strip(name: str, version: str) -> Response:
        catalog = library.get(name)
        if version != version_of(catalog):
            raise Refusal(404, "strip", "the catalog is another one by now; reload the page")
        return Response(cards.strip(catalog), media_type="image/jpeg", headers=_FOR_EVER)

    @router.get("/static/{version}/{name}")
    def static(version: str, name: str) -> Response:
        data, kind = static_file(name)
        return Response(data, media_type=kind, headers=_FOR_EVER)

    @router.get("/c/{name}")
    def page(request: Request, name: str) -> Response:
        here, view = seen(request, name)
        start = _number(request, "from", 0)
        values = view_document(here, view, addresses)
        rows = here.index.first_rows(view, start + _PLAIN_PAGE)[start:]
        shown = render(
            "gallery.html.j2",
            room=here,
            catalog=here.index.catalog.document,
            count=here.index.count,
            view=view,
            picked=dict(view.picked),
            facets=here.index.facets,
            sorts=here.index.sorts,
            state=values,
            start=start,
            plain=_PLAIN_PAGE,
            faces=faces_of(here, rows.tolist()),
            words=suggestions(here.index.facets),
            more=len(library) > 1,
            page={
                "base": f"/c/{name}",
                "version": here.version,
                "total": values["total"],
                "of": values["of"],
                "sizes": sizes_of(here),
                "rows": MOST_ROWS,
                "sheet": MOST_ON_SHEET,
                "pack": MOST_IN_PACK,
                "pull": values["pull"],
            },
        )
        return HTMLResponse(shown, headers={"Cache-Control": "no-cache"})

    @router.get("/c/{name}/view")
    def view_of(request: Request, name: str) -> Response:
        here, view = seen(request, name)
        return JSONResponse(view_document(here, view, addresses), headers=_FOR_NOW)

    @router.get("/c/{name}/rows")
    def rows_of(request: Request, name: str) -> Response:
        here, view = seen(request, name)
        start, count = _number(request, "from", 0), _number(request, "count", MOST_ROWS)
        end = start + min(count, MOST_ROWS)
        some = here.index.first_rows(view, end) if end <= _FIRST else here.index.rows(view)
        rows = some[start:end].tolist()
        faces = [[face["row"], face["id"], face["label"]] for face in faces_of(here, rows)]
        document = {"from": start, "faces": faces, "version": here.version}
        return JSONResponse(document, headers=_FOR_NOW)

    @router.get("/c/{name}/search")
    def search(request: Request, name: str) -> Response:
        here, view = seen(request, name)
        text = request.query_params.get("q", "")
        narrowed, asset = understood(here.index, view, text)
        query = narrowed.query()
        if "text/html" in request.headers.get("accept", ""):  # Without a script.
            place = f"/c/{name}/face/{asset}" if asset else f"/c/{name}"
            return RedirectResponse(f"{place}?{query}", status_code=303)
        return JSONResponse({"query": query, "asset": asset})

    @router.get("/c/{name}/sheet/{version}/{size}/{names}.jpg")
    def sheet(name: str, version: str, size: int, names: str) -> Response:
        here = room(name)
        if version != here.version:
            raise Refusal(404, "sheet", "the catalog is another one by now; reload the page")
        return Response(here.sheets.sheet(size, names), media_type="image/jpeg", headers=_FOR_EVER)

    @router.get("/c/{name}/image/{asset}")
    def image(request: Request, name: str, asset: str) -> Response:
        here = room(name)
        (row,) = here.index.places.rows([here.index.number_of(asset)], COLUMNS)
        ((found, data),) = fetch_group(here.index.catalog.store, [asset_of(row)])
        file = f"{found.asset_id}.{EXTENSIONS[row['format']]}"
        way = "attachment" if "download" in request.query_params else "inline"
        headers = {"Content-Disposition": f'{way}; filename="{file}"', "ETag": f'"{found.sha256}"'}
        return Response(data, media_type=f"image/{row['format']}", headers=headers | _FOR_NOW)

    @router.get("/c/{name}/face/{asset}")
    def face(request: Request, name: str, asset: str) -> Response:
        here, view = seen(request, name)
        shown = render(
            "face_page.html.j2",
            room=here,
            view=view,
            more=len(library) > 1,
            **face_values(here, view, asset),
        )
        return HTMLResponse(shown, headers={"Cache-Control": "no-cache"})

    @router.get("/c/{name}/face/{asset}/card")
    def card(request: Request, name: str, asset: str) -> Response:
        here, view = seen(request, name)
        values = face_values(here, view, asset)
        return HTMLResponse(render("face.html.j2", room=here, view=view, **values))

    @router.get("/c/{name}/balance")
    def balance(request: Request, name: str) -> Response:
        here, view = seen(request, name)
        shown = render(
            "balance.html.j2",
            room=here,
            view=view,
            catalog=here.index.catalog.document,
            count=here.index.count,
            balance=balance_document(here.index.catalog),
            more=len(library) > 1,
        )
        return HTMLResponse(shown, headers={"Cache-Control": "no-cache"})

    @router.post("/c/{name}/selected")
    async def selected(request: Request, name: str) -> Response:
        names = await _assets(request) or ""
        here = await run_in_threadpool(room, name)
        return JSONResponse({"faces": await run_in_threadpool(those_there, here, names)})

    @router.post("/c/{name}/pack")
    async def pack_of(request: Request, name: str) -> Response:
        names = await _assets(request)
        here, view = await run_in_threadpool(seen, request, name)
        rows = await run_in_threadpool(rows_for_pack, here, view, names)
        pieces = pack(here.index, rows, f"/c/{name}?{view.query()}".rstrip("?"))
        headers = {
            "Content-Disposition": f'attachment; filename="{name}-{len(rows)}-faces.zip"',
            "Cache-Control": "no-store",
        }
        return StreamingResponse(pieces, media_type="application/zip", headers=headers)

    return router


def _number(request: Request, name: str, otherwise: int) -> int:
    text = request.query_params.get(name, str(otherwise))
    if not text.isdecimal() or len(text) > 12:
        raise SpecError(f"{name}: {text[:80]!r} is no whole number from 0 on; write one")
    return int(text)


async def _assets(request: Request) -> str | None:
    """The names that were sent, with spaces between; SpecError for more than any selection."""
    data = b""
    async for piece in request.stream():
        data += piece
        if len(data) > _LONGEST_BODY:
            raise SpecError(
                f"pack: more than {_LONGEST_BODY // 1024} kB were sent, and {MOST_IN_PACK:,} faces "
                "are the most in a pack; select fewer"
            )
    return dict(parse_qsl(data.decode("utf-8", "replace"))).get("assets")


def _refusal(request: Request, error: PopulaceError) -> Response:
    status = error.status if isinstance(error, Refusal) else 422
    status = 502 if isinstance(error, StoreError) else status
    if "text/html" in request.headers.get("accept", ""):
        return HTMLResponse(render("error.html.j2", status=status, error=str(error)), status)
    return JSONResponse({"error": str(error)}, status)
