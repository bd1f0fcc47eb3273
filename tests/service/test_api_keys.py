"""Keys are kept as hashes, end when they should, and open what they name."""

import json
import stat
import threading
from pathlib import Path

import pytest

from pipeline.errors import SpecError, StoreError
from pipeline.service.keys import (
    KeyRing,
    add_key,
    digest_of,
    read_expiry,
    read_keys,
    read_rate,
    revoke_key,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "keys.json"


def test_only_a_hash_of_a_key_is_kept(path: Path) -> None:
    text = add_key(path, "studio", ["demo"], ["read", "pull"], "2999-01-01", "10/s")
    kept = path.read_text()
    assert text not in kept
    secret = text.split("_", 2)[2]
    assert secret not in kept
    (key,) = read_keys(path)
    assert (key.name, key.catalogs, key.actions) == ("studio", ("demo",), ("read", "pull"))
    assert (key.rate, key.expires, key.state) == ("10/s", "2999-01-01T00:00:00+00:00", "valid")
    assert key.digest == digest_of(text)
    assert len(secret) >= 43  # 256 bits
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_ring_finds_a_key_by_all_of_its_text(path: Path) -> None:
    text = add_key(path, "studio", ["demo"], ["read"])
    other = add_key(path, "other", ["demo"], ["read"])
    ring = KeyRing(path)
    found = ring.find(text)
    assert found is not None
    assert found.name == "studio"
    mixed = f"pop_{text.split('_')[1]}_{other.split('_', 2)[2]}"
    for wrong in ("", "pop_", text[:-1], text + "x", text.upper(), mixed, f" {text}", "é\ud800"):
        assert ring.find(wrong) is None


def test_a_ring_sees_changes_of_its_file(path: Path) -> None:
    first = add_key(path, "first", ["demo"], ["read"])
    ring = KeyRing(path)
    second = add_key(path, "second", ["demo"], ["read"])
    assert ring.find(second) is not None
    revoke_key(path, "first")
    found = ring.find(first)
    assert found is not None
    assert found.state == "revoked"
    path.unlink()
    with pytest.raises(SpecError, match="cannot be read"):
        ring.find(second)


def test_a_key_ends_at_its_time(path: Path) -> None:
    text = add_key(path, "studio", ["demo"], ["read"], "2999-01-01")
    document = json.loads(path.read_text())
    document["keys"][0]["expires"] = "2020-01-01T00:00:00+00:00"
    path.write_text(json.dumps(document))
    found = KeyRing(path).find(text)
    assert found is not None
    assert found.state == "expired"


def test_what_a_key_may(path: Path) -> None:
    add_key(path, "one", ["a", "b"], ["read", "pull"])
    add_key(path, "all", ["*"], ["read"])
    one, every = read_keys(path)
    assert one.may("read", "a")
    assert one.may("pull", "b")
    assert not one.may("read", "c")
    assert not one.may("submit")
    assert every.may("read", "anything")
    assert not every.may("pull", "anything")


def test_a_revoked_name_is_free_again(path: Path) -> None:
    add_key(path, "studio", ["demo"], ["read"])
    with pytest.raises(SpecError, match="a key is named 'studio' already"):
        add_key(path, "studio", ["demo"], ["read"])
    revoke_key(path, "studio")
    with pytest.raises(SpecError, match="no key in use is named 'studio'"):
        revoke_key(path, "studio")
    add_key(path, "studio", ["demo"], ["read"])
    assert [key.state for key in read_keys(path)] == ["revoked", "valid"]


def test_keys_that_are_added_at_once_are_all_kept(path: Path) -> None:
    add_key(path, "first", ["demo"], ["read"])
    threads = [
        threading.Thread(target=add_key, args=(path, f"key{i}", ["demo"], ["read"]))
        for i in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_keys(path)) == 13
    assert [entry.name for entry in path.parent.iterdir()] == ["keys.json"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a b"}, "name"),
        ({"catalogs": []}, "catalogs"),
        ({"catalogs": ["a/b"]}, "catalogs"),
        ({"actions": []}, "actions"),
        ({"actions": ["read", "write"]}, "actions"),
        ({"expires": "soon"}, "expires"),
        ({"expires": "2020-01-01"}, "expires"),
        ({"rate": "0/s"}, "rate"),
        ({"rate": "10/day"}, "rate"),
        ({"rate": "ten"}, "rate"),
    ],
)
def test_what_cannot_be_meant_names_its_field(path: Path, change: dict, field: str) -> None:
    options = {"name": "studio", "catalogs": ["demo"], "actions": ["read"]} | change
    with pytest.raises(SpecError, match=f"^{field}: "):
        add_key(path, **options)
    assert not path.exists()


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"version": 2, "keys": []}', '{"version": 1, "keys": [{}]}', "\ud800"],
)
def test_a_damaged_file_is_named_and_kept(path: Path, content: str) -> None:
    path.parent.mkdir()
    path.write_text(content, encoding="utf-8", errors="surrogatepass")
    with pytest.raises(SpecError, match=r"^keys: .*keys\.json is no file of keys"):
        add_key(path, "studio", ["demo"], ["read"])
    assert path.read_text(encoding="utf-8", errors="surrogatepass") == content


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("digest", "x"),
        ("id", "x"),
        ("actions", ["fly"]),
        ("rate", "1/y"),
        ("expires", "2020-01-01"),
        ("name", ""),
    ],
)
def test_a_damaged_key_is_named(path: Path, field: str, value: object) -> None:
    add_key(path, "studio", ["demo"], ["read"])
    document = json.loads(path.read_text())
    document["keys"][0][field] = value
    path.write_text(json.dumps(document))
    with pytest.raises(SpecError, match="is no file of keys"):
        KeyRing(path)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises((SpecError, StoreError), match=r"^keys: "):
        add_key(tmp_path / "file" / "keys.json", "studio", ["demo"], ["read"])


def test_rates_and_dates_are_read() -> None:
    assert read_rate("600/min") == (600, 10)
    assert read_rate("5/s") == (5, 5)
    assert read_rate("36/h") == (36, 0.01)
    assert read_expiry("2999-01-31") == "2999-01-31T00:00:00+00:00"
    assert read_expiry("2999-01-31T12:00:00+02:00") == "2999-01-31T12:00:00+02:00"
