"""Export images with Croissant metadata: JSON-LD that search engines and loaders read.

Formats: MLCommons Croissant 1.0 (http://mlcommons.org/croissant/1.0) and its vocabulary of
responsible AI (http://mlcommons.org/croissant/RAI/1.0).
"""

from collections.abc import Iterator
from typing import Any

from pipeline.assets.encode import EXTENSIONS, MEDIA_TYPES
from pipeline.attributes.taxonomy import BY_NAME
from pipeline.catalog.exports.about import LABEL, LICENCE_FILE
from pipeline.catalog.exports.index import entry, write_index, write_json
from pipeline.catalog.exports.walk import Walk, below
from pipeline.provenance.xmp import DIGITAL_SOURCE_TYPE

_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context that the specification of Croissant 1.0 prescribes."""

_WHOLE = ("width", "height", "bytes")


def write(walk: Walk) -> None:
    """Write images/…, index.csv, index.json, croissant.json and LICENCE.txt."""
    walk.images(below("images"))
    write_index(walk)
    with walk.document("croissant.json") as file:
        write_json(file, _document(walk))
    walk.licence()


def _document(walk: Walk) -> dict[str, Any]:
    about, count = walk.about, walk.selection.count
    formats = sorted({face.format for face in walk.each()})
    described = f"{count:,} synthetic faces. {about.provenance}"
    head = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": about.name,
        "description": described,
        "conformsTo": [
            "http://mlcommons.org/croissant/1.0",
            "http://mlcommons.org/croissant/RAI/1.0",
        ],
        "license": f"https://spdx.org/licenses/{about.spdx}.html"
        if about.spdx
        else about.licence or LICENCE_FILE,
        "citeAs": f"{about.name}, made by {about.software or 'populace'}, {about.sealed_at}",
        "keywords": ["synthetic", "faces", DIGITAL_SOURCE_TYPE],
        "creator": {"@type": "sc:Organization", "name": about.software or "populace"},
        "version": f"{about.version}.0.0",
        **({"datePublished": about.sealed_at} if about.sealed_at else {}),
    }
    return {
        **head,
        **_responsible(walk),
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": "index.csv",
                "name": "index.csv",
                "description": "A row a face, with the sha256 of its image.",
                "contentUrl": "index.csv",
                "encodingFormat": "text/csv",
                "sha256": walk.digest("index.csv"),
            },
            {
                "@type": "cr:FileSet",
                "@id": "images",
                "name": "images",
                "description": "An image a face; each says in its XMP data that it is synthetic.",
                "encodingFormat": [MEDIA_TYPES[one] for one in formats],
                "includes": [f"images/*/*.{EXTENSIONS[one]}" for one in formats],
            },
        ],
        "recordSet": [
            {
                "@type": "cr:RecordSet",
                "@id": "faces",
                "name": "faces",
                "description": "The faces.",
                "key": {"@id": "faces/asset_id"},
                "field": list(_fields(walk)),
            }
        ],
    }


def _fields(walk: Walk) -> Iterator[dict[str, Any]]:
    """The columns of index.csv, and the image of each row."""
    for name, value in entry(next(walk.each())).items():
        field: dict[str, Any] = {
            "@type": "cr:Field",
            "@id": f"faces/{name}",
            "name": name,
            "description": BY_NAME[name].doc if name in BY_NAME else name.replace("_", " "),
            "dataType": _type(name, value),
            "source": {"fileObject": {"@id": "index.csv"}, "extract": {"column": name}},
        }
        if name == "file":
            # By names, which no two images share: mlcroissant 1.1 never finds a `fullpath` equal.
            field["source"]["transform"] = {"regex": "(?:.*/)?([^/]+)$"}
            field["references"] = {
                "fileSet": {"@id": "images"},
                "extract": {"fileProperty": "filename"},
            }
        yield field
    yield {
        "@type": "cr:Field",
        "@id": "faces/image",
        "name": "image",
        "description": "The picture.",
        "dataType": "sc:ImageObject",
        "source": {"fileSet": {"@id": "images"}, "extract": {"fileProperty": "content"}},
    }


def _type(name: str, value: Any) -> str:
    if name == LABEL:
        return "sc:URL"
    if name in _WHOLE or (name in BY_NAME and BY_NAME[name].single_units):
        return "sc:Integer"
    numeric = BY_NAME[name].kind == "number" if name in BY_NAME else isinstance(value, float)
    return "sc:Float" if numeric else "sc:Text"


def _responsible(walk: Walk) -> dict[str, Any]:
    """The fields of the vocabulary of responsible AI."""
    about = walk.about
    return {
        "rai:dataCollection": (
            f"No data of people was collected. Every image was rendered by the generator "
            f"{about.generator} ({about.software})."
        ),
        "rai:dataCollectionType": ["Others"],
        "rai:dataAnnotationProtocol": [
            f"Attributes are perceived in the pixels by the scorer {about.scorer}: they say how a "
            "picture looks, never who anybody is. Nobody was asked."
        ],
        "rai:annotationsPerItem": "1",
        "rai:machineAnnotationTools": [about.scorer],
        "rai:personalSensitiveInformation": [
            "Perceived age, gender presentation and skin tone of persons who do not exist."
        ],
        "rai:dataBiases": [
            "Shares of the ordered attributes are exact as the scorer perceives them; the scorer "
            "errs, and attributes that were not ordered have the shares of the generator."
        ],
        "rai:dataLimitations": [
            "Synthetic faces are not photographs: what is learned from them alone may not hold for "
            "people."
        ],
        "rai:dataUseCases": [
            "Game and film characters, avatars, stimuli, tests of software for its evenness."
        ],
        "rai:dataSocialImpact": (
            "Nobody's picture is used. A set may still be taken for people: every image carries "
            "the label that it is synthetic, and that should stay."
        ),
        "rai:dataReleaseMaintenancePlan": (
            "Catalogs have versions; what is revoked is gone from the next export."
        ),
    }
