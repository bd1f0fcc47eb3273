"""Checkpoints elsewhere are fetched once, whole, and only if they are the ones that were meant."""

import hashlib
import http.server
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipeline.errors import SpecError
from pipeline.models.fetch import local_copy
from pipeline.storage import open_store

CONTENT = b"weights" * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Site:
    """A web server's files, and what it was asked for."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=lambda: {"/a.pkl": CONTENT})
    moved: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    sent: list[str] = field(default_factory=list)


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Site]:
    site = Site()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path in site.moved:
                self.send_response(302)
                self.send_header("Location", site.moved[path])
                self.end_headers()
            elif path not in site.files:
                self.send_error(404)
            else:
                self.give(site.files[path])

        def give(self, content: bytes) -> None:
            tag = f'"{hashlib.md5(content).hexdigest()}"'
            if self.headers.get("If-None-Match") == tag:
                self.send_response(304)
                self.end_headers()
                return
            site.sent.append(self.path)
            self.send_response(200)
            self.send_header("ETag", tag)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) - site.cut])

        def log_message(self, format: str, *args: object) -> None:
            pass

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.address = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield site
        server.shutdown()


def kept(tmp_path: Path) -> list[str]:
    folder = tmp_path / "cache" / "populace" / "checkpoints"
    return sorted(path.suffix for path in folder.iterdir() if path.suffix != ".lock")


def test_a_digest_is_fetched_once_by_many_at_once(site: Site) -> None:
    with ThreadPoolExecutor(8) as pool:
        uris = [f"{site.address}/a.pkl#sha256={DIGEST}"] * 8
        paths = set(pool.map(local_copy, uris))
    assert len(paths) == 1
    assert paths.pop().read_bytes() == CONTENT
    assert site.sent == ["/a.pkl"]


def test_a_copy_that_was_tampered_with_is_fetched_again(site: Site) -> None:
    uri = f"{site.address}/a.pkl#sha256={DIGEST}"
    local_copy(uri).write_bytes(b"other")
    assert local_copy(uri).read_bytes() == CONTENT


def test_another_file_than_meant_is_refused_and_not_kept(site: Site, tmp_path: Path) -> None:
    site.files["/a.pkl"] = b"other"
    with pytest.raises(SpecError, match="is another file than meant"):
        local_copy(f"{site.address}/a.pkl?key=secret#sha256={DIGEST}")
    assert kept(tmp_path) == []


def test_without_a_digest_the_server_says_whether_it_changed(site: Site) -> None:
    uri = f"{site.address}/a.pkl"
    assert [local_copy(uri).read_bytes() for _ in range(3)] == [CONTENT] * 3
    assert len(site.sent) == 1
    site.files["/a.pkl"] = b"newer"
    assert local_copy(uri).read_bytes() == b"newer"


def test_what_breaks_off_is_refused_and_not_kept(site: Site, tmp_path: Path) -> None:
    site.cut = 100
    with pytest.raises(SpecError, match=r"broke off.*run the command again"):
        local_copy(f"{site.address}/a.pkl")
    assert kept(tmp_path) == []


def test_what_is_not_there_is_said_without_the_key(site: Site) -> None:
    with pytest.raises(SpecError, match=r"b\.pkl cannot be fetched \(HTTP 404\)"):
        local_copy(f"{site.address}/b.pkl?key=secret")


@pytest.mark.parametrize(
    ("there", "found"),
    [
        ("file:///etc/passwd", r"cannot be fetched \(HTTP 302\)"),
        ("ftp://127.0.0.1/a.pkl", "leads to a ftp address"),
    ],
)
def test_a_server_leads_nowhere_but_to_the_web(site: Site, there: str, found: str) -> None:
    site.moved["/a.pkl"] = there
    with pytest.raises(SpecError, match=found):
        local_copy(f"{site.address}/a.pkl")


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("http://example.org/a.pkl", "comes over plain http; write https, or add #sha256="),
        ("https://me:secret@example.org/a.pkl", "holds a password"),
        ("a.pkl#sha256=12", "write #sha256= and 64 of"),
        ("ftp://example.org/a.pkl", "unknown scheme"),
    ],
)
def test_addresses_that_cannot_be_meant(uri: str, found: str) -> None:
    with pytest.raises(SpecError) as caught:
        local_copy(uri)
    assert found in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_local_file_is_checked_where_it_lies(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(CONTENT)
    assert local_copy(f"{path}#sha256={DIGEST}") == path
    assert local_copy(path.as_uri()) == path
    path.write_bytes(b"other")
    with pytest.raises(SpecError, match="is another file than meant"):
        local_copy(f"{path}#sha256={DIGEST}")


def test_s3_objects(
    s3_endpoint: str, s3_uri: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_endpoint)
    store = open_store(s3_uri)
    store.put("a.pkl", CONTENT)
    assert local_copy(f"{s3_uri}/a.pkl").read_bytes() == CONTENT
    assert local_copy(f"{s3_uri}/a.pkl#sha256={DIGEST}").read_bytes() == CONTENT
    store.put("a.pkl", b"newer")
    assert local_copy(f"{s3_uri}/a.pkl").read_bytes() == b"newer"
    with pytest.raises(SpecError, match=r"b\.pkl does not exist"):
        local_copy(f"{s3_uri}/b.pkl")
