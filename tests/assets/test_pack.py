"""Packs are plain tar files whose members are ranges."""

import io
import tarfile

from pipeline.assets.pack import PackWriter, pack

MEMBERS = [("a.jpg", b"x" * 700), ("b.jpg", b""), ("c.jpg", b"y" * 512), ("d.jpg", b"z")]


def test_every_span_is_its_members_bytes():
    data, spans = pack(MEMBERS)
    for (_, content), span in zip(MEMBERS, spans, strict=True):
        assert data[span.offset : span.offset + span.length] == content


def test_tar_opens_a_pack():
    data, _ = pack(MEMBERS)
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
        found = [(member.name, tar.extractfile(member).read()) for member in tar]
        neutral = {(member.mtime, member.uid, member.gid, member.uname) for member in tar}
    assert found == MEMBERS
    assert neutral == {(0, 0, 0, "")}


def test_the_same_members_give_the_same_pack():
    assert pack(MEMBERS) == pack(MEMBERS)


def test_a_pack_is_written_to_a_file_as_it_grows(tmp_path):
    path = tmp_path / "pack.tar"
    with path.open("wb") as file:
        writer = PackWriter(file)
        spans = [writer.add(name, content) for name, content in MEMBERS]
        size = writer.close()
    assert (path.read_bytes(), spans) == pack(MEMBERS)
    assert path.stat().st_size == size
