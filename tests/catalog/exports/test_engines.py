"""What Unity and Unreal are given is what their formats ask for."""

import csv
import json
import re
import runpy
import sys
import types

import numpy as np
import pytest
import yaml
from PIL import Image

from pipeline.assets.encode import decode
from pipeline.catalog.exports.export import export
from pipeline.catalog.exports.unity import guid


@pytest.fixture
def faces(catalog):
    return {row["asset_id"]: image for row, image in catalog.images(rows_of(catalog))}


def rows_of(catalog):
    return [row for table in catalog.tables() for row in table.to_pylist()]


def test_every_unity_asset_has_a_meta_with_a_guid_of_its_own(catalog, tmp_path):
    to = tmp_path / "to"
    export(catalog, to, "unity")
    guids = []
    for path in [path for path in to.rglob("*") if not path.name.startswith(".")]:
        if path.suffix == ".meta":
            assert path.with_suffix("").exists()
            continue
        # BaseLoader: a GUID of digits alone stays a text, as it does for Unity.
        meta = yaml.load(path.with_name(f"{path.name}.meta").read_text(), yaml.BaseLoader)
        assert meta["fileFormatVersion"] == "2"
        assert re.fullmatch("[0-9a-f]{32}", meta["guid"])
        guids.append(meta["guid"])
        if path.is_dir():
            assert meta["folderAsset"] == "yes"
        if path.suffix == ".png":
            assert meta["guid"] == guid(path.stem)
            assert path.stem in meta["TextureImporter"]["userData"]
            assert "trainedAlgorithmicMedia" in meta["TextureImporter"]["userData"]
    assert len(set(guids)) == len(guids)


def test_guids_outlive_another_choice_and_settings_stay(catalog, tmp_path):
    to = tmp_path / "to"
    export(catalog, to, "unity", "slot < 12")
    (meta, *_) = sorted(to.rglob("*.png.meta"))
    kept = meta.read_text().replace("isReadable: 0", "isReadable: 1")
    meta.write_text(kept)
    before = {path: path.read_text() for path in to.rglob("*.png.meta")}
    summary = export(catalog, to, "unity")
    assert (summary.fetched, summary.changed) == (12, 0)
    assert {path: path.read_text() for path in before} == before


def test_addressables_name_guids_and_labels(catalog, tmp_path):
    export(catalog, tmp_path / "to", "unity")
    found = json.loads((tmp_path / "to" / "addressables.json").read_text())["entries"]
    rows = {row["asset_id"]: row for row in rows_of(catalog)}
    assert len(found) == len(rows)
    for one in found:
        name = one["address"].removeprefix("populace/")
        assert one["guid"] == guid(name)
        assert (tmp_path / "to" / one["path"]).is_file()
        assert f"glasses:{rows[name]['glasses']}" in one["labels"]
        bands = [label for label in one["labels"] if label.startswith("age:")]
        # The usual bins leave out some ages.
        assert bands or not 18 <= rows[name]["age"] < 81
        for band in bands:
            low, high = (int(end) for end in band.removeprefix("age:").split("-"))
            assert low <= rows[name]["age"] < high + 1


@pytest.mark.parametrize("kind", ["unity", "unreal"])
@pytest.mark.parametrize("format", ["png", "tga"])
def test_textures_are_the_faces_without_loss(catalog, faces, tmp_path, kind, format):
    export(catalog, tmp_path / "to", kind, format=format)
    found = sorted((tmp_path / "to" / "Faces").rglob(f"*.{format}"))
    assert len(found) == len(faces)
    for path in found:
        with Image.open(path) as image:
            pixels = np.asarray(image)
        np.testing.assert_array_equal(pixels, faces[path.stem.removeprefix("T_")])


def test_unreal_tables_agree_and_name_the_textures_that_are_imported(
    catalog, tmp_path, monkeypatch
):
    to = tmp_path / "to"
    export(catalog, to, "unreal")
    rows = json.loads((to / "faces.json").read_text())
    with (to / "faces.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [{key: str(value) for key, value in row.items()} for row in rows] == lines
    assert len({row["Name"] for row in rows}) == len(rows) == 24
    declared = re.findall(
        r"^    (\S+) (\w+)(?: = 0)?;$", (to / "PopulaceFaceRow.h").read_text(), re.M
    )
    assert [name for _, name in declared] == list(rows[0])[1:]
    kinds = {"float": (int, float), "int32": int, "FString": str}
    for kind, name in declared:
        assert isinstance(rows[0][name], kinds.get(kind, str))
    tasks = imported_by(to / "import_faces.py", monkeypatch)
    made = {}
    for task in tasks:
        path = to / task["filename"]
        assert decode(path.read_bytes()).shape == (32, 32, 3)
        made[path.stem] = f"{task['destination_path']}/{path.stem}.{path.stem}"
    assert {row["Texture"] for row in rows} == set(made.values())


def imported_by(script, monkeypatch):
    """The settings of the tasks that a script gives the editor, of whose API this much is known."""
    given = []

    class Task(dict):
        set_editor_property = dict.__setitem__

    editor = types.ModuleType("unreal")
    editor.AssetImportTask = Task
    tools = types.SimpleNamespace(import_asset_tasks=given.extend)
    editor.AssetToolsHelpers = types.SimpleNamespace(get_asset_tools=lambda: tools)
    monkeypatch.setitem(sys.modules, "unreal", editor)
    runpy.run_path(str(script))
    return given
