"""What the pages show in Python runs as it stands, and their pictures say what they are."""

import re
from pathlib import Path

import pytest

from pipeline.catalog.seal import seal
from pipeline.provenance.xmp import DIGITAL_SOURCE_TYPE
from pipeline.storage import open_store
from tests.catalog.fake_job import FakeJob

ROOT = Path(__file__).parents[1]


def examples(page: str, heading: str) -> list[str]:
    """The Python under a heading of a page."""
    text = (ROOT / page).read_text()
    section = re.split(r"^## ", text.split(f"\n## {heading}\n", 1)[1], maxsplit=1, flags=re.M)[0]
    return re.findall(r"```python\n(.*?)```", section, re.S)


@pytest.mark.parametrize(
    ("page", "heading"),
    [
        ("docs/catalog.md", "Querying"),
        ("docs/catalog.md", "Balanced draws"),
        ("docs/attributes.md", "The same person"),
        ("docs/gallery.md", "In an app of your own"),
        ("README.md", "Using a catalog"),
    ],
)
def test_the_examples_of_a_page_run(
    page: str, heading: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    store = open_store("out/demo")
    seal(store, FakeJob(per_cell=100, shard_size=100, layout="packs").run(store))
    found = examples(page, heading)
    assert found
    for code in found:
        exec(compile(code, page, "exec"), {})


def test_every_picture_of_the_pages_says_that_it_is_synthetic() -> None:
    pictures = [path for kind in ("jpg", "png", "webp") for path in ROOT.glob(f"docs/**/*.{kind}")]
    assert len(pictures) > 15
    silent = [path for path in pictures if DIGITAL_SOURCE_TYPE.encode() not in path.read_bytes()]
    assert silent == []
