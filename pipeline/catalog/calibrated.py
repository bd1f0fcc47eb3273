"""Find what calibrations left: below an output, and in a folder of this machine."""

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

from pipeline.attributes.directions import Directions
from pipeline.attributes.surrogate import FORMAT
from pipeline.errors import CatalogError, StoreError
from pipeline.storage import MissingObject, Store, open_store

FOLDER = "calibration/"
"""Where an output keeps it."""

DIRECTIONS = "directions.safetensors"
"""The latent directions of two models, beside their calibrations."""

UNREADABLE = (StoreError, CatalogError, ValueError, OSError, RuntimeError)
"""What a cache that is damaged, or has no home, may raise: then there is none."""


def pair_folder(generator_digest: str, scorer_digest: str, size: int) -> str:
    """Where calibrations of these models lie, at a size in px; with a slash at the end."""
    told = [FORMAT, generator_digest, scorer_digest, size]
    return f"{FOLDER}{hashlib.sha256(json.dumps(told).encode()).hexdigest()[:20]}/"


def open_cache() -> Store:
    """The folder of this machine."""
    told = os.environ.get("XDG_CACHE_HOME", "")
    home = Path(told) if Path(told).is_absolute() else Path.home() / ".cache"
    return open_store(str(home / "populace"))


def known_directions(store: Store, folder: str, draws: int | None = None) -> Directions | None:
    """The directions of an output, or those of this machine that were fitted to so many draws.

    folder: see `pair_folder`. draws: None for any number. Nothing is written.

    Raises:
        CatalogError: the output's are damaged.
    """
    found = _read(store, folder)
    if found is None:
        with suppress(*UNREADABLE):
            cached = _read(open_cache(), folder)
            found = cached if cached and draws in (None, cached.draws) else None
    return found


def keep_directions(directions: Directions, store: Store, folder: str) -> Directions:
    """Write directions below an output; those that were first count, and they are returned.

    The cache gets them where it has none from as many draws.
    """
    store.create(folder + DIRECTIONS, directions.to_bytes())
    first = _read(store, folder)
    assert first is not None
    with suppress(*UNREADABLE):  # only later jobs would have saved the stage
        cache, cached = open_cache(), None
        with suppress(CatalogError):  # what is damaged is mended
            cached = _read(cache, folder)
        if cached is None or cached.draws < first.draws:
            cache.put(folder + DIRECTIONS, first.to_bytes())
    return first


def _read(store: Store, folder: str) -> Directions | None:
    try:
        return Directions.from_bytes(store.get(folder + DIRECTIONS))
    except MissingObject:
        return None
    except ValueError as error:
        raise CatalogError(
            f"{store.uri}/{folder}{DIRECTIONS} is damaged ({error}); remove it to have them found "
            "anew, and the output's shards and receipts with it."
        ) from error
