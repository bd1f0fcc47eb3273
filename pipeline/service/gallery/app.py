"""Show a library's catalogs on this machine: the app of `populace browse`."""

import socket
import threading
import webbrowser
from collections.abc import Callable

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.errors import SpecError
from pipeline.service.gallery.routes import gallery_router
from pipeline.service.library import Library

HOST = "127.0.0.1"

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Sent with every answer: scripts and styles come from here alone, and none stands in a page."""


class _Secured:
    """Sends HEADERS with every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, secured)


def browse_app(library: Library) -> FastAPI:
    """The gallery alone, for visitors of this machine: other host names are refused.

    The latter keeps pages of other sites from reading it by a name of theirs that leads here.
    """
    app = FastAPI(title="populace", docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost", "[::1]"])

    app.add_middleware(_Secured)
    app.include_router(gallery_router(library, addresses=True))
    return app


def browse(library: Library, port: int, tell: Callable[[str], None], *, show: bool) -> None:
    """Serve until interrupted. port: 0 for any. tell: is given the address. show: in a browser.

    Raises SpecError where the port cannot be had.
    """
    import uvicorn

    with listening(port) as found:
        address = f"http://{HOST}:{found.getsockname()[1]}/"
        config = uvicorn.Config(
            browse_app(library), log_level="warning", server_header=False, access_log=False
        )
        tell(address)
        if show:
            threading.Timer(0.5, webbrowser.open, [address]).start()
        uvicorn.Server(config).run(sockets=[found])


def listening(port: int) -> socket.socket:
    """A socket on which visitors of this machine wait from now on; SpecError if it is taken."""
    found = socket.socket()
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((HOST, port))
        found.listen()
    except OSError as error:
        found.close()
        raise SpecError(
            f"port: {port} cannot be listened on ({error.strerror}); choose another, or 0 for any"
        ) from None
    return found
