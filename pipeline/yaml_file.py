"""Read a YAML file that must hold a mapping, or say in one sentence why it does not."""

from pathlib import Path
from typing import Any

import yaml

from pipeline.errors import SpecError

_MOST_BYTES = 1 << 20


class _Signed(yaml.SafeLoader):
    """Plain values only. A number behind a plus stays text: `+20` is not always what 20 is."""

    yaml_implicit_resolvers = {  # noqa: RUF012 (as it is in yaml)
        first: resolvers
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
        if first != "+"
    }


class _Frugal(yaml.SafeLoader):
    """Plain values only, and no aliases: a few of them can stand for more than memory holds."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="aliases are not taken", problem_mark=mark)
        return super().compose_node(parent, index)


def read_value(text: str) -> Any:
    """A YAML value, read as in a file; yaml.YAMLError where it is none."""
    return yaml.load(text, _Signed)


def read_yaml(path: Path, what: str, start: str, *, foreign: bool = False) -> dict[str, Any]:
    """Read a file's mapping.

    Args:
        path: the file.
        what: it should hold, as `job spec`.
        start: how such a file begins, as the mend where it holds something else.
        foreign: others wrote it: its size has a limit, and aliases are refused.

    Raises:
        SpecError: it cannot be read, or holds something else; names the file and the mend.
    """
    try:
        if foreign and path.stat().st_size > _MOST_BYTES:
            raise SpecError(f"{path}: is too large for a {what}; give another file.")
        data = yaml.load(path.read_text(encoding="utf-8"), _Frugal if foreign else _Signed)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SpecError(f"{path}: cannot be read ({reason}); give a YAML {what}.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        raise SpecError(f"{path}: is not YAML{line}: {problem}.") from None
    except (RecursionError, ValueError) as error:
        # ValueError: a date or a number that only looks like one.
        problem = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise SpecError(f"{path}: is not YAML: {problem}.") from None
    if not isinstance(data, dict):
        raise SpecError(f"{path}: holds no {what}; start with {start}.")
    return data
