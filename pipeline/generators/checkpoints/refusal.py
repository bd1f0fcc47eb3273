"""Say what is wrong with a checkpoint and how to mend it; the reader adds the file's name."""

from typing import NoReturn

_LONGEST = 400


class Refusal(Exception):  # noqa: N818
    """A checkpoint that cannot be taken: what was found, and the mend."""

    def __init__(self, found: str, mend: str) -> None:
        super().__init__(found, mend)
        self.found = found if len(found) <= _LONGEST else found[:_LONGEST] + "…"
        self.mend = mend


TRUNCATED_MEND = "fetch or save it again, and compare its size with the original's"
DAMAGED_MEND = "fetch it again from its publisher, or save it again with the code that trained it"


def damaged(found: str) -> NoReturn:
    """Refuse a file whose bytes make no sense."""
    raise Refusal(found, DAMAGED_MEND)
