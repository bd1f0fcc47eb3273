"""Files appear whole or not at all."""

import pytest

from pipeline.catalog.local_file import make_folder, whole_file
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
