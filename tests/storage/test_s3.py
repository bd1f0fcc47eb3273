"""What S3 adds: an unreliable network, busy servers, and objects sent in parts."""

import pickle
import random
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from faulty_proxy import Fault, Proxy

from pipeline.errors import StoreError
from pipeline.storage import MissingObject, Store, open_store
from pipeline.storage.s3 import PART, S3Store
from pipeline.storage.s3_client import connect

PACK = random.Random(0).randbytes(20 * 1024 * 1024)


@pytest.mark.parametrize("act", [500, 503, "reset"])
def test_passing_faults_are_not_noticed(proxy: Proxy, far_store: Store, act: int) -> None:
    proxy.faults = [Fault(method, act, times=2) for method in ("PUT", "GET", "HEAD")]
    far_store.put("a", b"data")
    assert far_store.size("a") == 4
    assert far_store.get("a") == b"data"
    assert list(far_store.list("")) == ["a"]
    assert all(fault.times == 0 for fault in proxy.faults)


def test_a_body_that_breaks_off_is_read_again(proxy: Proxy, far_store: Store) -> None:
    far_store.put("a", b"0123456789")
    proxy.faults = [Fault("GET", "cut", times=2)]
    assert far_store.get("a", 2, 6) == b"234567"
    assert proxy.count("GET") == 3


def test_a_range_is_one_range_request(proxy: Proxy, far_store: Store) -> None:
    far_store.put("pack.tar", PACK[:1000])
    assert far_store.get("pack.tar", 512, 100) == PACK[512:612]
    sent = [headers for method, _, headers in proxy.seen if method == "GET"]
    assert [{k.lower(): v for k, v in one.items()}["range"] for one in sent] == ["bytes=512-611"]


def test_a_link_opens_one_object_to_anyone(s3_endpoint: str, s3_uri: str) -> None:
    store = open_store(s3_uri, endpoint=s3_endpoint)
    store.put("images/a b.jpg", b"data")
    link = store.link("images/a b.jpg", 60)
    assert link is not None
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in link
    assert "X-Amz-Expires=60" in link
    with urlopen(link) as answer:
        assert answer.read() == b"data"
    with pytest.raises(HTTPError, match="404"):
        urlopen(store.link("images/c.jpg", 60) or "")
    with pytest.raises(StoreError, match=r"has a '\.\.' segment"):
        store.link("../a", 60)


def test_listing_goes_page_by_page(proxy: Proxy, far_store: Store) -> None:
    far_store.put("a", b"")
    keys = far_store.list("")
    assert proxy.count("GET") == 0
    assert next(keys) == "a"
    assert proxy.count("GET", "list-type=2") == 1


def test_listing_keeps_to_its_prefix_and_skips_folder_markers(
    s3_endpoint: str, s3_bucket: str, s3_uri: str
) -> None:
    store = open_store(s3_uri, endpoint=s3_endpoint)
    store.put("images/a.jpg", b"x")
    open_store(s3_uri + "-other", endpoint=s3_endpoint).put("b", b"x")
    root = s3_uri.removeprefix(f"s3://{s3_bucket}/")
    client = connect(s3_endpoint)
    for marker in (f"{root}/", f"{root}/images/"):
        client.put_object(Bucket=s3_bucket, Key=marker)
    assert list(store.list("")) == ["images/a.jpg"]


def test_a_store_may_be_a_whole_bucket(s3_endpoint: str, s3_bucket: str, s3_uri: str) -> None:
    key = s3_uri.removeprefix(f"s3://{s3_bucket}/") + "/a"
    whole = open_store(f"s3://{s3_bucket}/", endpoint=s3_endpoint)
    whole.put(key, b"x")
    assert list(whole.list(key)) == [key]
    assert open_store(s3_uri, endpoint=s3_endpoint).get("a") == b"x"


def test_browsers_are_told_the_content_type(s3_endpoint: str, s3_bucket: str, s3_uri: str) -> None:
    store = open_store(s3_uri, endpoint=s3_endpoint)
    store.put("a.jpg", b"x", "image/jpeg")
    store.put("a.tar", PACK, "application/x-tar")
    store.create("a.json", b"{}", "application/json")
    root = s3_uri.removeprefix(f"s3://{s3_bucket}/")
    client = connect(s3_endpoint)
    types = [
        client.head_object(Bucket=s3_bucket, Key=f"{root}/{key}")["ContentType"]
        for key in ("a.jpg", "a.tar", "a.json")
    ]
    assert types == ["image/jpeg", "application/x-tar", "application/json"]


def test_a_conflicting_conditional_write_is_tried_again(proxy: Proxy, far_store: Store) -> None:
    proxy.faults = [Fault("PUT", 409, times=2)]
    assert far_store.create("receipt", b"mine")
    assert far_store.get("receipt") == b"mine"
    proxy.faults = [Fault("PUT", 409, times=1)]
    assert not far_store.create("receipt", b"other")


def test_creation_gives_up_after_many_conflicts(
    proxy: Proxy, s3_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "4")
    proxy.faults = [Fault("PUT", 409, times=100)]
    with pytest.raises(StoreError, match="answered 409 ConditionalRequestConflict"):
        open_store(s3_uri, endpoint=proxy.endpoint).create("receipt", b"mine")
    assert proxy.count("PUT") == 4


def test_after_a_lost_answer_creation_finds_its_own_object(proxy: Proxy, far_store: Store) -> None:
    proxy.faults = [Fault("PUT", "lose")]
    assert not far_store.create("receipt", b"mine")
    assert far_store.get("receipt") == b"mine"


def test_a_server_that_ignores_conditions_is_refused(proxy: Proxy, far_store: Store) -> None:
    proxy.faults = [Fault("PUT", "unconditional", times=100)]
    with pytest.raises(StoreError, match=r"the server ignores 'If-None-Match: \*'"):
        far_store.create("receipt", b"mine")


def test_whether_conditions_are_kept_is_asked_once(proxy: Proxy, far_store: Store) -> None:
    for number in range(3):
        assert far_store.create(f"receipt{number}", b"mine")
    assert proxy.count("PUT") == 4
    # Nor again in another process, whose first object may be a pack.
    assert pickle.loads(pickle.dumps(far_store)).create("receipt3", b"mine")
    assert proxy.count("PUT") == 5


def test_large_objects_go_in_parts(proxy: Proxy, far_store: Store) -> None:
    proxy.faults = [Fault("PUT", 503, "partNumber=2"), Fault("PUT", "reset", "partNumber=3")]
    far_store.put("pack.tar", PACK)
    assert far_store.get("pack.tar") == PACK
    sizes = {
        path.split("partNumber=")[1][0]: int(headers["Content-Length"])
        for method, path, headers in proxy.seen
        if method == "PUT"
    }
    assert sizes == {"1": PART, "2": PART, "3": len(PACK) - 2 * PART}


def test_parts_whose_completion_got_lost_are_sent_again(proxy: Proxy, far_store: Store) -> None:
    proxy.faults = [Fault("POST", "lose", "uploadId=")]
    far_store.put("pack.tar", PACK)
    assert far_store.get("pack.tar") == PACK


def test_a_failed_upload_is_aborted_and_the_old_object_stays(
    proxy: Proxy, far_store: Store, s3_bucket: str, s3_uri: str, s3_endpoint: str
) -> None:
    far_store.put("pack.tar", b"old")
    proxy.faults = [Fault("PUT", 403, "partNumber=2")]
    with pytest.raises(StoreError, match=r"pack\.tar: .* denies access"):
        far_store.put("pack.tar", PACK)
    assert proxy.count("DELETE", "uploadId=") == 1
    root = s3_uri.removeprefix(f"s3://{s3_bucket}/")
    uploads = connect(s3_endpoint).list_multipart_uploads(Bucket=s3_bucket, Prefix=root)
    assert "Uploads" not in uploads
    assert far_store.get("pack.tar") == b"old"


def test_a_failed_abort_does_not_hide_why(proxy: Proxy, far_store: Store) -> None:
    proxy.faults = [Fault("PUT", 403, "partNumber=1"), Fault("DELETE", 403)]
    with pytest.raises(StoreError, match="denies access"):
        far_store.put("pack.tar", PACK)
    with pytest.raises(MissingObject):
        far_store.get("pack.tar")


def test_the_endpoint_comes_from_the_environment(
    s3_endpoint: str, s3_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_endpoint)
    store = open_store(s3_uri)
    store.put("a", b"x")
    assert isinstance(store, S3Store)
    assert store.endpoint == s3_endpoint
