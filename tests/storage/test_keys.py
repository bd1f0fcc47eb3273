"""Which keys are sound."""

import pytest

from pipeline.errors import StoreError
from pipeline.storage.keys import check_key, check_prefix, fault_of_key


@pytest.mark.parametrize(
    "key", ["a", "images/0001/a.jpg", "a b", "...", "é/顔", ".hidden", "a:b?*"]
)
def test_plain_keys_are_sound(key: str) -> None:
    assert fault_of_key(key) is None


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        ("", "is empty"),
        ("/a", "is absolute"),
        ("a//b", "empty segment"),
        ("a/", "empty segment"),
        ("../a", r"'\.\.' segment"),
        ("a/..", r"'\.\.' segment"),
        ("a/./b", r"'\.' segment"),
        ("a\\b", "backslash"),
        ("a\0", "control character"),
        ("a\n", "control character"),
        ("\udcff", "not valid Unicode"),
        ("a/.populace-b", "marks unfinished files"),
    ],
)
def test_other_keys_are_refused_with_the_reason(key: str, fault: str) -> None:
    with pytest.raises(StoreError, match=fault) as caught:
        check_key("s3://bucket", key)
    assert str(caught.value).startswith(f"s3://bucket: the key {key!r}")


def test_a_prefix_may_be_empty_partial_or_a_folder() -> None:
    for prefix in ("", "ima", "images/", "images/00"):
        check_prefix("s3://bucket", prefix)
