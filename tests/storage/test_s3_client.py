"""What goes over the wire."""

from hashlib import sha256

import pytest
from faulty_proxy import Proxy

from pipeline.storage import Store
from pipeline.storage.s3_client import ATTEMPTS, CONNECTIONS, connect


def test_no_checksum_headers_but_a_signed_body(proxy: Proxy, far_store: Store) -> None:
    far_store.put("a", b"data")
    _, _, headers = proxy.seen[0]
    assert not [name for name in headers if "crc" in name.lower() or "trailer" in name.lower()]
    assert headers["X-Amz-Content-SHA256"] == sha256(b"data").hexdigest()


def test_own_servers_are_asked_by_path(proxy: Proxy, far_store: Store, s3_bucket: str) -> None:
    far_store.put("a", b"data")
    assert proxy.seen[0][1].startswith(f"/{s3_bucket}/")


def test_settings_and_what_overrides_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_MAX_ATTEMPTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    settings = connect(None).meta.config
    assert settings.region_name == "us-east-1"
    assert settings.retries == {"mode": "standard", "total_max_attempts": ATTEMPTS}
    assert settings.max_pool_connections == CONNECTIONS
    assert settings.connect_timeout < settings.read_timeout <= 60
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    settings = connect(None).meta.config
    assert settings.region_name == "eu-north-1"
    assert settings.retries["total_max_attempts"] == 2
