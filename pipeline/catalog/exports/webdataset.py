"""Export tar shards that WebDataset streams: an image and its labels a sample.

Layout: https://github.com/webdataset/webdataset (files that share a name up to its first dot are
one sample), and its list of shards, `wids-shard-index-v1`.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.assets.pack import pack
from pipeline.catalog.conversion import Picture
from pipeline.catalog.exports.index import head, write_document
from pipeline.catalog.exports.walk import Pack, Walk, suffix_of
from pipeline.catalog.fetch import Asset

_RECIPE = "webdataset-1"


def write(walk: Walk, samples: int) -> None:
    """Write faces-000000.tar … of so many samples each, index.json and LICENCE.txt.

    Samples come in the order of the job's slots, which mixes its cells; the pictures of a person
    stand together.
    """
    walk.bring_packs(walk.packs(samples), _place, _RECIPE, _tar)
    with walk.document("index.json") as file:
        kind = {"__kind__": "wids-shard-index-v1", "wids_version": 1}
        write_document(file, kind | head(walk), "shardlist", _shards(walk, samples))
    walk.licence()


def _place(faces: Pack) -> str:
    return f"faces-{faces.number:06d}.tar"


def _tar(faces: Pack, pictures: Mapping[Asset, Picture]) -> bytes:
    members = []
    for told, files in zip(faces.told, faces.files, strict=True):
        for asset in files:
            picture = pictures[asset]
            members.append((f"{asset.asset_id}.{suffix_of(picture.format)}", picture.file))
        labels = json.dumps(told, ensure_ascii=False).encode()
        members.append((f"{files[0].asset_id}.json", labels))
    return pack(members)[0]


def _shards(walk: Walk, samples: int) -> Iterator[dict[str, Any]]:
    for faces in walk.packs(samples):
        file = walk.pack_file(faces, _place(faces), _RECIPE)
        yield {
            "url": file.path,
            "nsamples": len(faces.rows),
            "filesize": file.length,
            "sha256": file.sha256,
        }
