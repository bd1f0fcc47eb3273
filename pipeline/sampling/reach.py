"""Refuse what a job wants and its scorer cannot read, before anything is drawn."""

from collections.abc import Set

from pipeline.errors import SpecError
from pipeline.sampling.acceptance import Limits
from pipeline.sampling.targets import Target


def check_read(
    scorer: str, attributes: Set[str], measures: Set[str], target: Target, limits: Limits
) -> None:
    """Make sure that a scorer reads all that cells and limits need.

    Args:
        scorer: its name, for the error.
        attributes: it reads.
        measures: of quality that it gives.
        target: the cells.
        limits: of every face.

    Raises:
        SpecError: it does not read one of them; names the field and the mend.
    """
    balanced = {f"balance.{axis.attribute}": axis.attribute for axis in target.axes}
    limited = {f"where.{name}": name for name in limits.where}
    # The loosest bounds are the defaults, and rule nothing out.
    least = {f"quality.min_{name}": name for name, low in limits.minimum.items() if low > 0}
    most = {f"quality.max_{name}": name for name, high in limits.maximum.items() if high < 1}
    known = {*attributes, *measures, "confidence"}
    for field, name in (balanced | limited | least | most).items():
        if name not in known:
            raise SpecError(
                f"{field}: the scorer {scorer} does not read it; remove it, or write "
                "scorer.rest: builtin:heads."
            )
