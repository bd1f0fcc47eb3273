"""The page of the Python API names what there is, with the arguments that it has."""

import ast
import inspect
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "python.md"

SECTIONS = re.split(r"^## ", PAGE.read_text(), flags=re.M)[1:]


def entries() -> list[tuple[list[str], str]]:
    """Each name of the page's tables, as it is called, with the modules of its section."""
    found = []
    for section in SECTIONS:
        heading, *lines = section.splitlines()
        modules = re.findall(r"`(pipeline[\w.]*)`", heading)
        for line in lines:
            if line.startswith("| `"):
                called = re.findall(r"`([^`]+)`", line.split(" | ")[0])
                found += [(modules, one) for one in called]
    return found


def named(modules: list[str], name: str) -> Any:
    first, *rest = name.split(".")
    found = next(vars(m)[first] for m in map(import_module, modules) if first in vars(m))
    for part in rest:
        fields = getattr(found, "__dataclass_fields__", {})
        # A field without a default is no attribute of its class; nor one that __init__ sets.
        known = part in fields or part in inspect.signature(found.__init__).parameters
        found = None if known else getattr(found, part)
    return found


def test_the_page_has_sections_and_entries() -> None:
    assert len(SECTIONS) == 8
    assert len(entries()) > 35


@pytest.mark.parametrize(("modules", "called"), entries(), ids=lambda value: str(value)[:40])
def test_what_the_page_names_is_there(modules: list[str], called: str) -> None:
    name, bracket, _ = called.partition("(")
    found = named(modules, name)
    if not bracket:
        return
    (definition,) = ast.parse(f"def f{called[len(name) :]}: pass".replace("…", "...")).body
    assert isinstance(definition, ast.FunctionDef)
    told = definition.args
    real = list(inspect.signature(found).parameters.values())
    own = [one for one in real if one.name != "self"]
    assert [one.arg for one in told.args] == [
        one.name for one in own if one.kind is one.POSITIONAL_OR_KEYWORD
    ]
    assert [one.arg for one in told.kwonlyargs] == [
        one.name for one in own if one.kind is one.KEYWORD_ONLY
    ]
    defaults = [*told.defaults, *(one for one in told.kw_defaults if one is not None)]
    expected = [one.default for one in own if one.default is not one.empty]
    assert len(defaults) == len(expected)
    for written, default in zip(defaults, expected, strict=True):
        if isinstance(written, ast.Constant) and written.value is not ...:
            assert written.value == default
