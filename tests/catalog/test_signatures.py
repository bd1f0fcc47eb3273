"""A pull that verifies takes images of sound signatures alone, and says whose they are."""

import json
from pathlib import Path

import pytest

from pipeline.catalog import Catalog
from pipeline.catalog.pull import pull
from pipeline.catalog.seal import seal
from pipeline.errors import CatalogError
from pipeline.provenance.credentials import CredentialCheck
from pipeline.storage import open_store
from tests.catalog.fake_job import FakeJob
from tests.provenance.signing import Studio, studio
from tests.test_cli import invoke


@pytest.fixture(scope="module")
def signing() -> Studio:
    return studio("A studio")


def made(folder: Path, sign=bytes, layout: str = "packs") -> Catalog:
    """A sealed catalog of 12 faces, their files signed so."""
    store = open_store(str(folder))
    seal(store, FakeJob(per_cell=2, layout=layout, sign=sign).run(store))
    return Catalog.open(str(folder))


@pytest.mark.parametrize("layout", ["files", "packs"])
def test_signed_images_are_counted_with_their_signers(
    tmp_path: Path, signing: Studio, layout: str
) -> None:
    catalog = made(tmp_path / "out", signing.sign, layout)
    summary = pull(catalog, tmp_path / "to", verify=CredentialCheck())
    assert (summary.signed, summary.signers) == (12, ("A studio",))
    # What is there is checked again.
    again = pull(catalog, tmp_path / "to", verify=CredentialCheck(signing.root.decode()))
    assert (again.files, again.signed) == (0, 12)
    assert pull(catalog, tmp_path / "to").signed == 0
    small = pull(catalog, tmp_path / "small", size=16, verify=CredentialCheck())
    assert (small.converted, small.signed) == (12, 12)


@pytest.mark.parametrize(
    ("breaks", "why"),
    [
        (lambda file: file.replace(b"MR-NAP", b"MR-LIE"), r"does not hold \(assertion.dataHash"),
        (lambda file: file.replace(b"populace tests", b"somebody tests"), "claimSignature.mism"),
    ],
)
def test_a_file_that_was_changed_after_signing_is_refused(
    tmp_path: Path, signing: Studio, breaks, why: str
) -> None:
    # Whoever forges the manifest, too, has the right sha256 in it; a pull alone believes that.
    catalog = made(tmp_path / "out", lambda file: breaks(signing.sign(file)))
    assert pull(catalog, tmp_path / "believed").files == 12
    with pytest.raises(CatalogError, match=rf"asset 'f\d+' at .*/packs/.* has one that .*{why}"):
        pull(catalog, tmp_path / "to", verify=CredentialCheck())
    assert not (tmp_path / "to/manifest.parquet").exists()
    assert not list((tmp_path / "to").rglob("*.jpg"))
    with pytest.raises(CatalogError, match="do not use it"):
        pull(catalog, tmp_path / "believed", verify=CredentialCheck())


def test_images_without_a_signature_and_of_strangers_are_refused(
    tmp_path: Path, signing: Studio
) -> None:
    with pytest.raises(CatalogError, match=r"bears no C2PA signature; .* or leave --verify away"):
        pull(made(tmp_path / "bare"), tmp_path / "to", verify=CredentialCheck())
    signed = made(tmp_path / "signed", signing.sign)
    stranger = CredentialCheck(studio("Somebody").root.decode())
    with pytest.raises(CatalogError, match="is of 'A studio', whom no anchor vouches for"):
        pull(signed, tmp_path / "to", verify=stranger)


def test_the_command_verifies_and_asks_for_both_options(tmp_path: Path, signing: Studio) -> None:
    made(tmp_path / "out", signing.sign)
    anchors = tmp_path / "root.pem"
    anchors.write_bytes(signing.root)
    pulling = ["pull", str(tmp_path / "out"), "--to", str(tmp_path / "to")]
    code, out, _ = invoke(*pulling, "--verify", "--trust", str(anchors))
    assert code == 0
    assert out.endswith("12 images bear sound C2PA signatures, by A studio\n")
    told = json.loads(invoke(*pulling, "--verify", "--json")[1])
    assert (told["signed"], told["signers"]) == (12, ["A studio"])
    code, _, err = invoke(*pulling, "--trust", str(anchors))
    assert code == 2
    assert err.startswith("populace: trust: says whose signatures will do; give --verify")
    code, _, err = invoke("audit", str(tmp_path / "out"), "--trust", str(tmp_path / "none.pem"))
    assert code == 2
    assert "none.pem cannot be read" in err
