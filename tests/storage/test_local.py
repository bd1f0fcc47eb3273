"""What a folder adds: durability, unfinished files, and disks that refuse."""

import errno
import os
from pathlib import Path

import pytest

from pipeline.errors import StoreError
from pipeline.storage import open_store


def test_opening_and_reading_make_no_folder(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "new"))
    assert list(store.list("")) == []
    assert not store.exists("a")
    assert not (tmp_path / "new").exists()


def test_an_object_is_a_file_that_others_may_read(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path}")
    store.put("images/a.jpg", b"x")
    store.create("receipts/a.json", b"y")
    assert (tmp_path / "images" / "a.jpg").read_bytes() == b"x"
    mask = os.umask(0)
    os.umask(mask)
    for name in ("images/a.jpg", "receipts/a.json"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o666 & ~mask


def test_nothing_but_objects_is_left_behind(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    store.put("a", b"1")
    store.put("a", b"2")
    store.create("b", b"1")
    store.create("b", b"2")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreError):
        store.put("folder", b"")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "folder"]


def test_unfinished_and_foreign_files_are_not_listed(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    store.put("images/a.jpg", b"x")
    (tmp_path / "images" / ".populace-0123456789abcdef").write_bytes(b"half")
    (tmp_path / "images" / "back\\slash").write_bytes(b"")
    (tmp_path / "images" / "dangling").symlink_to("nowhere")
    assert list(store.list("")) == ["images/a.jpg"]
    assert list(store.list("images/")) == ["images/a.jpg"]


def test_files_and_their_folders_are_synced_before_a_write_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def record(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").resolve().name)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    open_store(str(tmp_path / "store")).create("receipts/0.json", b"{}")
    made, above, hidden, folder = synced
    assert (made, above, folder) == (tmp_path.name, "store", "receipts")
    assert hidden.startswith(".populace-")


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    store.put("a", b"")
    with pytest.raises(StoreError, match="a/b has a file where a folder belongs"):
        store.put("a/b", b"")


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "does not fit on the disk; free some space"),
        (errno.EACCES, "may not be written by this user"),
        (errno.EROFS, "is on a read-only disk"),
        (errno.EIO, r"cannot be written \(Input/output error\)"),
    ],
)
def test_a_disk_that_refuses_is_explained_and_the_old_object_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, sentence: str
) -> None:
    store = open_store(str(tmp_path))
    store.put("a", b"old")

    def refuse(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StoreError, match=sentence):
        store.put("a", b"new")
    assert store.get("a") == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_exclusive_creation_says_when_the_disk_has_no_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    with pytest.raises(StoreError, match="without hard links"):
        open_store(str(tmp_path)).create("a", b"")
    assert not list(tmp_path.iterdir())


def test_a_folder_has_no_links(tmp_path: Path) -> None:
    assert open_store(str(tmp_path)).link("a", 60) is None
