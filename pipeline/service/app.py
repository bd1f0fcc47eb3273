"""Put the service together: routes, keys, limits and headers around a library of catalogs."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from urllib.parse import urlsplit

from anyio.to_thread import current_default_thread_limiter
from fastapi import APIRouter, Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request

from pipeline import __version__
from pipeline.errors import PopulaceError, SpecError
from pipeline.service.answers import on_error, on_http, on_invalid
from pipeline.service.audit_log import AuditLog
from pipeline.service.catalog_routes import catalog_routes
from pipeline.service.files import LINK_SECONDS
from pipeline.service.guard import Guard, note
from pipeline.service.job_routes import job_routes
from pipeline.service.jobs import Jobs
from pipeline.service.keys import KeyRing
from pipeline.service.library import Library, show_only
from pipeline.service.middleware import Bodies, Boundary, Hosts, SecurityHeaders

QUERY_SECONDS = 30.0
"""Which a request's queries may take."""

BODY_BYTES = 1 << 20
"""Of a request, at most."""

_AT_ONCE = 8
"""Requests worked on at a time; a query has threads of its own, and up to 1 GB."""

_ABOUT = """Balanced, labelled faces of people who do not exist.

Errors have one form, `{"error": {"field": …, "message": …}}`. Conditions (`where`) are SQL over the
columns that a catalog's document lists: comparisons, AND, OR, NOT, IN, BETWEEN, LIKE, arithmetic
and plain functions. Where keys are asked for, send `Authorization: Bearer KEY`.
"""


def create_app(
    library: Library,
    keys: KeyRing | None = None,
    *,
    jobs: Jobs | None = None,
    audit: AuditLog | None = None,
    pages: APIRouter | None = None,
    origins: Sequence[str] = (),
    hosts: Sequence[str] | None = None,
    query_seconds: float = QUERY_SECONDS,
    body_bytes: int = BODY_BYTES,
) -> FastAPI:
    """The service as an ASGI application.

    Args:
        library: the catalogs. Those of jobs that are done are added.
        keys: every request needs one of them; None: everyone may read and fetch everything.
        jobs: those that may be ordered; None: none.
        audit: where draws, files and orders are written down.
        pages: for people, below `/`; they see the catalogs that the key may both read and pull.
        origins: of web pages whose scripts may ask, as `https://studio.example`.
        hosts: names by which the service may be asked for; None: any.
        query_seconds: which a request's queries may take. body_bytes: that it may bring.

    Raises SpecError for jobs without keys: anyone could keep the machine busy.
    """
    if jobs is not None and keys is None:
        raise SpecError("jobs: are ordered by keys with the action 'submit'; give --keys FILE")
    guard = Guard(keys, owner_of=None if jobs is None else jobs.owner_of)
    app = FastAPI(
        title="populace",
        version=__version__,
        description=_ABOUT,
        openapi_url="/v1/openapi.json",
        # They load scripts from elsewhere, which the headers below forbid.
        docs_url=None,
        redoc_url=None,
        lifespan=_lifespan(jobs),
        exception_handlers={
            PopulaceError: on_error,
            RequestValidationError: on_invalid,
            HTTPException: on_http,
        },
    )
    bearer = [Depends(HTTPBearer(auto_error=False, description="a key of `populace key add`"))]
    needs = bearer if guard.asks else []
    app.include_router(_health_routes())
    app.include_router(catalog_routes(library, guard), dependencies=needs)
    if jobs is not None:
        app.include_router(job_routes(jobs, guard), dependencies=needs)
    if pages is not None:
        app.include_router(pages, dependencies=[Depends(_visitor(guard))])
    # The last is the first that a request meets.
    app.add_middleware(Boundary, seconds=query_seconds, audit=audit)
    app.add_middleware(Bodies, most=body_bytes)
    if hosts is not None:
        app.add_middleware(Hosts, hosts=hosts)
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "HEAD", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "If-None-Match"],
            expose_headers=["ETag", "Retry-After"],
        )
    app.add_middleware(SecurityHeaders, headers=_headers(library, open_to=bool(origins)))
    return app


def _lifespan(jobs: Jobs | None) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = _AT_ONCE
        if jobs is not None:
            jobs.start()
        yield
        if jobs is not None:
            jobs.stop()

    return lifespan


def _health_routes() -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["service"])

    @router.get("/health")
    async def read_health() -> dict[str, str]:
        """Say that the service is there; no key is needed."""
        return {"status": "ok", "version": __version__}

    return router


def _visitor(guard: Guard) -> Callable[[Request], Awaitable[None]]:
    """A dependency of pages: a browser's key, and only the catalogs that it opens."""

    async def visitor(request: Request) -> None:
        if not request.url.path.startswith("/static/"):
            note(request, action="page", path=request.url.path)
        caller = guard.caller(request)
        show_only(lambda name: caller.may("read", name) and caller.may("pull", name))

    return visitor


def _headers(library: Library, *, open_to: bool) -> dict[str, str]:
    """For every answer that says nothing else itself."""
    links = (catalog.store.link("image", LINK_SECONDS) for _, catalog in library.items())
    parts = [urlsplit(link) for link in links if link is not None]
    # The stores to which links to files lead.
    stores = " ".join(sorted({f" {part.scheme}://{part.netloc}" for part in parts}))
    return {
        "content-security-policy": (
            f"default-src 'self'; img-src 'self' data: blob:{stores}; object-src 'none'; "
            "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        ),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "permissions-policy": "camera=(), geolocation=(), microphone=()",
        "cross-origin-resource-policy": "cross-origin" if open_to else "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "cache-control": "no-store",
    }
