"""docs/heads.md says what the layout says."""

from pathlib import Path

from pipeline.generators.generator import SEGMENTS
from pipeline.generators.heads import DIMENSIONS, LAYOUT_VERSION

PAGE = (Path(__file__).parents[3] / "docs" / "heads.md").read_text()


def test_the_page_lists_every_dimension_in_its_place() -> None:
    table = PAGE.split(f"## Latent layout, version {LAYOUT_VERSION}\n")[1]
    rows = [line for line in table.splitlines() if line.startswith("|")][2:]
    expected = [f"| {i} | `{name}` | {doc} |" for i, (name, doc) in enumerate(DIMENSIONS)]
    assert rows == expected
    assert f"[B, {len(DIMENSIONS)}]" in PAGE


def test_the_page_names_every_segment() -> None:
    words = PAGE.split("**Segmentation**: ")[1].split(";")[0].split()
    assert " ".join(words) == ", ".join(SEGMENTS).replace("_", " ")


def test_the_page_names_modules_that_are_there() -> None:
    package = Path(__file__).parents[3] / "pipeline" / "generators" / "heads"
    table = PAGE.split("## How a head becomes a picture")[1].split("\n\n")[1]
    named = [word for line in table.splitlines()[2:] for word in line.split("|")[2].split()]
    assert named
    for name in named:
        assert (package / name.strip("`")).exists()
