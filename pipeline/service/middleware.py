"""Stand around every request: its size, its time, its line in the audit log, its headers."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextvars import copy_context
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.catalog.limits import limited
from pipeline.errors import StoreError
from pipeline.service.answers import answer_of, error_answer
from pipeline.service.audit_log import AuditLog
from pipeline.service.guard import NOTES
from pipeline.service.refused import AT_THE_DOOR, Refusals

_LOG = logging.getLogger("populace.service")
_BODY_SECONDS = 30.0


class SecurityHeaders:
    """Adds headers that narrow what a browser does with an answer, where the answer has none."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app, self._headers = app, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As any ASGI application."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


class Hosts:
    """Refuses requests that name another host.

    Without keys, a web page could have its own name resolved to this machine, and then read from
    here what its own visitors may.
    """

    def __init__(self, app: ASGIApp, hosts: Sequence[str]) -> None:
        self._app, self._hosts = app, frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As any ASGI application."""
        if scope["type"] == "http" and _host(Headers(scope=scope)) not in self._hosts:
            answer = error_answer(421, "host", "is none that is served here; use the address given")
            await answer(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class Bodies:
    """Reads a request's body, and refuses one that is too large or too slow, before any route."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As any ASGI application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = Headers(scope=scope).get("content-length", "0")
        body = None
        if told.isdecimal() and len(told) < 20 and int(told) <= self._most:
            try:
                body = await asyncio.wait_for(_whole(receive, self._most), _BODY_SECONDS)
            except TimeoutError:
                answer = error_answer(408, "body", f"took longer than {_BODY_SECONDS:g} s")
                await answer(scope, receive, send)
                return
        if body is None:
            message = f"is larger than {self._most:,} bytes; send less"
            answer = error_answer(413, "body", message, {"connection": "close"})
            await answer(scope, receive, send)
            return
        waiting = [body]

        async def again() -> Message:
            return waiting.pop() if waiting else await receive()

        await self._app(scope, again, send)


class Boundary:
    """Bounds the time of a request's queries, writes its line in the audit log, hides its errors.

    An answer that the log is to tell of is sent only when its line is written; refusals at the door
    are told in few lines (`Refusals`).
    """

    def __init__(self, app: ASGIApp, seconds: float, audit: AuditLog | None = None) -> None:
        self._app, self._seconds, self._audit = app, seconds, audit
        self._refusals = Refusals()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As any ASGI application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            if scope["type"] == "lifespan":  # the service ends
                await self._write_lines(self._refusals.rest())
            return
        scope[NOTES] = {}
        begun = False
        unwritten: StoreError | None = None

        async def written(message: Message) -> None:
            nonlocal begun, unwritten
            if message["type"] == "http.response.start":
                try:
                    await self._write(scope, message["status"])
                except StoreError as error:
                    unwritten = error
                    raise
                begun = True
            await send(message)

        with limited(self._seconds):
            try:
                await self._app(scope, receive, written)
            except Exception as error:
                if begun:
                    _LOG.error("%s", scope["path"], exc_info=error)
                    raise
                # Starlette makes an error of its own of one that a sent answer met.
                answer = answer_of(unwritten or error, scope["path"])
                await answer(scope, receive, send)

    async def _write(self, scope: Scope, status: int) -> None:
        notes: dict[str, Any] = scope[NOTES]
        if self._audit is None or "action" not in notes:
            return
        client = (scope.get("client") or ("", 0))[0]
        entry = {"key": None, **notes, "status": status, "client": client}
        lines = self._refusals.due()
        lines += self._refusals.counted(entry) if status in AT_THE_DOOR else [entry]
        await self._write_lines(lines)

    async def _write_lines(self, entries: Sequence[Mapping[str, Any]]) -> None:
        if self._audit is None:
            return
        for entry in entries:
            await asyncio.get_running_loop().run_in_executor(
                None, copy_context().run, self._audit.write, entry
            )


async def _whole(receive: Receive, most: int) -> Message | None:
    """A whole body as one message; None where it is too large."""
    data = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return message
        data += message.get("body", b"")
        if len(data) > most:
            return None
        if not message.get("more_body", False):
            return {"type": "http.request", "body": bytes(data), "more_body": False}


def _host(headers: Headers) -> str:
    """The host that a request names, without its port."""
    host = headers.get("host", "").lower()
    return host[: host.find("]") + 1] if host.startswith("[") else host.partition(":")[0]
