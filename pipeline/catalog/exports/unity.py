"""Export textures for Unity: images with .meta files of stable GUIDs, and labels for Addressables.

A GUID follows from the asset's name alone, so that scenes keep their references whenever a face is
exported again. Format of .meta files: Unity's text serialization of importers (YAML).
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import yaml

from pipeline.catalog.exports.about import LICENCE_FILE, words
from pipeline.catalog.exports.index import head, write_document, write_index
from pipeline.catalog.exports.walk import Face, Walk, below
from pipeline.provenance.xmp import DIGITAL_SOURCE_TYPE

_ROOT = "Faces"
_DOCUMENTS = ("index.csv", "index.json", "addressables.json", LICENCE_FILE)


def write(walk: Walk) -> None:
    """Write Faces/<shard>/<asset>.png or .tga, .meta files, addressables.json and an index.

    Raises as `Walk.document`.
    """
    walk.images(below(_ROOT))
    walk.sidecars(_metas(walk))
    with walk.document("addressables.json") as file:
        write_document(file, head(walk), "entries", map(_address, walk.each()))
    write_index(walk)
    walk.licence()


def guid(name: str) -> str:
    """A Unity GUID, 32 hexadecimal digits, that follows from a name: of an asset, or of a path."""
    return hashlib.sha256(f"populace unity {name}".encode()).hexdigest()[:32]


def _address(face: Face) -> dict[str, Any]:
    """What an Addressables entry needs: its GUID, an address to load it by, and labels."""
    labels = [f"{name}:{word}" for name, word in words(face.told).items()]
    return {
        "guid": guid(face.asset_id),
        "address": f"populace/{face.asset_id}",
        "path": face.path,
        "labels": ["populace", "synthetic", *labels],
    }


def _metas(walk: Walk) -> Iterator[tuple[str, str]]:
    """The .meta files of images, of the folders above them and of the documents."""
    # Two catalogs below one project must not share the GUIDs of their folders.
    home = f"{walk.about.name}:{walk.about.digest}"
    folders: set[str] = set()
    for face in walk.each():
        yield f"{face.path}.meta", _texture_meta(face)
        folder = face.path.rpartition("/")[0]
        for path in (folder, _ROOT):
            if path not in folders:
                folders.add(path)
                yield f"{path}.meta", _meta(f"{home}:{path}", {"folderAsset": True}, "Default")
    for name in _DOCUMENTS:
        yield f"{name}.meta", _meta(f"{home}:{name}", {}, "TextScript")


def _meta(name: str, head: dict[str, Any], importer: str) -> str:
    settings = {
        "externalObjects": {},
        "userData": "",
        "assetBundleName": "",
        "assetBundleVariant": "",
    }
    return _yaml(guid(name), head, importer, settings)


def _texture_meta(face: Face) -> str:
    """The .meta of an image: a colour texture with mip maps; the rest is the engine's default."""
    settings = {
        "externalObjects": {},
        "serializedVersion": 11,
        "mipmaps": {"sRGBTexture": 1, "enableMipMap": 1},
        "isReadable": 0,
        "alphaUsage": 1,
        "alphaIsTransparency": 1,
        "nPOTScale": 0,
        "textureType": 0,
        "textureShape": 1,
        # Unity keeps this text with the asset: the label goes where the face goes.
        "userData": f"populace {face.asset_id} {DIGITAL_SOURCE_TYPE}",
        "assetBundleName": "",
        "assetBundleVariant": "",
    }
    return _yaml(guid(face.asset_id), {}, "Texture", settings)


def _yaml(guid: str, head: dict[str, Any], importer: str, settings: dict[str, Any]) -> str:
    # By hand where Unity is strict: an all-digit GUID must not become a number.
    lines = ["fileFormatVersion: 2", f"guid: {guid}"]
    lines += [f"{key}: yes" for key in head]
    body = yaml.safe_dump({f"{importer}Importer": settings}, sort_keys=False, width=1000)
    return "\n".join([*lines, body])
