"""Listen for requests with uvicorn, where that is safe."""

import contextlib
import ipaddress
import socket
from collections.abc import Callable
from urllib.parse import urlsplit

import uvicorn
from fastapi import FastAPI

from pipeline.errors import SpecError

_LOCALHOST = ("localhost", "127.0.0.1", "[::1]")
_MOST_CONNECTIONS = 256


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_host(host: str, *, keys: bool) -> None:
    """SpecError where others could reach a service that asks for no keys."""
    if not keys and not is_loopback(host):
        raise SpecError(
            f"host: {host!r} can be reached from other machines, and no keys are asked for; give "
            "--keys FILE (`populace key add` makes it), or listen on 127.0.0.1"
        )


def hosts_of(host: str, *, keys: bool) -> list[str] | None:
    """The names by which a service without keys may be asked for; None with keys: any."""
    if keys:
        return None
    own = f"[{host}]" if ":" in host else host
    return sorted({*_LOCALHOST, own})


def check_origin(origin: str) -> str:
    """An origin, `https://host[:port]`, without what may follow; SpecError where it is none."""
    parts = urlsplit(origin)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise SpecError(
            f"allow-origin: {origin!r} is no origin; write it as https://studio.example"
        )
    return f"{parts.scheme}://{parts.netloc}"


def listening(host: str, port: int) -> socket.socket:
    """A socket that takes connections; SpecError where the address cannot be had."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError:
        raise SpecError(f"host: {host!r} is no address of this machine; choose another") from None
    found = socket.socket(family)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
        found.listen(_MOST_CONNECTIONS)
    except OSError as error:
        found.close()
        raise SpecError(
            f"port: {host}:{port} cannot be had ({error.strerror}); choose another by --port"
        ) from error
    return found


def serve(app: FastAPI, found: socket.socket, host: str, say: Callable[[str], None]) -> None:
    """Answer requests until Ctrl-C or SIGTERM; what is being answered is finished first."""
    port = found.getsockname()[1]
    say(f"http://{f'[{host}]' if ':' in host else host}:{port}/")
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        log_level="warning",
        server_header=False,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=30,
    )
    # uvicorn raises the signal once more when it has ended, for whoever stands around it.
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run([found])
