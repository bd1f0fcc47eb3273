"""Find the rows of a manifest for which a visitor's SQL condition holds, within a time limit."""

from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Semaphore

import numpy as np
from numpy.typing import NDArray

from pipeline.catalog.condition import Condition
from pipeline.catalog.database import locked_database
from pipeline.catalog.limits import Limits
from pipeline.catalog.read import Catalog
from pipeline.catalog.scan import groups_of, numbered, scan
from pipeline.errors import SpecError

_SECONDS = 20.0
_AT_ONCE = Semaphore(2)


def matching_rows(catalog: Catalog, where: str, seconds: float = _SECONDS) -> NDArray[np.bool_]:
    """For each row of the manifest, in its order, whether the condition holds: bool [rows].

    Raises SpecError when it cannot be meant, or takes longer than `seconds`.
    """
    groups = groups_of(catalog)
    inside = np.zeros(sum(group.rows for group in groups), np.bool_)
    with (
        _AT_ONCE,
        TemporaryDirectory(prefix="populace-") as folder,
        closing(locked_database(Path(folder))) as database,
    ):
        limits = Limits(seconds)
        limits.watch(database)
        try:
            condition = Condition(database, where, catalog.schema())
            columns = sorted(condition.columns or {"slot"})
            for group, table in scan(catalog, groups, columns):
                if limits.expired:
                    raise _too_slow(where, seconds)
                found = condition.matching(numbered(table, group), ["__row"])
                inside[group.start + found["__row"].to_numpy() - group.first] = True
        except SpecError:
            if limits.expired:
                raise _too_slow(where, seconds) from None
            raise
        finally:
            limits.close()
    return inside


def _too_slow(where: str, seconds: float) -> SpecError:
    return SpecError(f"where: {where!r} takes longer than {seconds:g} s; make it simpler")
