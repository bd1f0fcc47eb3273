"""A folder remembers which files are a pull's, and gives no other away."""

import hashlib

import pytest

from pipeline.catalog.pulled import STATE_NAME, PulledFile, PulledFolder
from pipeline.errors import SpecError, StoreError


def digest(data):
    return hashlib.sha256(data).hexdigest()


def put(folder, path, data=b"picture", recipe=""):
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    return PulledFile(path, digest(b"original"), recipe, len(data), digest(data))


def test_what_was_noted_is_found_by_the_next(tmp_path):
    file = PulledFile("images/000000/a.webp", "s", "1:8:webp:95", 7, "d", 8, 8, "p")
    with PulledFolder(tmp_path) as pulled:
        assert pulled.find(file.path, "s", file.recipe) is None
        pulled.note([file])
    with PulledFolder(tmp_path) as pulled:
        assert pulled.find(file.path, "s", file.recipe) == file
        assert pulled.find(file.path, "other", file.recipe) is None
        assert pulled.find(file.path, "s", "") is None
    assert [path.name for path in tmp_path.iterdir()] == [STATE_NAME]


def test_only_unwanted_files_with_the_content_of_a_pull_are_removed(tmp_path):
    names = [f"images/000000/{name}.jpg" for name in ("wanted", "unwanted", "edited", "gone")]
    lone = "images/000001/lone.jpg"
    with PulledFolder(tmp_path) as pulled:
        pulled.note([put(tmp_path, name) for name in [*names, lone]])
        (tmp_path / names[2]).write_bytes(b"edited")
        (tmp_path / names[3]).unlink()
        mine = tmp_path / "images/000000/mine.jpg"
        mine.write_bytes(b"picture")
        pulled.want(names[:1])
        assert pulled.remove_unwanted() == (2, 1)
        left = {path.name for path in tmp_path.rglob("*.jpg")}
        assert left == {"wanted.jpg", "edited.jpg", "mine.jpg"}
        assert not (tmp_path / lone).parent.exists()
        assert pulled.remove_unwanted() == (0, 1)


def test_a_file_of_any_recipe_is_a_pulls_own(tmp_path):
    path = "images/000000/a.jpg"
    with PulledFolder(tmp_path) as pulled:
        pulled.note([put(tmp_path, path, b"one"), put(tmp_path, path, b"two", "1:8::95")])
        (tmp_path / path).write_bytes(b"one")
        assert pulled.remove_unwanted() == (1, 0)


def test_more_files_than_a_batch_are_removed(tmp_path):
    with PulledFolder(tmp_path) as pulled:
        pulled.note(put(tmp_path, f"images/000000/{n}.jpg") for n in range(1200))
        assert pulled.remove_unwanted() == (1200, 0)


def test_one_pull_at_a_time(tmp_path):
    with (
        PulledFolder(tmp_path),
        pytest.raises(SpecError, match=r"to: another pull is writing to .*; wait until it ends"),
    ):
        PulledFolder(tmp_path)
    with PulledFolder(tmp_path):
        pass


def test_a_damaged_memory_is_one_sentence(tmp_path):
    (tmp_path / STATE_NAME).write_bytes(b"no database at all" * 100)
    with pytest.raises(SpecError, match=f"{STATE_NAME}, .* is damaged .*; delete it and pull"):
        PulledFolder(tmp_path)


def test_a_memory_that_points_outside_removes_nothing(tmp_path):
    outside = tmp_path / "outside.jpg"
    outside.write_bytes(b"picture")
    (tmp_path / "to").mkdir()
    with PulledFolder(tmp_path / "to") as pulled:
        pulled.note([PulledFile("../outside.jpg", "", "", 7, digest(b"picture"))])
        with pytest.raises(SpecError, match=r"is damaged \(it names '\.\./outside\.jpg'\)"):
            pulled.remove_unwanted()
    assert outside.exists()


def test_a_full_disk_is_one_sentence(tmp_path):
    with PulledFolder(tmp_path) as pulled:
        pulled._database.execute("PRAGMA max_page_count = 8")
        with pytest.raises(StoreError, match=r"cannot be written \(.* full\); free some space"):
            pulled.note(PulledFile(f"{n:0999}", "", "", 1, "") for n in range(1000))
        assert pulled.find(f"{0:0999}", "", "") is None


def test_what_a_killed_pull_had_begun_is_swept_and_nothing_else(tmp_path):
    shard = tmp_path / "images" / "000000"
    shard.mkdir(parents=True)
    begun = shard / ".populace-0123456789abcdef"
    others = [shard / ".populace-mine", shard / ".other", tmp_path / "a.jpg"]
    for path in [begun, *others]:
        path.write_bytes(b"")
    with PulledFolder(tmp_path) as pulled:
        assert begun.exists()
        pulled._database.execute("PRAGMA user_version = 1")
        pulled._database.close()
        with PulledFolder(tmp_path):
            pass
    assert not begun.exists()
    assert all(path.exists() for path in others)
