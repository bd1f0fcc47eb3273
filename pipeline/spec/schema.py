"""JSON schemas of the fields that hold mappings of free shape, for editors and OpenAPI."""

from pipeline.attributes.changes import WORDS
from pipeline.attributes.taxonomy import ATTRIBUTES, presets
from pipeline.sampling.population import TABLE
from pipeline.sampling.targets import AT_LEAST, CORRECT, JOINT

_BINS = {"type": "array", "items": {"type": ["string", "integer"]}, "minItems": 1}
_PERCENT = {"type": ["number", "string"]}
BALANCE_SCHEMA = {
    "type": "object",
    "description": "What is balanced: attribute -> a preset, bins, or bins with percentages.",
    "properties": {
        attribute.name: {
            "description": f"{attribute.doc}; usual bins {', '.join(attribute.usual_bins)}",
            "anyOf": [
                {"enum": [*presets(attribute.name)]},
                _BINS,
                {"type": "object", "additionalProperties": _PERCENT, "minProperties": 1},
            ],
        }
        for attribute in ATTRIBUTES
    }
    | {
        JOINT: {"type": "array", "items": {"type": "object", "required": ["share"]}},
        TABLE: {"type": "string", "description": "a population table: CSV file beside the spec"},
        AT_LEAST: {"type": "integer", "minimum": 0, "description": "faces in every cell"},
        CORRECT: {"type": "boolean", "description": "the shares are meant of what faces truly are"},
    },
    "additionalProperties": False,
}
WHERE_SCHEMA = {
    "type": "object",
    "description": "Limits on every face: attribute -> a bin or a list of bins.",
    "properties": {
        attribute.name: {"anyOf": [{"type": ["string", "integer"]}, _BINS]}
        for attribute in ATTRIBUTES
    },
    "additionalProperties": False,
}
_VALUE = {"type": ["string", "number"]}
VARIATIONS_SCHEMA = {
    "type": "object",
    "description": "Pictures of each person: attribute -> values, all combined.",
    "properties": {
        name: {"anyOf": [_VALUE, {"type": "array", "items": _VALUE, "minItems": 1}]}
        for name in (*(attribute.name for attribute in ATTRIBUTES), *WORDS)
    },
    "additionalProperties": False,
}
