"""Files appear whole or not at all."""

import os
from pathlib import Path

import pytest

from pipeline.catalog.local_file import make_folder, whole_file, write_whole
from pipeline.errors import SpecError, StoreError


def test_a_file_appears_when_it_is_whole(tmp_path):
    path = tmp_path / "deep" / "file.txt"
    with whole_file(path, "try again") as hidden:
        hidden.write_text("whole")
        assert not path.exists()
        assert hidden.parent == path.parent
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_an_error_leaves_what_was_there(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("before")
    with pytest.raises(TypeError), whole_file(path, "") as hidden:
        hidden.write_text("half") + "no number"
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "taken").mkdir()
    sentence = r"taken cannot be written \(.*\); free some space .*, then try again$"
    with (
        pytest.raises(StoreError, match=sentence),
        whole_file(tmp_path / "taken", "try again") as h,
    ):
        h.write_text("")
    (tmp_path / "file").write_text("")
    with pytest.raises(SpecError, match=r"to: the folder .*file/below cannot be made"):
        make_folder(tmp_path / "file" / "below")


def test_content_is_written_whole_in_a_folder_that_is_made(tmp_path: Path) -> None:
    for data in (b"first", b"second, over it", b""):
        write_whole(tmp_path, "deep/down/file", data, "try again")
        assert (tmp_path / "deep/down/file").read_bytes() == data
        assert list((tmp_path / "deep/down").iterdir()) == [tmp_path / "deep/down/file"]
    old = os.umask(0o027)
    try:
        write_whole(tmp_path, "file", b"", "try again")
    finally:
        os.umask(old)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def test_a_disk_that_takes_a_little_at_a_time_gets_it_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:3]))
    write_whole(tmp_path, "file", b"0123456789", "try again")
    assert (tmp_path / "file").read_bytes() == b"0123456789"


@pytest.mark.parametrize("call", ["write", "replace"])
def test_a_full_disk_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    (tmp_path / "file").write_bytes(b"before")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    opened = set(Path("/proc/self/fd").iterdir())
    monkeypatch.setattr(os, call, full)
    with pytest.raises(StoreError, match=r"file cannot be written \(No space .* then try again$"):
        write_whole(tmp_path, "file", b"after", "try again")
    assert (tmp_path / "file").read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
    assert set(Path("/proc/self/fd").iterdir()) == opened


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "taken").mkdir()
    for path in ("file/below", "taken"):
        with pytest.raises((SpecError, StoreError), match=r"cannot be (made|written) \("):
            write_whole(tmp_path, path, b"data", "try again")
