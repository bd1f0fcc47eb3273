"""A C2PA signature holds for the file that was signed, and for no other."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.assets.encode import encode
from pipeline.errors import SpecError
from pipeline.provenance import credentials
from pipeline.provenance.credentials import CredentialCheck, has_manifest, read_anchors
from pipeline.provenance.xmp import embed_xmp, read_label, synthetic_packet
from tests.provenance.signing import studio

FORMATS = ["jpeg", "png", "webp"]
STUDIO = studio("A studio")
STRANGER = studio("A stranger")
CHECK = CredentialCheck()


def picture(format: str) -> bytes:
    """A labelled picture of noise, 64 px."""
    pixels = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    return embed_xmp(encode(pixels, format, 95), synthetic_packet("f1"))  # type: ignore[arg-type]


SIGNED = {format: STUDIO.sign(picture(format), f"image/{format}") for format in FORMATS}


@pytest.mark.parametrize("format", FORMATS)
def test_a_signed_picture_is_sound_and_says_by_whom(format: str) -> None:
    found = CHECK.check(SIGNED[format], format)
    assert found is not None
    assert (found.signer, found.problems, found.trusted) == ("A studio", (), None)
    assert found.manifest.startswith("urn:c2pa:")
    assert found.sound
    assert found.fault == ""
    label = read_label(SIGNED[format])
    assert label is not None
    assert label.identifier == "f1"


@pytest.mark.parametrize("format", FORMATS)
def test_a_picture_without_a_manifest_has_none(format: str) -> None:
    assert not has_manifest(picture(format))
    assert CHECK.check(picture(format), format) is None


@pytest.mark.parametrize("format", FORMATS)
def test_a_picture_that_was_labelled_anew_does_not_hold(format: str) -> None:
    found = CHECK.check(embed_xmp(SIGNED[format], synthetic_packet("f2")), format)
    assert found is not None
    assert found.problems == ("assertion.dataHash.mismatch",)
    assert found.fault == "does not hold (assertion.dataHash.mismatch)"


@pytest.mark.parametrize("format", FORMATS)
def test_a_claim_that_was_changed_does_not_hold(format: str) -> None:
    data = SIGNED[format].replace(b"populace tests", b"somebody tests")
    assert data != SIGNED[format]
    found = CHECK.check(data, format)
    assert found is not None
    assert "claimSignature.mismatch" in found.problems


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_no_byte_of_the_picture_can_be_changed(data: st.DataObject) -> None:
    file = bytearray(SIGNED["jpeg"])
    place = data.draw(st.integers(len(file) // 2, len(file) - 1))
    file[place] ^= data.draw(st.integers(1, 255))
    found = CHECK.check(bytes(file), "jpeg")
    assert found is not None
    assert not found.sound


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("part", [0.3, 0.6, 0.99])
def test_what_is_torn_or_of_another_format_is_no_crash(format: str, part: float) -> None:
    torn = SIGNED[format][: int(len(SIGNED[format]) * part)]
    for name in FORMATS:
        found = CHECK.check(torn, name)
        assert found is None or not found.sound
    assert CHECK.check(b"jumdc2pa, or so it says", format).problems == ("claim.malformed",)  # type: ignore[union-attr]


def test_with_anchors_a_signer_must_lead_to_one() -> None:
    check = CredentialCheck(STUDIO.root.decode())
    ours = check.check(SIGNED["jpeg"], "jpeg")
    assert ours is not None
    assert ours.trusted
    assert ours.sound
    other = check.check(STRANGER.sign(picture("jpeg")), "jpeg")
    assert other is not None
    assert (other.problems, other.trusted, other.sound) == ((), False, False)
    assert other.fault == "is of 'A stranger', whom no anchor vouches for"


def test_a_signers_name_is_short_and_can_be_printed() -> None:
    loud = studio("\x1b[31mred " + "x" * 30)
    found = CHECK.check(loud.sign(picture("jpeg")), "jpeg")
    assert found is not None
    assert found.signer.isprintable()


def test_threads_share_a_check() -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda f: CHECK.check(SIGNED[f], f), FORMATS * 20))
    assert all(one is not None and one.sound for one in found)


def test_what_is_missing_is_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SpecError, match=r"trust: .*none\.pem cannot be read \(No such file"):
        read_anchors(tmp_path / "none.pem")
    begin, end = (f"-----{word} CERTIFICATE-----\n" for word in ("BEGIN", "END"))
    for text in ("no certificate", f"{begin}nonsense\n{end}", "é"):
        (tmp_path / "no.pem").write_text(text)
        with pytest.raises(SpecError, match="holds no certificate that can be read; give a PEM"):
            read_anchors(tmp_path / "no.pem")
    (tmp_path / "ours.pem").write_bytes("é\n".encode() + STUDIO.root)
    assert read_anchors(tmp_path / "ours.pem") == "\n" + STUDIO.root.decode()
    monkeypatch.setattr(credentials, "find_spec", lambda name: None)
    with pytest.raises(SpecError, match=r"pip install 'populace\[c2pa\]'"):
        CredentialCheck()
