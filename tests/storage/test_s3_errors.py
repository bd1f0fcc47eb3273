"""What a user reads when S3 does not answer as hoped."""

import socket

import pytest
from faulty_proxy import Fault, Proxy

from pipeline.errors import SpecError, StoreError
from pipeline.storage import MissingObject, Store, open_store


def test_a_missing_bucket_is_named_by_every_method(s3_endpoint: str) -> None:
    store = open_store("s3://no-such-bucket-here/x", endpoint=s3_endpoint)
    for use in (
        lambda: store.get("a"),
        lambda: store.put("a", b""),
        lambda: store.create("a", b""),
        lambda: store.exists("a"),
        lambda: store.size("a"),
        lambda: list(store.list("")),
    ):
        with pytest.raises(StoreError, match="has no such bucket; create it") as caught:
            use()
        assert str(caught.value).startswith("s3://no-such-bucket-here/x: ")
        assert not isinstance(caught.value, MissingObject)


def test_missing_credentials(
    s3_endpoint: str, s3_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(StoreError, match=r"no usable S3 credentials.*; set AWS_ACCESS_KEY_ID"):
        open_store(s3_uri, endpoint=s3_endpoint).get("a")


def test_an_unknown_profile(s3_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(StoreError, match=r"no usable S3 credentials .*\(nobody\).*or AWS_PROFILE"):
        open_store(s3_uri)


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD"])
def test_denied_access(proxy: Proxy, far_store: Store, s3_uri: str, method: str) -> None:
    use = {"GET": far_store.get, "PUT": lambda key: far_store.put(key, b""), "HEAD": far_store.size}
    proxy.faults = [Fault(method, 403, times=2)]
    with pytest.raises(StoreError, match="denies access; allow these credentials s3:") as caught:
        use[method]("a")
    assert str(caught.value).startswith(f"{s3_uri}/a: {proxy.endpoint} ")


def test_an_endpoint_where_nobody_listens(s3_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        with pytest.raises(StoreError, match=f"{endpoint} cannot be reached .*check the endpoint"):
            open_store(s3_uri, endpoint=endpoint).get("a")


def test_a_server_that_stays_broken(
    proxy: Proxy, s3_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    proxy.faults = [Fault("GET", 503, times=100)]
    with pytest.raises(StoreError, match=r"answered 503 ServiceUnavailable \(fault\)"):
        open_store(s3_uri, endpoint=proxy.endpoint).get("a")
    assert proxy.count("GET") == 3  # the quick client's one, then boto3's two


def test_a_server_that_redirects(proxy: Proxy, far_store: Store) -> None:
    proxy.faults = [Fault(method, 301, times=2) for method in ("GET", "HEAD", "PUT")]
    for use in (far_store.get, far_store.size, lambda key: far_store.put(key, b"")):
        with pytest.raises(StoreError, match=r"redirects to 'https://elsewhere/.*; write the"):
            use("a")


def test_a_server_that_does_not_speak_s3(proxy: Proxy, far_store: Store) -> None:
    proxy.faults = [Fault("PUT", 404)]
    with pytest.raises(StoreError, match=r"answered 404 .* check that the endpoint speaks S3"):
        far_store.put("a", b"")


def test_endpoints_that_are_no_address_are_refused_at_once(s3_uri: str) -> None:
    with pytest.raises(SpecError, match="endpoint: 'localhost:9000' is no HTTP address"):
        open_store(s3_uri, endpoint="localhost:9000")
    with pytest.raises(StoreError, match="cannot be used"):
        open_store(s3_uri, endpoint="http://under_score_:9000")
