"""Export textures for Unreal: images, a DataTable as CSV and JSON, and a list to import them by.

Formats: Unreal Engine documentation, "Data Driven Gameplay Elements" (DataTables), and the settings
file of its ImportAssets commandlet.
"""

from collections.abc import Iterator
from typing import Any, TextIO

from pipeline.attributes.taxonomy import BY_NAME
from pipeline.catalog.exports.index import write_csv, write_index, write_json, write_list
from pipeline.catalog.exports.walk import Face, Walk, below

CONTENT = "/Game/Populace"
"""Where the textures go in a project's content."""

_ROOT, _PREFIX = "Faces", "T_"

_IMPORT = '''\
"""Import the textures that import.json lists: run it in the editor (Tools > Execute Python Script).

Afterwards import faces.csv or faces.json as a DataTable of the row type PopulaceFaceRow.
"""

import json
import pathlib

import unreal

here = pathlib.Path(__file__).resolve().parent
tasks = []
for group in json.loads((here / "import.json").read_text(encoding="utf-8"))["ImportGroups"]:
    for name in group["FileNames"]:
        task = unreal.AssetImportTask()
        task.set_editor_property("filename", str(here / name))
        task.set_editor_property("destination_path", group["DestinationPath"])
        task.set_editor_property("replace_existing", True)
        task.set_editor_property("automated", True)
        task.set_editor_property("save", True)
        tasks.append(task)
unreal.AssetToolsHelpers.get_asset_tools().import_asset_tasks(tasks)
'''

_HEADER = """\
// The row type of the DataTable in faces.csv and faces.json. Synthetic faces: nobody real.
#pragma once

#include "CoreMinimal.h"
#include "Engine/DataTable.h"
#include "Engine/Texture2D.h"
#include "PopulaceFaceRow.generated.h"

USTRUCT(BlueprintType)
struct FPopulaceFaceRow : public FTableRowBase
{
    GENERATED_BODY()

"""


def write(walk: Walk) -> None:
    """Write Faces/<shard>/T_<asset>.png or .tga, faces.csv and .json, import.json and its script.

    PopulaceFaceRow.h declares the row type. An index and LICENCE.txt come along.
    """
    walk.images(below(_ROOT, _PREFIX))
    with walk.document("faces.csv") as file:
        write_csv(file, map(_row, walk.each()))
    with walk.document("faces.json") as file:
        write_list(file, map(_row, walk.each()))
        file.write("\n")
    with walk.document("import.json") as file:
        _write_groups(file, walk)
    with walk.document("import_faces.py") as file:
        file.write(_IMPORT)
    with walk.document("PopulaceFaceRow.h") as file:
        file.write(_HEADER + "".join(_declared(walk)) + "};\n")
    write_index(walk)
    walk.licence()


def _row(face: Face) -> dict[str, Any]:
    """A row of the DataTable: its name, the texture, then what is told of the face."""
    folder = _content(face)
    name = f"{_PREFIX}{face.asset_id}"
    told = {_camel(key): _value(key, value) for key, value in face.told.items()}
    return {"Name": face.asset_id, "Texture": f"{folder}/{name}.{name}", **told}


def _value(name: str, value: Any) -> Any:
    """A value of a row: the engine has no nothing, so what was not measured is "" or -1."""
    if value is not None:
        return value
    return -1 if _is_number(name) else ""


def _declared(walk: Walk) -> Iterator[str]:
    """The row type's members, in the table's order."""
    face = next(walk.each())
    for name, kind in [("Texture", "TSoftObjectPtr<UTexture2D>"), *_kinds(face)]:
        start = " = 0" if kind in ("float", "int32") else ""
        yield (
            '    UPROPERTY(EditAnywhere, BlueprintReadOnly, Category = "Populace")\n'
            f"    {kind} {name}{start};\n\n"
        )


def _kinds(face: Face) -> Iterator[tuple[str, str]]:
    for name in face.told:
        whole = name in BY_NAME and BY_NAME[name].single_units
        kind = "int32" if whole else "float" if _is_number(name) else "FString"
        yield _camel(name), kind


def _is_number(name: str) -> bool:
    """Whether a column of an index holds numbers."""
    if name in BY_NAME:
        return BY_NAME[name].kind == "number"
    return name not in ("asset_id", "person_id", "variation", "draw_cell", "digital_source_type")


def _write_groups(out: TextIO, walk: Walk) -> None:
    """The settings of an import: a group for each folder, with paths seen from the export."""
    groups: dict[str, list[str]] = {}
    for face in walk.each():
        groups.setdefault(_content(face), []).append(face.path)
    document = {
        "ImportGroups": [
            {
                "GroupName": folder.rpartition("/")[2],
                "FileNames": names,
                "DestinationPath": folder,
                "FactoryName": "TextureFactory",
                "bReplaceExisting": "true",
                "bSkipReadOnly": "true",
            }
            for folder, names in sorted(groups.items())
        ]
    }
    write_json(out, document)


def _content(face: Face) -> str:
    """The folder of a texture in the project's content."""
    return f"{CONTENT}/{face.path.rpartition('/')[0]}"


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
