"""Stand between a client and an S3 server, and fail as networks and servers do."""

import http.client
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

CODES = {
    301: "PermanentRedirect",
    403: "AccessDenied",
    404: "404",
    409: "ConditionalRequestConflict",
    500: "InternalError",
    503: "ServiceUnavailable",
}


@dataclass
class Fault:
    """What happens to the first `times` requests of `method` whose path and query hold `part`.

    act: a status to answer with instead of the server; `reset` the connection before the server
        hears of it; `lose` the server's answer; `cut` its body in the middle; `unconditional`:
        forward the request without If-None-Match.
    """

    method: str
    act: int | Literal["reset", "lose", "cut", "unconditional"]
    part: str = ""
    times: int = 1


@dataclass
class Proxy:
    """A running proxy: its address, the faults to come, and `(method, path, headers)` so far.

    elsewhere: where redirects lead.
    """

    endpoint: str
    faults: list[Fault] = field(default_factory=list)
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    elsewhere: str = "https://elsewhere"
    lock: threading.Lock = field(default_factory=threading.Lock)

    def fault_for(self, method: str, path: str) -> Fault | None:
        """Take one use of the first fault that fits."""
        with self.lock:
            for fault in self.faults:
                if fault.times > 0 and fault.method == method and fault.part in path:
                    fault.times -= 1
                    return fault
        return None

    def count(self, method: str, part: str = "") -> int:
        """How many requests of `method` held `part` in path and query."""
        return sum(seen[0] == method and part in seen[1] for seen in self.seen)


@contextmanager
def proxy_to(upstream: str) -> Iterator[Proxy]:
    """Run a proxy to the server at `upstream` on a free loopback port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            proxy.seen.append((self.command, self.path, dict(self.headers.items())))
            fault = proxy.fault_for(self.command, self.path)
            act = fault.act if fault else None
            if act == "reset":
                return self.reset()
            if isinstance(act, int):
                error = f"<Error><Code>{CODES[act]}</Code><Message>fault</Message></Error>"
                headers = [("Location", f"{proxy.elsewhere}{self.path}")] if act == 301 else []
                return self.relay(act, headers, error.encode())
            if act == "unconditional":
                del self.headers["If-None-Match"]
            status, headers, content = self.forward(body)
            if act == "lose":
                return self.reset()
            return self.relay(status, headers, content, cut=act == "cut")

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer  # noqa: N815

        def forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
            server = http.client.HTTPConnection(urlsplit(upstream).netloc)
            # Host goes through as it came, because the client has signed it.
            server.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in ("connection", "expect"):
                    server.putheader(name, value)
            server.endheaders(body)
            response = server.getresponse()
            content = response.read()
            server.close()
            return response.status, response.getheaders(), content

        def relay(
            self, status: int, headers: list[tuple[str, str]], content: bytes, cut: bool = False
        ) -> None:
            self.send_response(status)
            length = str(len(content))
            for name, value in headers:
                if name.lower() == "content-length" and self.command == "HEAD":
                    length = value
                elif name.lower() not in ("content-length", "connection", "transfer-encoding"):
                    self.send_header(name, value)
            self.send_header("Content-Length", length)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content[: len(content) // 2] if cut else content)
            self.close_connection = self.close_connection or cut

        def reset(self) -> None:
            # Closing without lingering makes the kernel send RST.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.shutdown(socket.SHUT_RD)
            self.connection.close()
            self.close_connection = True

        def finish(self) -> None:
            try:
                super().finish()
            except OSError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            return None

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Handler) as server:
        proxy = Proxy(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield proxy
        server.shutdown()
