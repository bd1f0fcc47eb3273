"""A face's page says who signed it, and whether that still holds."""

from pathlib import Path

import pytest

from pipeline.catalog import Catalog
from pipeline.catalog.seal import seal
from pipeline.service.gallery import detail
from pipeline.service.gallery.detail import face_document
from pipeline.service.gallery.index import FaceIndex
from pipeline.storage import open_store
from tests.catalog.fake_job import FakeJob
from tests.provenance.signing import studio


def test_a_signature_is_told_with_whether_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign = studio("A studio").sign

    def forged(file: bytes) -> bytes:
        return sign(file).replace(b"MR-NAP", b"MR-LIE")

    marks = []
    for name, how in {"bare": bytes, "signed": sign, "forged": forged}.items():
        store = open_store(str(tmp_path / name))
        seal(store, FakeJob(per_cell=1, sign=how).run(store))
        index = FaceIndex(Catalog.open(str(tmp_path / name)))
        marks.append(face_document(index, "f0000001")["file"]["marks"][1])
    assert marks == [
        ("C2PA", None, "no manifest in this file"),
        ("C2PA", True, "signed by A studio; signature and file belong together"),
        ("C2PA", False, "the signature does not hold (assertion.dataHash.mismatch)"),
    ]
    monkeypatch.setattr(detail, "can_check", lambda: False)
    assert face_document(index, "f0000001")["file"]["marks"][1][1:] == (
        None,
        "a manifest is in this file; its signature was not checked here",
    )
