"""Read a job spec from YAML or a mapping, or say in one sentence what cannot be meant."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from pipeline.attributes import SCORERS
from pipeline.attributes.scorer_spec import ScorerSpec
from pipeline.errors import SpecError, key_fault
from pipeline.generators.checkpoint_spec import GeneratorSpec
from pipeline.sampling.population import with_population
from pipeline.spec.job import BUILTINS, Extra, ImageSpec, JobSpec, OutputSpec, QualitySpec
from pipeline.yaml_file import read_value, read_yaml

_WORD_OR_MAPPING = ("generator", "scorer", "output")


def read_spec(path: Path, changes: Sequence[str] = (), output: str | None = None) -> JobSpec:
    """Read a YAML job spec, with `key.path=value` changes and another output laid over it.

    A population table is read here, from where the spec lies: from then on the spec holds its text,
    so that workers and catalogs have it, and the digest is of what stands in it.

    Raises:
        SpecError: the file, a change or a field cannot be meant; names it and the mend.
    """
    data = read_yaml(path, "job spec", "'name:', 'count:' and 'output:'")
    for change in changes:
        _set(data, change)
    if output is not None:
        data["output"] = (
            data["output"] | {"uri": output} if isinstance(data.get("output"), dict) else output
        )
    if "balance" in data:
        data["balance"] = with_population(data["balance"], path.parent)
    return parse_spec(data)


def parse_spec(data: Mapping[str, Any]) -> JobSpec:
    """Validate a job spec.

    Raises:
        SpecError: one sentence on the first field that cannot be meant.
    """
    try:
        return JobSpec.model_validate(dict(data))
    except ValidationError as error:
        raise SpecError(_sentence(error)) from None


def _set(data: dict[str, Any], change: str) -> None:
    path, equals, text = change.partition("=")
    keys = path.split(".")
    if not equals or not all(keys):
        raise SpecError(f"--set {change}: cannot be read; write key.path=value.")
    try:
        value = read_value(text)
    except yaml.YAMLError:
        raise SpecError(f"--set {change}: the value is not YAML; quote it.") from None
    for key in keys[:-1]:
        data = data.setdefault(key, {})
        if not isinstance(data, dict):
            raise SpecError(f"--set {change}: '{key}' holds a plain value; set that instead.")
    data[keys[-1]] = value


def _sentence(error: ValidationError) -> str:
    """The first fault as field, value and mend."""
    faults = error.errors()
    fault = faults[0]
    union = fault["loc"] and fault["loc"][0] in _WORD_OR_MAPPING
    if union and isinstance(fault["input"], dict):
        # A word would do as well, says the first fault; what is wrong in the mapping, the last.
        fault = faults[-1] if faults[-1]["loc"][0] == fault["loc"][0] else fault
    where = [str(part) for part in fault["loc"]]
    if union and len(where) > 1:
        where = [part for part in where if not part[:1].isupper() and part not in ("str",)]
        where = [part for part in where if not part.startswith("literal[")]
    field = ".".join(part for part in where if part not in ("int", "constrained-int")) or "spec"
    field = field.split(".literal[")[0]
    told = key_fault(fault["type"], field, where, "job spec", _keys_beside)
    if told is not None:
        return told
    choice = {
        "generator": f"write {' or '.join(BUILTINS)}, or a mapping with checkpoint",
        "scorer": f"write {' or '.join(SCORERS)}, or a mapping with model and card",
        "name": "use 1-80 letters, digits, spaces, '.', '_' or '-', a letter or digit first",
        "workers": "write auto or a whole number from 1",
        "calibration": "write auto, off, or a number of draws from 500 to 100,000",
        "variations": "write attributes and lists of values, such as age: [20, 40, 60]",
        "extras": f"write a list of {', '.join(get_args(Extra))}",
        "image.background": "write scene, transparent or a colour as '#rrggbb'",
    }.get(field)
    mend = choice or fault["msg"][:1].lower() + fault["msg"][1:]
    return f"{field}: {fault['input']!r} does not fit; {mend}."


def _keys_beside(where: Sequence[str]) -> list[str]:
    parts: dict[str, type[BaseModel]] = {
        "image": ImageSpec,
        "quality": QualitySpec,
        "generator": GeneratorSpec,
        "scorer": ScorerSpec,
        "output": OutputSpec,
    }
    model = parts.get(where[0], JobSpec) if len(where) > 1 else JobSpec
    return list(model.model_fields)
