"""Which URIs name a place, and what is said of the others."""

import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import SpecError
from pipeline.storage import check_endpoint, parse_uri
from pipeline.storage.location import LocalLocation, S3Location


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("/data/faces", "/data/faces"),
        ("/data//x/../faces/", "/data/faces"),
        ("//data/faces", "/data/faces"),
        ("file:///data/faces", "/data/faces"),
        ("FILE:///data/faces/", "/data/faces"),
        ("file:///data/two%20words/100%25", "/data/two words/100%"),
        ("/data/100%", "/data/100%"),
        ("/data/a:b?c#d", "/data/a:b?c#d"),
    ],
)
def test_folders(uri: str, path: str) -> None:
    assert parse_uri(uri) == LocalLocation(Path(path))


def test_relative_folders_begin_where_the_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/somebody")
    assert parse_uri("./faces") == parse_uri("faces") == LocalLocation(tmp_path / "faces")
    assert parse_uri("./run:1") == LocalLocation(tmp_path / "run:1")
    assert parse_uri("~/faces") == LocalLocation(Path("/home/somebody/faces"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("uri", "location"),
    [
        ("s3://bucket", S3Location("bucket", "")),
        ("s3://bucket/", S3Location("bucket", "")),
        ("S3://my.bucket-1/a/b/", S3Location("my.bucket-1", "a/b")),
        ("s3://bucket/100%25 é", S3Location("bucket", "100%25 é")),
    ],
)
def test_buckets(uri: str, location: S3Location) -> None:
    assert parse_uri(uri) == location


@pytest.mark.parametrize("uri", ["s3://bucket/a/b", "s3://bucket", "file:///two%20words/%C3%A9%23"])
def test_canonical_uris_are_read_back_as_they_are(uri: str) -> None:
    assert parse_uri(uri).uri == uri
    assert parse_uri(uri + "/").uri == uri


@pytest.mark.parametrize(
    ("uri", "problem"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("gs://bucket/x", "unknown scheme 'gs'"),
        ("run:1", r"unknown scheme 'run'.*\./run:1"),
        ("s3://", "names no bucket"),
        ("s3:///prefix", "names no bucket"),
        ("s3:/bucket/x", "lacks '//'"),
        ("s3://My_Bucket/x", "impossible bucket name 'My_Bucket'"),
        ("s3://ab", "impossible bucket name"),
        ("s3://a..b", "impossible bucket name"),
        ("s3://-bucket", "impossible bucket name"),
        ("s3://10.0.0.1/x", "impossible bucket name"),
        ("s3://key:secret@bucket/x", "impossible bucket name"),
        ("s3://bucket//x", "is absolute"),
        ("s3://bucket/a//x", "empty segment"),
        ("s3://bucket/../x", r"'\.\.' segment"),
        ("file://host/path", "names the host 'host'"),
        ("file://", "names no folder"),
        ("file:folder", "lacks slashes"),
        ("file:///%ff", "not UTF-8"),
        ("file:///a%00b", "control character"),
        ("/a\0b", "control character"),
        ("/\udcff", "not valid Unicode"),
    ],
)
def test_other_uris_are_refused_by_field_value_and_mend(uri: str, problem: str) -> None:
    with pytest.raises(SpecError, match=problem) as caught:
        parse_uri(uri)
    message = str(caught.value)
    assert message.startswith(f"output: {uri!r} ")
    assert "; " in message


def test_the_field_is_the_callers() -> None:
    with pytest.raises(SpecError, match=r"^generator\.checkpoint: 'gs://x' "):
        parse_uri("gs://x", field="generator.checkpoint")


def test_endpoints() -> None:
    assert check_endpoint("http://localhost:9000/") == "http://localhost:9000"
    assert check_endpoint("https://s3.example.org") == "https://s3.example.org"
    for endpoint in ("", "localhost:9000", "ftp://host", "http://", "http://h:99999", "http://a b"):
        with pytest.raises(SpecError, match="is no HTTP address; write http://host:port"):
            check_endpoint(endpoint)


def test_reading_uris_and_opening_folders_does_not_import_boto3() -> None:
    code = "import sys, pipeline.storage as s; s.open_store('./x'); s.parse_uri('s3://bucket')\n"
    code += "assert not {'boto3', 'botocore', 'numpy', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
