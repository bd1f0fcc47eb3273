"""Render the gallery's pages from its templates, and find its static files."""

import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.service.refusal import Refusal

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


def render(template: str, **values: Any) -> str:
    """A page or a part of one; what is put in is escaped."""
    return _environment().get_template(template).render(assets=assets_version(), **values)


@cache
def static_file(name: str) -> tuple[bytes, str]:
    """A static file and its media type; Refusal for anything else."""
    for file in files("pipeline.service.gallery").joinpath("static").iterdir():
        kind = file.name.rsplit(".", 1)[-1]
        if file.name == name and kind in _TYPES:
            return file.read_bytes(), _TYPES[kind]
    raise Refusal(404, "file", f"{name!r} is none of the gallery's")


@cache
def assets_version() -> str:
    """Changes with every static file, so that browsers may keep each for ever."""
    digest = hashlib.sha256()
    folder = files("pipeline.service.gallery").joinpath("static")
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.is_file():
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("pipeline.service.gallery"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["words"] = lambda name: str(name).replace("_", " ")
    environment.filters["figure"] = lambda number: f"{number:,}"
    return environment
