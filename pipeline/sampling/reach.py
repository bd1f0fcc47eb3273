"""Refuse what a job wants and its scorer cannot read, before anything is drawn."""

from collections.abc import Collection, Sequence, Set

from pipeline.errors import SpecError
from pipeline.sampling.acceptance import Limits
from pipeline.sampling.targets import Target


def check_read(
    scorer: str,
    attributes: Set[str],
    measures: Set[str],
    target: Target,
    limits: Limits,
    variations: Sequence[Collection[str]] = (),
) -> None:
    """Make sure that a scorer reads all that cells, limits and variations need.

    Args:
        scorer: its name, for the error.
        attributes: it reads.
        measures: of quality that it gives.
        target: the cells.
        limits: of every face.
        variations: the attributes that change in each.

    Raises:
        SpecError: it does not read one of them; names the field and the mend.
    """
    balanced = {f"balance.{axis.attribute}": axis.attribute for axis in target.axes}
    limited = {f"where.{name}": name for name in limits.where}
    # The loosest bounds are the defaults, and rule nothing out.
    least = {f"quality.min_{name}": name for name, low in limits.minimum.items() if low > 0}
    most = {f"quality.max_{name}": name for name, high in limits.maximum.items() if high < 1}
    changed = {f"variations.{name}": name for names in variations for name in names}
    known = {*attributes, *measures, "confidence"}
    for field, name in (balanced | limited | least | most | changed).items():
        if name not in known:
            raise SpecError(
                f"{field}: the scorer {scorer} does not read it; remove it, or write "
                "scorer.rest: builtin:heads."
            )
