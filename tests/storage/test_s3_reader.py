"""The quick client reads what it can, and boto3 the rest."""

import os
import pickle

import pytest
from faulty_proxy import Fault, Proxy

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
def test_boto3_takes_over_what_fails(proxy: Proxy, far_store: Store, act: "int | str") -> None:
    far_store.put("a.jpg", DATA)
    proxy.faults = [Fault("GET", act)]  # type: ignore[arg-type]
    assert far_store.get("a.jpg") == DATA
    assert readers(proxy) == ["quick", "boto3"]
    assert far_store.get("a.jpg") == DATA
    assert readers(proxy)[2:] == ["quick"]


def test_a_quick_client_that_never_succeeds_is_left_alone(
    proxy: Proxy, far_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.storage.s3_reader._MOST_OUTDONE", 3)
    far_store.put("a.jpg", DATA)
    for _ in range(5):
        proxy.faults = [Fault("GET", 500)]
        far_store.get("a.jpg")
    assert readers(proxy) == ["quick", "boto3"] * 3 + ["boto3"] * 4  # its own failed try, twice


def test_the_environment_of_other_tools_leads_nobody_astray(
    proxy: Proxy, s3_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = {"AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"}
    for name in elsewhere:
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("AWS_SKIP_SIGNATURE", "AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "AWS_S3_EXPRESS"):
        monkeypatch.setenv(name, "true")
    monkeypatch.setenv("AWS_BUCKET", "another")
    store = open_store(s3_uri, endpoint=proxy.endpoint)
    store.put("a.jpg", DATA)
    assert store.get("a.jpg") == DATA
    assert readers(proxy) == ["quick"]
    assert any(name.lower() == "authorization" for name in proxy.seen[-1][2])


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
        os._exit(0 if store.get("a.jpg") == DATA else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert pickle.loads(pickle.dumps(store)).get("a.jpg") == DATA
