"""The quick client reads what it can, and boto3 the rest."""

import copy
import os
import pickle
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from faulty_proxy import Fault, Proxy

from pipeline.errors import StoreError
from pipeline.storage import MissingObject, Store, open_store
from pipeline.storage.s3 import S3Store

DATA = bytes(range(256)) * 100


def readers(proxy: Proxy) -> list[str]:
    """Which client sent each GET."""
    agents = [
        {name.lower(): value for name, value in headers.items()}["user-agent"]
        for method, _, headers in proxy.seen
        if method == "GET"
    ]
    return ["boto3" if agent.startswith("Boto3") else "quick" for agent in agents]


def test_objects_and_ranges_are_read_by_one_request_of_the_quick_client(
    proxy: Proxy, far_store: Store
) -> None:
    far_store.put("a/b-c_d.jpg", DATA)
    assert far_store.get("a/b-c_d.jpg") == DATA
    assert far_store.get("a/b-c_d.jpg", 10, 20) == DATA[10:30]
    assert far_store.get("a/b-c_d.jpg", None, 20) == DATA[:20]
    assert far_store.get("a/b-c_d.jpg", len(DATA) - 5, 20) == DATA[-5:]
    assert readers(proxy) == ["quick"] * 4


def test_boto3_reads_what_the_quick_client_does_not(proxy: Proxy, far_store: Store) -> None:
    for key in ("a b.jpg", "ä+%41#?.jpg"):
        far_store.put(key, DATA)
        assert far_store.get(key) == DATA
    far_store.put("a.jpg", DATA)
    assert far_store.get("a.jpg", 100) == DATA[100:]
    assert readers(proxy) == ["boto3"] * 3


@pytest.mark.parametrize("act", ["reset", "cut", 500])
def test_boto3_takes_over_what_fails(proxy: Proxy, far_store: Store, act: Any) -> None:
    far_store.put("a.jpg", DATA)
    proxy.faults = [Fault("GET", act)]
    assert far_store.get("a.jpg") == DATA
    assert readers(proxy) == ["quick", "boto3"]
    assert far_store.get("a.jpg") == DATA
    assert readers(proxy)[2:] == ["quick"]


def test_a_quick_client_that_never_succeeds_is_left_alone(proxy: Proxy, far_store: Store) -> None:
    far_store.put("a.jpg", DATA)
    for _ in range(5):
        proxy.faults = [Fault("GET", 500)]
        far_store.get("a.jpg")
    assert readers(proxy) == ["quick", "boto3"] * 3 + ["boto3"] * 4  # its own failed try, twice


def test_a_quick_client_that_fails_often_rests(
    proxy: Proxy, far_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.storage.s3_reader._MOST_OUTDONE", 2)
    far_store.put("a.jpg", DATA)
    far_store.get("a.jpg")
    for _ in range(3):
        proxy.faults = [Fault("GET", 503)]
        far_store.get("a.jpg")
    assert readers(proxy)[1:] == ["quick", "boto3"] * 2 + ["boto3"] * 2
    monkeypatch.setattr("time.monotonic", lambda now=time.monotonic: now() + 61)
    far_store.get("a.jpg")
    assert readers(proxy)[-1] == "quick"


def test_the_environment_of_other_tools_leads_nobody_astray(
    proxy: Proxy, s3_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = {"AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"}
    for name in elsewhere:
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_REQUEST_PAYER", "requester")
    for name in ("AWS_SKIP_SIGNATURE", "AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "AWS_S3_EXPRESS"):
        monkeypatch.setenv(name, "true")
    monkeypatch.setenv("AWS_BUCKET", "another")
    store = open_store(s3_uri, endpoint=proxy.endpoint)
    store.put("a.jpg", DATA)
    assert store.get("a.jpg") == DATA
    assert readers(proxy) == ["quick"]
    sent = {name.lower() for name in proxy.seen[-1][2]}
    assert "authorization" in sent
    assert "x-amz-request-payer" not in sent


def test_large_objects_are_for_boto3(
    proxy: Proxy, far_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.storage.s3_reader.LARGEST", len(DATA) - 1)
    far_store.put("a.jpg", DATA)
    assert far_store.get("a.jpg") == DATA
    assert far_store.get("a.jpg", 0, len(DATA)) == DATA
    assert readers(proxy) == ["quick", "boto3", "quick"]


def test_what_a_redirect_leads_to_is_no_object(proxy: Proxy, far_store: Store) -> None:
    class Login(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = b"<html>login</html>"
            self.send_response(200)
            self.send_header("Content-Length", str(len(page)))
            self.send_header("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: object) -> None:
            return None

    with HTTPServer(("127.0.0.1", 0), Login) as gateway:
        threading.Thread(target=gateway.serve_forever, args=(0.01,), daemon=True).start()
        proxy.elsewhere = f"http://127.0.0.1:{gateway.server_port}"
        proxy.faults = [Fault("GET", 301, times=2)]
        with pytest.raises(StoreError, match="redirects to"):
            far_store.get("a.jpg")
        gateway.shutdown()


def test_what_is_missing_is_said_by_boto3_and_counts_for_nothing(far_store: Store) -> None:
    assert isinstance(far_store, S3Store)
    for _ in range(100):
        with pytest.raises(MissingObject):
            far_store.get("none.jpg")
    assert far_store._reader is not None
    assert far_store._reader.serves("none.jpg", None, None)


def test_forked_and_other_processes_read_too(s3_endpoint: str, s3_uri: str) -> None:
    store = open_store(s3_uri, endpoint=s3_endpoint)
    store.put("a.jpg", DATA)
    assert store.get("a.jpg") == DATA
    child = os.fork()
    if not child:
        signal.alarm(30)  # a read by threads that are not there would never end
        stores = (store, copy.copy(store), open_store(s3_uri, endpoint=s3_endpoint))
        os._exit(0 if all(one.get("a.jpg") == DATA for one in stores) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert pickle.loads(pickle.dumps(store)).get("a.jpg") == DATA
