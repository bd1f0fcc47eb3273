"""Catalogs are served by the names that their addresses end in, or that stand before them."""

from pathlib import Path

import pytest

from pipeline.catalog import Catalog
from pipeline.errors import CatalogError, SpecError
from pipeline.service.library import Library
from pipeline.service.refusal import Refusal


def test_a_catalog_is_named_by_its_address(sealed: Path) -> None:
    uri = (sealed / "packs").as_uri()
    library = Library.open([str(sealed / "files"), uri, f"again={uri}"])
    assert list(library) == ["files", "packs", "again"]
    assert len(library) == 3
    assert "again" in library
    assert library.get("again").store.uri == uri
    assert [catalog.count() for _, catalog in library.items()] == [24, 24, 24]


def test_a_name_that_is_not_served_is_not_found(library: Library) -> None:
    with pytest.raises(Refusal, match="none is served as 'ghost'") as refusal:
        library.get("ghost")
    assert (refusal.value.status, refusal.value.field) == (404, "catalog")


def test_a_catalog_can_be_added(catalog: Catalog) -> None:
    library = Library({})
    names = iter(library)
    library.add("new", catalog)
    assert list(names) == []
    assert library.get("new") is catalog


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["packs", "files/../packs"], "two are named 'packs'; write NAME=CATALOG"),
        (["a folder"], "ends in no name for its addresses; write NAME=CATALOG"),
    ],
)
def test_a_name_that_cannot_be_says_how_to_give_another(
    sealed: Path, names: list[str], reason: str
) -> None:
    with pytest.raises(SpecError, match=reason):
        Library.open([str(sealed / name) for name in names])


def test_an_address_without_a_catalog_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="holds no catalog"):
        Library.open([str(tmp_path)])
