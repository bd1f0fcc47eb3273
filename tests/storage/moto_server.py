"""Serve moto's S3 on a free loopback port, with conditional writes as exclusive as the real ones.

Prints the address, and ends when standard input does.
"""

import os
import sys
import threading
from collections.abc import Iterable
from typing import Any

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

moto = DomainDispatcherApplication(create_backend_app)
one_writer = threading.Lock()


def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Answer with moto; it looks for the key and stores it in two steps, so let one at a time."""
    if "HTTP_IF_NONE_MATCH" in environ:
        with one_writer:
            return moto(environ, start_response)
    return moto(environ, start_response)


def end_with_standard_input() -> None:
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_standard_input, daemon=True).start()
server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler)
print(f"http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
