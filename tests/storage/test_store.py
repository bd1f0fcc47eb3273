"""What both stores promise."""

import itertools
import multiprocessing
import pickle
import random
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial

import pytest

from pipeline.errors import StoreError
from pipeline.storage import MissingObject, Store

MEBIBYTE = 1024 * 1024


@pytest.mark.parametrize("size", [0, 1, 65_537, 20 * MEBIBYTE])
def test_get_returns_what_put_wrote(store: Store, size: int) -> None:
    data = random.Random(size).randbytes(size)
    store.put("packs/0000.tar", data, "application/x-tar")
    assert store.get("packs/0000.tar") == data
    assert store.size("packs/0000.tar") == size


def test_put_overwrites(store: Store) -> None:
    store.put("a", b"a long old object")
    store.put("a", b"new")
    assert store.get("a") == b"new"


def test_a_stamp_tells_that_an_object_was_written_anew(store: Store) -> None:
    store.put("a", b"old")
    first = store.stamp("a")
    assert store.stamp("a") == first
    store.put("b", b"beside it")
    store.put("a", b"new")
    assert store.stamp("a") != first
    with pytest.raises(MissingObject, match="/folder/missing does not exist"):
        store.stamp("folder/missing")


def test_ranges_are_those_of_a_slice(store: Store) -> None:
    data = b"0123456789"
    store.put("a", data)
    for start, length in itertools.product([None, 0, 3, 9, 10, 50], [None, 0, 1, 4, 100]):
        first = start or 0
        expected = data[first:] if length is None else data[first : first + length]
        assert store.get("a", start, length) == expected, (start, length)


def test_a_range_of_an_empty_object_is_empty(store: Store) -> None:
    store.put("a", b"")
    assert store.get("a", 0, 10) == b""


def test_a_negative_range_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="start=-1 length=5 is negative"):
        store.get("a", -1, 5)


def test_a_missing_object_is_named(store: Store) -> None:
    store.put("folder/object", b"x")
    store.put("file", b"x")
    keys = ["missing", "folder/missing", "folder", "file/below"]
    assert not any(store.exists(key) for key in keys)
    reads = (store.get, store.size, lambda key: store.get(key, 0, 0))
    for key, read in itertools.product(keys, reads):
        with pytest.raises(MissingObject) as caught:
            read(key)
        assert f"{store.uri}/{key} does not exist" in str(caught.value)
        assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_an_object_exists_once_put(store: Store) -> None:
    store.put("receipts/0.json", b"")
    assert store.exists("receipts/0.json")


def test_keys_may_hold_spaces_and_any_script(store: Store) -> None:
    keys = sorted(["a b/c+d.jpg", "100%/é.jpg", "顔/😀.jpg", "x=1&y=2/#?.jpg", "..a/b..", "~"])
    for key in keys:
        store.put(key, key.encode())
    assert list(store.list("")) == keys
    assert all(store.get(key) == key.encode() for key in keys)


def test_keys_that_could_leave_the_store_are_refused(store: Store) -> None:
    uses = (store.get, store.exists, store.size)
    writes = (store.put, store.create)
    for key in (
        "",
        "/etc/passwd",
        "../x",
        "a/../../x",
        "a//b",
        "a/",
        "a\\b",
        "a\0b",
        ".populace-1",
    ):
        for use in uses + tuple(partial(write, data=b"") for write in writes):
            with pytest.raises(StoreError, match="write it as relative segments"):
                use(key)
    for prefix in ("/", "../", "a//", "a/../"):
        with pytest.raises(StoreError, match="write it as relative segments"):
            store.list(prefix)


def test_list_gives_every_key_in_order_beyond_a_page(store: Store) -> None:
    keys = [f"receipts/{number:07}.json" for number in range(1_050)]
    shuffled = random.Random(0).sample(keys, len(keys))
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda key: store.put(key, b"{}"), shuffled))
    assert list(store.list("receipts/")) == keys


def test_list_orders_and_selects_by_whole_keys(store: Store) -> None:
    keys = ["a-b", "a.b", "a/b", "a/b-c", "a0", "a1/x/y", "a1/x.y", "b"]
    for key in keys:
        store.put(key, b"")
    for prefix in ("", "a", "a/", "a/b", "a1/x", "a1/x/", "a1/x/y", "c", "b/"):
        assert list(store.list(prefix)) == sorted(key for key in keys if key.startswith(prefix))


def test_an_empty_store_lists_nothing(store: Store) -> None:
    assert list(store.list("")) == []
    assert list(store.list("receipts/")) == []


def test_create_writes_only_where_nothing_is(store: Store) -> None:
    assert store.create("receipts/0.json", b"first", "application/json")
    assert not store.create("receipts/0.json", b"second", "application/json")
    assert store.get("receipts/0.json") == b"first"
    store.put("put", b"first")
    assert not store.create("put", b"second")
    assert list(store.list("")) == ["put", "receipts/0.json"]


def test_of_many_threads_one_creates(store: Store) -> None:
    threads = 8
    start = threading.Barrier(threads)

    def race(number: int) -> bool:
        start.wait()
        return store.create("receipts/0.json", b"thread %d" % number)

    with ThreadPoolExecutor(threads) as pool:
        won = list(pool.map(race, range(threads)))
    assert won.count(True) == 1
    assert store.get("receipts/0.json") == b"thread %d" % won.index(True)


def create_all(store: Store, keys: list[str], number: int) -> list[bool]:
    """Run in another process."""
    return [store.create(key, b"process %d" % number) for key in keys]


def test_of_many_processes_one_creates(store: Store) -> None:
    processes = 3
    keys = [f"receipts/{number}.json" for number in range(40)]
    # The store is pickled on the way, as it is to Ray's actors.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawn) as pool:
        futures = [pool.submit(create_all, store, keys, number) for number in range(processes)]
        outcomes = [future.result() for future in futures]
    for key, *won in zip(keys, *outcomes, strict=True):
        assert won.count(True) == 1
        assert store.get(key) == b"process %d" % won.index(True)


def test_a_store_survives_pickling(store: Store) -> None:
    store.put("a", b"x")
    copy: Store = pickle.loads(pickle.dumps(store))
    assert copy.uri == store.uri
    assert copy.get("a") == b"x"


REWRITE_FOREVER = """
import pickle, sys
store = pickle.load(sys.stdin.buffer)
for round in range(10**9):
    store.put("object", bytes([round % 256]) * 3_000_000)
    if round == 0:
        print("ready", flush=True)
"""


def test_an_object_is_never_torn_by_a_killed_writer(store: Store) -> None:
    for delay in (0.0, 0.013, 0.05):
        with subprocess.Popen(
            [sys.executable, "-c", REWRITE_FOREVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdin is not None
            assert writer.stdout is not None
            writer.stdin.write(pickle.dumps(store))
            writer.stdin.close()
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(delay)
            writer.send_signal(signal.SIGKILL)
        data = store.get("object")
        assert data == data[:1] * 3_000_000
        assert list(store.list("")) == ["object"]
