"""More pictures of a catalogued person: as asked, labelled, by the catalog's own models."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from pipeline.assets.encode import decode
from pipeline.attributes.changes import label_of
from pipeline.catalog.read import Catalog, open_catalog
from pipeline.catalog.vary import read_changes, read_series, vary
from pipeline.cli import main
from pipeline.engine.driver import run_job
from pipeline.errors import CatalogError, SpecError
from pipeline.provenance.xmp import read_label
from pipeline.spec import parse_spec
from pipeline.storage import open_store
from tests.engine.test_driver import Watch


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Two people of builtin:heads, really made."""
    output = str(tmp_path_factory.mktemp("vary") / "out")
    spec = {"name": "two", "count": 2, "seed": 4, "image": {"size": 64}, "output": output}
    run_job(parse_spec(spec), Watch(), workers=1)
    return open_catalog(open_store(output))


def person(catalog: Catalog) -> dict[str, object]:
    (table,) = catalog.tables()
    row: dict[str, object] = table.to_pylist()[0]
    return row


def test_a_wish_is_read_in_the_picture_and_the_picture_says_what_it_is(
    catalog: Catalog, tmp_path: Path
) -> None:
    row = person(catalog)
    asked = [["age=25"], ["age=70"], ["age=25", "expression=surprise", "yaw=0"]]
    wishes = [read_changes(texts) for texts in asked]
    made = vary(catalog, str(row["asset_id"]), wishes, tmp_path, 128)
    assert [one.changes.get("age") for one in made] == [25.0, 70.0, 25.0]
    assert made[1].perceived["age"] > made[0].perceived["age"] + 20  # type: ignore[operator]
    assert made[2].perceived["expression"] == "surprise"
    assert made[2].variation == "age=25, expression=surprise, yaw=0"
    assert len({one.asset_id for one in made}) == 3
    told = json.loads((tmp_path / "variations.json").read_text())
    assert [one["file"] for one in told] == [one.file for one in made]
    for one in made:
        data = (tmp_path / one.file).read_bytes()
        assert decode(data).shape == (128, 128, 3)
        label = read_label(data)
        assert label is not None
        assert label.identifier == one.asset_id
        assert (one.person_id, one.of) == (row["person_id"], row["asset_id"])
        assert len(one.w) == len(row["w"])  # type: ignore[arg-type]


def test_no_wish_gives_the_catalogued_picture_again(catalog: Catalog, tmp_path: Path) -> None:
    row = person(catalog)
    (made,) = vary(catalog, str(row["asset_id"]), [{}], tmp_path)
    ((_, image),) = catalog.images([row])
    assert np.array_equal(decode((tmp_path / made.file).read_bytes()), image)


def test_the_command_makes_series_and_tells_of_each(catalog: Catalog, tmp_path: Path) -> None:
    row = person(catalog)
    asset = str(row["asset_id"])
    series = ["--series", "age=20:60:3", "--set", "yaw=0"]
    found = CliRunner().invoke(
        main, ["vary", catalog.store.uri, asset, "--to", str(tmp_path / "a"), *series, "--json"]
    )
    told = json.loads(found.output)
    assert [one["changes"]["age"] for one in told] == [20, 40, 60]
    assert found.exit_code == int(any(one["unread"] for one in told))
    with Image.open(tmp_path / "a" / told[0]["file"]) as image:
        assert image.size == (64, 64)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--set", "age=old"], "set.age: 'old' is no number from 0 to 99"),
        (["--set", "expression=grin"], "set.expression: 'grin' is none; choose from neutral"),
        (["--set", "agee=3"], "did you mean 'age'"),
        (["--set", "age"], "write attribute=value"),
        (["--series", "age=20:30"], "write from:to:steps"),
        (["--series", "age=20:+30:3"], "series.age: '20:+30:3' has a sign at one end only"),
        (["--series", "age=20,30", "--series", "age=40"], "series.age: stands twice"),
        (["--set", "light=left", "--set", "light_azimuth=0"], "set.light_azimuth: stands twice"),
        (["--set", "ita=10"], "ita: builtin:heads cannot change it"),
    ],
)
def test_what_cannot_be_meant_is_named(
    catalog: Catalog, tmp_path: Path, arguments: list[str], says: str
) -> None:
    asset = str(person(catalog)["asset_id"])
    command = ["vary", catalog.store.uri, asset, "--to", str(tmp_path / "a"), *arguments]
    found = CliRunner().invoke(main, command)
    assert found.exit_code == 2
    assert says in found.output
    assert not (tmp_path / "a" / "variations.json").exists()


def test_strangers_are_refused(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="'nobody' is none of"):
        vary(catalog, "nobody", [{}], tmp_path)
    other = catalog.document["generator"] | {"digest": "0" * 64}
    document = {**catalog.document, "generator": other}
    asset = str(person(catalog)["asset_id"])
    with pytest.raises(CatalogError, match="generator: builtin:heads here is another one"):
        vary(Catalog(catalog.store, document, catalog.parts), asset, [{}], tmp_path)


def test_series_are_combined_and_counted() -> None:
    found = read_series(["age=20:80:3", "expression=neutral,smile"])
    assert len(found) == 6
    assert label_of(found[1]) == "age=20, expression=smile"
    assert read_series([]) == [{}]
    assert label_of(read_changes(["smile=1", "light=left"])) == "smile=1, light=left"
    steps = read_series(["age=+0:+40:3", "light=left,right"])
    assert [label_of(one) for one in steps[1::2]] == [
        "age=+0, light=right",
        "age=+20, light=right",
        "age=+40, light=right",
    ]
    with pytest.raises(SpecError, match="120 pictures of a person are more than 100"):
        read_series(["age=20:80:20", "expression=neutral,smile,laugh,surprise,anger,sadness"])
