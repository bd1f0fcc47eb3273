"""Read a pickle as inert data: names stay names, calls stay records, nothing is ever executed.

Python's own unpickler looks names up and calls what it finds. This one has neither step: it knows
the instructions that networks are written with, refuses every name that `names.py` does not list,
and turns a call into a `Record` of the name and its arguments. What the records mean is for the
readers of each code base to say. Nothing that it makes is larger than the bytes it was made from,
but for a small factor: memory is bounded by the file and by the number of instructions.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pipeline.generators.checkpoints.names import (
    DICTS,
    ENCODE,
    RECONSTRUCT,
    allowed_name,
)
from pipeline.generators.checkpoints.refusal import Refusal, damaged
from pipeline.generators.checkpoints.window import Window

Value = Any
"""What a pickle holds: None, bool, int, float, str, list, tuple, dict, set, Span, Name, Record or
Storage. Readers check with isinstance whatever they use."""

MOST_INSTRUCTIONS = 5_000_000
"""A 1024 px pickle of generator, average, discriminator and augmentation has about 40,000."""

_LONGEST_TEXT = 4 << 20


@dataclass(frozen=True, slots=True)
class Name:
    """A name that the pickle would import: `module.attribute`. Nothing is looked up."""

    path: str


@dataclass(slots=True, eq=False)
class Record:
    """A call that is not made, and the state that would be set on its result."""

    name: str
    arguments: tuple[Value, ...]
    state: Value = None


@dataclass(frozen=True, slots=True)
class Storage:
    """Numbers kept elsewhere in the file: their kind (`FloatStorage`), key and count."""

    kind: str
    key: str
    count: int


@dataclass
class Pickle:
    """One pickle read to its end.

    root: what it holds; storages: those it refers to, by key.
    """

    root: Value
    storages: dict[str, Storage]


@dataclass
class _Machine:
    window: Window
    stack: list[Value] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    memo: dict[int, Value] = field(default_factory=dict)
    storages: dict[str, Storage] = field(default_factory=dict)

    def marked(self) -> list[Value]:
        """Take everything above the last mark."""
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def top(self, kind: type) -> Value:
        """Look at the container on top, which must be of this kind."""
        if not self.stack or type(self.stack[-1]) is not kind:
            damaged("holds a pickle that fills something that is no container")
        return self.stack[-1]


def read_pickle(window: Window, most: int = MOST_INSTRUCTIONS) -> Pickle:
    """Read the pickle at the window's position; the position is behind it afterwards.

    Raises:
        Refusal: it names something that is not on the list, is damaged or ends too early.
    """
    machine = _Machine(window)
    try:
        for _ in range(most):
            code = window.read(1)
            if code == b".":
                return Pickle(machine.stack.pop(), machine.storages)
            step = _STEPS.get(code)
            if step is None:
                damaged(f"holds the pickle instruction {code!r}, which networks are not written in")
            step(machine)
    except (IndexError, KeyError, ValueError, TypeError, struct.error, UnicodeError):
        damaged(f"holds a pickle that makes no sense at byte {window.position:,}")
    raise Refusal(
        f"holds a pickle of more than {most:,} instructions",
        "save the generator alone, without the run's history",
    )


def _key(value: Value) -> Value:
    # No tuples: hashing one that is nested a million deep would overrun the C stack.
    if value is None or isinstance(value, str | int | float):
        return value
    return damaged("holds a pickle with a dictionary key that is neither text nor number")


def _call(name: Value, arguments: Value) -> Value:
    if not isinstance(name, Name) or not isinstance(arguments, tuple):
        damaged("holds a pickle that calls something that has no name")
    if name.path in DICTS and not arguments:
        return {}
    # Not of longer texts: one that is remembered could be encoded again and again.
    if name.path == ENCODE and isinstance(arguments[0], str) and len(arguments[0]) <= 16:
        return arguments[0].encode("latin1")
    if name.path == RECONSTRUCT and isinstance(arguments[0], Name):
        return Record(arguments[0].path, ())
    return Record(name.path, arguments)


def _reduce(m: _Machine) -> None:
    arguments = m.stack.pop()
    m.stack.append(_call(m.stack.pop(), arguments))


def _new_with_keywords(m: _Machine) -> None:
    keywords = m.stack.pop()
    arguments = m.stack.pop()
    if keywords:
        damaged("holds a pickle that passes keywords, which networks are not written with")
    m.stack.append(_call(m.stack.pop(), arguments))


def _build(m: _Machine) -> None:
    state = m.stack.pop()
    if isinstance(m.stack[-1], Record):
        m.stack[-1].state = state
    elif not isinstance(m.stack[-1], dict):  # An OrderedDict's attributes say nothing of weights.
        damaged("holds a pickle that sets the state of a plain value")


def _set_items(m: _Machine) -> None:
    items = m.marked()
    if m.stack and isinstance(m.stack[-1], Record):  # A Counter or defaultdict: of no use here.
        return
    filled = m.top(dict)
    for key, value in zip(items[::2], items[1::2], strict=True):
        filled[_key(key)] = value


def _set_item(m: _Machine) -> None:
    m.marks.append(len(m.stack) - 2)
    _set_items(m)


def _append(m: _Machine) -> None:
    item = m.stack.pop()
    m.top(list).append(item)


def _appends(m: _Machine) -> None:
    items = m.marked()
    m.top(list).extend(items)


def _add_items(m: _Machine) -> None:
    items = m.marked()
    m.top(set).update(_key(item) for item in items)


def _take_tuple(count: int) -> Callable[[_Machine], None]:
    def step(m: _Machine) -> None:
        if len(m.stack) < count:
            raise IndexError
        m.stack[-count:] = [tuple(m.stack[-count:])]

    return step


def _push(make: Callable[[_Machine], Value]) -> Callable[[_Machine], None]:
    return lambda m: m.stack.append(make(m))


def _remember(key: Callable[[_Machine], int]) -> Callable[[_Machine], None]:
    def step(m: _Machine) -> None:
        m.memo[key(m)] = m.stack[-1]

    return step


def _text(size: int) -> Callable[[_Machine], Value]:
    def make(m: _Machine) -> str:
        length = m.window.number(size)
        if length > _LONGEST_TEXT:
            m.window.skip(length)
            damaged(f"holds a text of {length:,} bytes in its pickle")
        return m.window.read(length).decode("utf-8", "surrogatepass")

    return make


def _long(m: _Machine) -> int:
    return int.from_bytes(m.window.read(m.window.number(1)), "little", signed=True)


def _global(m: _Machine) -> Name:
    module = m.window.line().decode()
    return Name(allowed_name(module, m.window.line().decode()))


def _stack_global(m: _Machine) -> Name:
    attribute, module = m.stack.pop(), m.stack.pop()
    if not isinstance(module, str) or not isinstance(attribute, str):
        damaged("holds a pickle with a name that is no text")
    return Name(allowed_name(module, attribute))


def _storage(m: _Machine) -> Storage:
    match m.stack.pop():
        case ("storage", Name(path), str(key), str(), int(count), *view) if view in ([], [None]):
            kind = path.rpartition(".")[2]
        case _:
            damaged("refers to data outside its pickle in a way that torch.save does not")
    found = Storage(kind, key, count)
    if m.storages.setdefault(key, found) != found:
        damaged(f"describes its storage {key!r} twice, and differently")
    return found


def _ignore(size: int) -> Callable[[_Machine], None]:
    def step(m: _Machine) -> None:
        m.window.read(size)

    return step


_STEPS: dict[bytes, Callable[[_Machine], None]] = {
    b"\x80": _ignore(1),  # PROTO
    b"\x95": _ignore(8),  # FRAME
    b"(": lambda m: m.marks.append(len(m.stack)),
    b"0": lambda m: m.stack.__delitem__(-1),
    b"N": _push(lambda m: None),
    b"\x88": _push(lambda m: True),
    b"\x89": _push(lambda m: False),
    b"J": _push(lambda m: int.from_bytes(m.window.read(4), "little", signed=True)),
    b"K": _push(lambda m: m.window.number(1)),
    b"M": _push(lambda m: m.window.number(2)),
    b"\x8a": _push(_long),
    b"G": _push(lambda m: struct.unpack(">d", m.window.read(8))[0]),
    b"\x8c": _push(_text(1)),
    b"X": _push(_text(4)),
    b"\x8d": _push(_text(8)),
    b"U": _push(lambda m: m.window.read(m.window.number(1)).decode("latin1")),
    b"C": _push(lambda m: m.window.skip(m.window.number(1))),
    b"B": _push(lambda m: m.window.skip(m.window.number(4))),
    b"\x8e": _push(lambda m: m.window.skip(m.window.number(8))),
    b"]": _push(lambda m: []),
    b"}": _push(lambda m: {}),
    b")": _push(lambda m: ()),
    b"\x8f": _push(lambda m: set()),
    b"t": _push(lambda m: tuple(m.marked())),
    b"\x85": _take_tuple(1),
    b"\x86": _take_tuple(2),
    b"\x87": _take_tuple(3),
    b"\x91": _push(lambda m: {_key(item) for item in m.marked()}),
    b"a": _append,
    b"e": _appends,
    b"s": _set_item,
    b"u": _set_items,
    b"\x90": _add_items,
    b"\x94": _remember(lambda m: len(m.memo)),
    b"q": _remember(lambda m: m.window.number(1)),
    b"r": _remember(lambda m: m.window.number(4)),
    b"h": _push(lambda m: m.memo[m.window.number(1)]),
    b"j": _push(lambda m: m.memo[m.window.number(4)]),
    b"c": _push(_global),
    b"\x93": _push(_stack_global),
    b"R": _reduce,
    b"\x81": _reduce,
    b"\x92": _new_with_keywords,
    b"b": _build,
    b"Q": _push(_storage),
}
