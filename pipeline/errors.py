"""The errors a user sees: one sentence that names what is wrong and how to mend it."""

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches


def printable(text: str) -> str:
    """A text without control characters, by which a value could speak to the terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


class PopulaceError(Exception):
    """Something the user can mend; the command prints the sentence and exits with `exit_code`."""

    exit_code = 2


class SpecError(PopulaceError):
    """A job spec, an option or another input that cannot be meant as it stands."""

    def __init__(self, sentence: str) -> None:
        super().__init__(printable(sentence))


class StoreError(PopulaceError):
    """An object store that cannot be reached, read or written."""

    exit_code = 1


class CatalogError(PopulaceError):
    """A job's output or a catalog that is missing, unsealed, damaged or made by another spec."""


class JobError(PopulaceError):
    """A job that stopped before it was sealed, and why."""

    exit_code = 1


def key_fault(
    kind: str,
    field: str,
    where: list[str],
    document: str,
    beside: Callable[[list[str]], Sequence[str]],
) -> str | None:
    """What is wrong with a key of a document where pydantic says `kind`; None for other faults.

    Args:
        field: what it is called in the sentence.
        where: the keys that it stands below, and it.
        document: what it is a key of, "job spec".
        beside: gives the keys that may stand there.
    """
    if kind == "missing":
        return f"{field}: is missing; every {document} needs it."
    if kind != "extra_forbidden":
        return None
    known = beside(where)
    mend = suggestion(where[-1], known, f"the keys here are {', '.join(known)}.")
    return f"{field}: is no key of a {document}; {mend}"


def suggestion(word: str, known: Iterable[str], otherwise: str) -> str:
    """The mend for a word that is none of the known: the nearest of them, or `otherwise`."""
    near = get_close_matches(word, list(known), n=1)
    return f"did you mean '{near[0]}'?" if near else otherwise
